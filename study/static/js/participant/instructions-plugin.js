/**
 * A jsPsych plugin: the instructions of a task on one page, with the questions about them where there are any. Their
 * result is the server's to know; it is told with each question.
 */

import { element } from "./dom.js";
import { drawInstructions } from "./instructions-view.js";
import { translate, translatePlural } from "./translation.js";
import { beginAt, onEnter, submitted } from "./view.js";

const { ParameterType } = window.jsPsychModule;

export class InstructionsPlugin {
  static info = {
    name: "discern-instructions",
    version: "1.0.0",
    parameters: {
      /** One of the plan's `tasks`. */
      task: { type: ParameterType.OBJECT },
      /** A line above the title, or "". */
      notice: { type: ParameterType.STRING, default: "" },
      /** Called with {attempt, answers}; resolves with {passed, tries_left, wrong, why}. */
      send: { type: ParameterType.FUNCTION },
    },
    data: {
      passed: { type: ParameterType.BOOL },
    },
  };

  async trial(display, { task, notice, send }) {
    const { form, button, cards } = drawForm(task);
    const heading = element("h1", { tabindex: "-1" }, task.title);
    const above = notice ? [element("p", { class: "notice info" }, notice)] : [];
    display.replaceChildren(element("article", { class: "instructions" }, ...above, heading, ...drawInstructions(task), form));
    beginAt(heading);
    const leaving = new AbortController();
    onEnter(form, () => form.requestSubmit(), leaving.signal);
    const passed = await checked(form, button, cards, task.comprehension, send);
    leaving.abort();
    return { passed };
  }
}

/** Resolves when the start button was pressed and nothing is left to check. */
async function checked(form, button, cards, check, send) {
  if (!check) {
    await submitted(form);
    return true;
  }
  const label = button.textContent;
  for (let attempt = check.attempt; ; attempt += 1) {
    await submitted(form);
    const given = new FormData(form);
    const answers = cards.map((_, n) => Number(given.get(`question-${n}`)));
    button.textContent = translate("Checking…");
    button.disabled = true;
    const { passed, tries_left: left, wrong, why } = await send({ attempt, answers });
    if (passed) return true;
    button.textContent = label;
    button.disabled = false;
    cards.forEach((card, n) => tell(card, wrong.includes(n), why[wrong.indexOf(n)], left === 0));
    cards[wrong[0]].verdict.focus();
    if (left === 0) {
      await submitted(form);
      return false;
    }
  }
}

/** Puts the result into the card of a question. A wrong choice is taken back, so that the same is not sent twice. */
function tell({ card, verdict }, isWrong, why, isLast) {
  verdict.className = `verdict ${isWrong ? "no" : "ok"}`;
  const words = isWrong ? ["✗", translate("Not quite."), why, isLast ? "" : translate("Please choose again.")] : ["✓", translate("Correct.")];
  verdict.textContent = words.filter(Boolean).join(" ");
  for (const input of card.querySelectorAll("input")) {
    input.disabled = isLast;
    if (isWrong && !isLast) input.checked = false;
  }
}

function drawForm({ comprehension: check, practice, learning }) {
  const cards = (check?.questions ?? []).map(drawCard);
  const button = element("button", { class: "button" }, startWords(practice, learning));
  const beside = practice > 0 ? [element("span", { class: "soft" }, translatePlural("The practice has {n} question. It does not count.", "The practice has {n} questions. They do not count.", practice, { n: practice }))] : [];
  if (learning > 0) beside.unshift(element("span", { class: "soft" }, translatePlural("You see {n} example first.", "You see {n} examples first.", learning, { n: learning })), " ");
  const quiz = check ? [element("h2", {}, translate("Quick check")), element("div", { class: "quiz" }, ...cards.map(({ card }) => card))] : [];
  const form = element("form", {}, ...quiz, element("p", { class: "page-buttons" }, button, ...beside));
  return { form, button, cards };
}

function startWords(practice, learning) {
  if (learning > 0) return translate("Start with the examples");
  return practice > 0 ? translate("Start the practice") : translate("Start");
}

function drawCard({ text, options }, n) {
  const verdict = element("p", { class: "verdict", id: `verdict-${n}`, tabindex: "-1" });
  const labels = options.map((label, place) =>
    element(
      "label",
      { class: "agree" },
      element("input", { type: "radio", name: `question-${n}`, value: place, required: true }),
      element("span", {}, label),
    ),
  );
  const legend = element("legend", {}, `${n + 1}. ${text}`);
  const card = element("fieldset", { class: "card check", "aria-describedby": verdict.id }, legend, ...labels, verdict);
  return { card, verdict };
}
