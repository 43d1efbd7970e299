/** From the server's plan to jsPsych's timeline. */

import { CheckPlugin } from "./check-plugin.js";
import { element } from "./dom.js";
import { PagePlugin } from "./page-plugin.js";
import { translate, translatePlural } from "./translation.js";
import { drawFigures, trialClass, TrialPlugin } from "./trial-plugin.js";

/**
 * The timeline for what is still unanswered. `pictures` are the plan's Pictures. `onPage(answered)` is called when a
 * page to read opens, `onQuestion(planned)` when a question does, `onResponse(planned, answer, place)` on the
 * answer to one of its questions, `wayOut(urls)` when pictures of one do not come.
 */
export function buildTimeline(plan, pictures, { onPage, onQuestion, onResponse, feedbackOn, onCheck, wayOut }) {
  const timeline = [];
  plan.tasks.forEach((task, part) => {
    const open = plan.trials.filter((planned) => planned.task === task.name);
    if (open.length === 0) return;
    const pages = pagesBefore(task, part, open, plan, timeline.length === 0);
    pages.push(...comprehensionCheck(task, (attempt) => onCheck(task, attempt)));
    const practice = open.filter(({ purpose }) => purpose === "practice").length;
    if (practice > 0) pages.push(page(translate("First, some practice"), translate("Practice questions: {trials}. Your answers to them do not count.", { trials: practice })));
    for (const shown of pages) timeline.push({ ...shown, on_start: () => onPage(open[0].index) });
    open.forEach((planned, place) => {
      timeline.push({
        type: TrialPlugin,
        planned,
        position: plan.trials.indexOf(planned),
        pictures: () => pictures,
        way_out: wayOut,
        on_start: () => onQuestion(planned),
        on_response: (answer, place) => onResponse(planned, answer, place),
      });
      const nth = task.trials - open.length + place + 1;
      for (const shown of pagesAfter(planned, open[place + 1], task, nth, plan.total, feedbackOn)) {
        timeline.push({ ...shown, on_start: () => onPage(planned.index + 1) });
      }
    });
  });
  return timeline;
}

function pagesBefore(task, part, open, plan, isFirst) {
  if (open.length < task.trials) return [welcomeBack(task, open[0], plan.total)];
  const pages = [instructions(task, part, plan.tasks.length)];
  return isFirst ? pages : [breakBefore(task, part, plan.tasks.length), ...pages];
}

/** The check of the instructions, where the server still asks for it. */
function comprehensionCheck(task, send) {
  if (!task.comprehension) return [];
  return [{ type: CheckPlugin, ...task.comprehension, instructions: task.instructions, send }];
}

/** `nth`: how many of the task's questions are answered then. */
function pagesAfter(planned, following, task, nth, total, feedbackOn) {
  if (planned.purpose === "practice") {
    const isLast = following && following.purpose !== "practice";
    const fill = (body) => {
      body.append(element("p", {}, feedbackOn(planned) ?? ""), seenAgain(planned));
      if (isLast) body.append(element("p", {}, translate("That was the practice. From now on your answers count.")));
    };
    return [{ type: PagePlugin, title: translate("Practice"), pages: [fill], last_button: translate("Continue") }];
  }
  if (!following || !task.break_every || nth % task.break_every !== 0) return [];
  return [page(translate("Time for a short break"), translatePlural("You have answered {n} of {total} question. Continue when you are ready.", "You have answered {n} of {total} questions. Continue when you are ready.", total, { n: planned.index + 1, total }))];
}

/** The pictures of an answered practice trial, for the feedback is learned by looking at them. */
function seenAgain(planned) {
  const { frames, figures } = drawFigures(planned);
  frames.forEach((frame, place) => {
    const { url, alt } = planned.images[place];
    frame.append(element("img", { src: url, alt })); // kept by the browser since the question
  });
  return element("div", { class: trialClass(planned) }, element("div", { class: "pictures" }, ...figures));
}

function instructions(task, part, parts) {
  return {
    type: PagePlugin,
    eyebrow: parts > 1 ? translate("Part {n} of {total}", { n: part + 1, total: parts }) : "",
    title: translate("Instructions"),
    pages: task.instructions.map((html) => (body) => (body.innerHTML = html)), // written by the researcher, rendered by our server
    last_button: translate("Begin"),
  };
}

function breakBefore(task, part, parts) {
  return page(translate("Part {n} of {total} is done", { n: part, total: parts }), translatePlural("Take a short break if you like. The next part has {trials} question.", "Take a short break if you like. The next part has {trials} questions.", task.trials, { trials: task.trials }));
}

function welcomeBack(task, planned, total) {
  const welcome = page(translate("Welcome back"), translate("Your earlier answers are saved. You continue with question {n} of {total}.", { n: planned.index + 1, total }));
  const [fill] = welcome.pages;
  const reread = (body) => {
    fill(body);
    const text = element("div");
    text.innerHTML = task.instructions.join("");
    body.append(element("details", {}, element("summary", {}, translate("Read the instructions again")), text));
    const anew = document.getElementById("anew"); // where the browser, not a platform, says who somebody is
    if (anew) body.append(anew.content.cloneNode(true));
  };
  return { ...welcome, pages: [reread] };
}

function page(title, text) {
  return { type: PagePlugin, title, pages: [(body) => body.append(element("p", {}, text))], last_button: translate("Continue") };
}
