/** A jsPsych plugin: questions about the instructions, sent to the server, which says whether they are right. */

import { element } from "./dom.js";
import { translate } from "./translation.js";
import { beginAt } from "./view.js";

const { ParameterType } = window.jsPsychModule;

export class CheckPlugin {
  static info = {
    name: "discern-check",
    version: "1.0.0",
    parameters: {
      /** `{text, options}` each. */
      questions: { type: ParameterType.OBJECT, array: true },
      /** The number of the next try, from 1. */
      attempt: { type: ParameterType.INT },
      tries_left: { type: ParameterType.INT },
      /** Pages of HTML to read again before another try. */
      instructions: { type: ParameterType.HTML_STRING, array: true },
      /** Called with {attempt, answers}; resolves with {passed, tries_left}. */
      send: { type: ParameterType.FUNCTION },
    },
    data: {
      passed: { type: ParameterType.BOOL },
    },
  };

  async trial(display, { questions, attempt, instructions, send }) {
    for (let current = attempt; ; current += 1) {
      const answers = await ask(display, questions);
      const { passed, tries_left: left } = await send({ attempt: current, answers });
      if (passed || left === 0) {
        await tell(display, (passed ? translate("Correct. The questions begin now.") : translate("Not every answer was correct. Please keep the instructions in mind. The questions begin now.")), []);
        return { passed };
      }
      await tell(display, translate("Not every answer was correct. Please read the instructions again. Then you can answer once more."), instructions);
    }
  }
}

/** Resolves with the place of the chosen option of each question. */
function ask(display, questions) {
  const fields = questions.map(({ text, options }, n) =>
    element(
      "fieldset",
      { class: "check" },
      element("legend", {}, text),
      ...options.map((label, place) =>
        element(
          "label",
          { class: "agree" },
          element("input", { type: "radio", name: `question-${n}`, value: place, required: true }),
          element("span", {}, label),
        ),
      ),
    ),
  );
  const form = element("form", {}, ...fields, element("p", {}, element("button", { class: "button" }, translate("Check my answers"))));
  show(display, element("p", {}, translate("Please answer these questions about the instructions.")), form);
  return new Promise((resolve) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = new FormData(form);
      form.querySelector("button").disabled = true;
      resolve(questions.map((_, n) => Number(given.get(`question-${n}`))));
    });
  });
}

function tell(display, text, instructions) {
  const again = instructions.map((html) => {
    const page = element("div");
    page.innerHTML = html; // written by us, rendered by our server
    return page;
  });
  const button = element("button", { type: "button", class: "button" }, translate("Continue"));
  show(display, element("p", { role: "status" }, text), ...again, element("p", { class: "page-buttons" }, button));
  return new Promise((resolve) => button.addEventListener("click", resolve, { once: true }));
}

function show(display, ...content) {
  const heading = element("h1", { tabindex: "-1" }, translate("Are the instructions clear?"));
  display.replaceChildren(element("article", { class: "sheet" }, heading, ...content));
  beginAt(heading);
}
