/** From the server's plan to jsPsych's timeline. */

import { element } from "./dom.js";
import { InstructionsPlugin } from "./instructions-plugin.js";
import { drawInstructions } from "./instructions-view.js";
import { PagePlugin } from "./page-plugin.js";
import { translate, translatePlural } from "./translation.js";
import { TrialPlugin } from "./trial-plugin.js";

/**
 * The timeline for what is still unanswered. `pictures` are the plan's Pictures. `onPart(n)` is called when the
 * instructions of part `n` open, `onPage(answered)` when another page does, `onQuestion(planned, task)` when a question
 * does, `onResponse(planned, answer, place)` on the answer to one of its questions, `wayOut(urls)` when pictures of one
 * do not come, `onQuestionnaire(page, answered)` when a page of a questionnaire opens, `onAnswers(page, given)` with
 * what was answered there. `questionnaireType` is the plugin of such pages, where the plan has any.
 */
export function buildTimeline(plan, pictures, steps) {
  const asked = (at, answered) => plan.questionnaires.filter((page) => page.at === at).map((page) => questionnaire(page, answered, steps));
  const timeline = asked("start", answeredBefore(plan));
  plan.tasks.forEach((task, part) => {
    const open = plan.trials.filter((planned) => planned.task === task.name);
    timeline.push(...partOf(plan, task, part, open, pictures, steps));
    timeline.push(...asked(`after:${task.name}`, open.at(-1)?.number ?? answeredBefore(plan)));
  });
  return [...timeline, ...asked("end", plan.total)];
}

function partOf(plan, task, part, open, pictures, { onPart, onPage, onQuestion, onResponse, feedbackOn, onCheck, wayOut }) {
  if (open.length === 0) return [];
  const timeline = [
    open.length < task.trials
      ? { ...welcomeBack(task, open[0], plan.total), on_start: () => onPage(answeredBefore(plan)) }
      : { ...instructions(task, part, (attempt) => onCheck(task, attempt)), on_start: () => onPart(part + 1) },
  ];
  open.forEach((planned, place) => {
    timeline.push({
      type: TrialPlugin,
      planned,
      notice: noticeAbove(planned, open[place - 1]),
      position: plan.trials.indexOf(planned),
      pictures: () => pictures,
      way_out: wayOut,
      on_start: () => onQuestion(planned, task),
      on_response: (answer, place) => onResponse(planned, answer, place),
      feedback: planned.purpose === "practice" && task.has_feedback ? () => feedbackOn(planned) : null,
    });
    const nth = task.trials - open.length + place + 1;
    if (isBreakAfter(task, planned, open[place + 1], nth)) timeline.push({ ...pause(planned, plan.total), on_start: () => onPage(planned.number) });
  });
  return timeline;
}

function questionnaire(page, answered, { questionnaireType, draftOf, onQuestionnaire, onAnswers }) {
  return { type: questionnaireType, page, key: draftOf(page), on_start: () => onQuestionnaire(page, answered), send: (given) => onAnswers(page, given) };
}

/** How many of the questions that count were answered before this page. */
function answeredBefore({ total, trials }) {
  return total - trials.filter(({ purpose }) => purpose === "main").length;
}

/** Examples and practice are announced above them, and their end above the first question that counts. */
function noticeAbove({ purpose }, before) {
  if (purpose === "learning") return translate("Example to learn from");
  if (purpose === "practice") return translate("Practice: does not count");
  return before && before.purpose !== "main" ? translate("Your answers count from now on") : "";
}

/** `nth`: how many of the task's questions are answered then. */
function isBreakAfter(task, { purpose }, following, nth) {
  return purpose === "main" && following && task.break_every && nth % task.break_every === 0;
}

function instructions(task, part, send) {
  const notice = part > 0 ? translate("Part {n} is done. Take a short break if you like.", { n: part }) : "";
  return { type: InstructionsPlugin, task, notice, send };
}

function pause({ number }, total) {
  const text = translatePlural("You have answered {n} of {total} question. Continue when you are ready.", "You have answered {n} of {total} questions. Continue when you are ready.", total, { n: number, total });
  return page(translate("Time for a short break"), () => [element("p", {}, text)]);
}

function welcomeBack(task, { purpose, number }, total) {
  const text = CONTINUED[purpose]?.() ?? translate("Your earlier answers are saved. You continue with question {n} of {total}.", { n: number, total });
  return page(translate("Welcome back"), () => {
    const again = element("details", {}, element("summary", {}, translate("Read the instructions again")), ...drawInstructions(task));
    const anew = document.getElementById("anew"); // where the browser, not a platform, says who somebody is
    return [element("p", {}, text), again, ...(anew ? [anew.content.cloneNode(true)] : [])];
  });
}

/** What people who come back before the questions that count are told. */
const CONTINUED = {
  learning: () => translate("You continue with the examples."),
  practice: () => translate("Your earlier answers are saved. You continue with the practice."),
};

function page(title, content) {
  return { type: PagePlugin, title, content };
}
