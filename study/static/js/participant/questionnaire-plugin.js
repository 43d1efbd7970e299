/**
 * A jsPsych plugin: one page of a questionnaire. What is filled in stays in this browser until the page is sent, so
 * that the page can be left and opened again; then the answers are final.
 */

import { Draft } from "./draft.js";
import { element } from "./dom.js";
import { drawItem } from "./questionnaire-view.js";
import { translate } from "./translation.js";
import { beginAt, onEnter, submitted } from "./view.js";

const { ParameterType } = window.jsPsychModule;

export class QuestionnairePlugin {
  static info = {
    name: "discern-questionnaire",
    version: "1.0.0",
    parameters: {
      /** One of the plan's `questionnaires`. */
      page: { type: ParameterType.OBJECT },
      /** Names what is filled in but not sent. */
      key: { type: ParameterType.STRING },
      /** Called with {answers, time_on_page}; the next page waits for the promise. */
      send: { type: ParameterType.FUNCTION },
    },
    data: {
      time_on_page: { type: ParameterType.INT },
    },
  };

  async trial(display, { page, key, send }) {
    const started = performance.now();
    const items = page.items.map(drawItem);
    const form = element("form", { novalidate: true }, ...items.map(({ card }) => card), buttons());
    const heading = element("h1", { tabindex: "-1" }, page.title ?? translate("A few questions"));
    const introduction = page.introduction ? [element("p", { class: "introduction" }, page.introduction)] : [];
    display.replaceChildren(element("article", { class: "sheet questionnaire" }, heading, ...introduction, form));
    const draft = new Draft(key, items);
    draft.restore();
    form.addEventListener("input", () => draft.keep());
    beginAt(heading);
    const leaving = new AbortController();
    onEnter(form, () => form.requestSubmit(), leaving.signal);
    await complete(form, items);
    leaving.abort();
    const given = { answers: answersTo(items), time_on_page: Math.round(performance.now() - started) };
    await send(given);
    draft.forget();
    return { time_on_page: given.time_on_page };
  }
}

/** Resolves when the form was sent with nothing missing. */
async function complete(form, items) {
  for (;;) {
    await submitted(form);
    for (const item of items) item.tell();
    const wrong = items.find(({ verdict }) => verdict.textContent);
    if (!wrong) return;
    wrong.card.scrollIntoView({ block: "nearest" });
    wrong.first.focus();
  }
}

function answersTo(items) {
  return Object.fromEntries(items.map(({ name, value }) => [name, value() || null]));
}

function buttons() {
  return element("p", { class: "page-buttons" }, element("button", { class: "button" }, translate("Continue")));
}
