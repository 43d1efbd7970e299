/** From the server's plan to jsPsych's timeline. */

import { element } from "./dom.js";
import { PagePlugin } from "./page-plugin.js";
import { say } from "./strings.js";
import { TrialPlugin } from "./trial-plugin.js";

/**
 * The timeline for what is still unanswered. `pictures` are the plan's Pictures. `onPage(answered)` is called when a
 * page to read opens, `onQuestion(planned)` when a question does, `onResponse(planned, {response, rt})` on its answer.
 */
export function buildTimeline(plan, pictures, { onPage, onQuestion, onResponse }) {
  const timeline = [];
  plan.tasks.forEach((task, part) => {
    const open = plan.trials.filter((planned) => planned.task === task.name);
    if (open.length === 0) return;
    const pages = pagesBefore(task, part, open, plan, timeline.length === 0);
    for (const page of pages) timeline.push({ ...page, on_start: () => onPage(open[0].index) });
    for (const planned of open) {
      timeline.push({
        type: TrialPlugin,
        planned,
        position: plan.trials.indexOf(planned),
        pictures: () => pictures,
        on_start: () => onQuestion(planned),
        on_response: (answer) => onResponse(planned, answer),
      });
    }
  });
  return timeline;
}

function pagesBefore(task, part, open, plan, isFirst) {
  if (open.length < task.trials) return [welcomeBack(task, open[0], plan.total)];
  const pages = [instructions(task, part, plan.tasks.length)];
  return isFirst ? pages : [breakBefore(task, part, plan.tasks.length), ...pages];
}

function instructions(task, part, parts) {
  return {
    type: PagePlugin,
    eyebrow: parts > 1 ? say("part", { n: part + 1, total: parts }) : "",
    title: say("instructions"),
    pages: task.instructions.map((html) => (body) => (body.innerHTML = html)), // written by the researcher, rendered by our server
    last_button: say("begin"),
  };
}

function breakBefore(task, part, parts) {
  return page(say("breakTitle", { n: part, total: parts }), say("breakText", { trials: task.trials }));
}

function welcomeBack(task, planned, total) {
  const welcome = page(say("resumeTitle"), say("resumeText", { n: planned.index + 1, total }));
  const [fill] = welcome.pages;
  const reread = (body) => {
    fill(body);
    const text = element("div");
    text.innerHTML = task.instructions.join("");
    body.append(element("details", {}, element("summary", {}, say("resumeInstructions")), text));
  };
  return { ...welcome, pages: [reread] };
}

function page(title, text) {
  return { type: PagePlugin, title, pages: [(body) => body.append(element("p", {}, text))], last_button: say("goOn") };
}
