/** From the server's plan to jsPsych's timeline. */

import { element } from "./dom.js";
import { PagePlugin } from "./page-plugin.js";
import { say } from "./strings.js";
import { TrialPlugin } from "./trial-plugin.js";

/**
 * The timeline for what is still unanswered. `pictures` are the plan's Pictures; `onStart(planned)` is called when a
 * trial begins and `onResponse(planned, {response, rt})` when it is answered.
 */
export function buildTimeline(plan, pictures, { onStart, onResponse }) {
  const timeline = [];
  let firstPage = true;
  plan.tasks.forEach((task, part) => {
    const open = plan.trials.filter((planned) => planned.task === task.name);
    if (open.length === 0) return;
    const begun = open.length < task.trials;
    if (begun) timeline.push(welcomeBack(task, open[0], plan.total));
    else {
      if (!firstPage) timeline.push(breakBefore(task, part, plan.tasks.length));
      timeline.push(instructions(task, part, plan.tasks.length, plan.title));
    }
    firstPage = false;
    for (const planned of open) {
      timeline.push({
        type: TrialPlugin,
        planned,
        position: plan.trials.indexOf(planned),
        pictures: () => pictures,
        on_start: () => onStart(planned),
        on_response: (answer) => onResponse(planned, answer),
      });
    }
  });
  return timeline;
}

function instructions(task, part, parts, title) {
  return {
    type: PagePlugin,
    eyebrow: parts > 1 ? say("part", { n: part + 1, total: parts }) : "",
    title,
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
