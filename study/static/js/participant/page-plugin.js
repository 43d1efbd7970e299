/** A jsPsych plugin: a page to read, with a button. The stock one writes inline styles, which our CSP forbids. */

import { element } from "./dom.js";
import { translate } from "./translation.js";
import { beginAt, pressed } from "./view.js";

const { ParameterType } = window.jsPsychModule;

export class PagePlugin {
  static info = {
    name: "discern-page",
    version: "1.0.0",
    parameters: {
      title: { type: ParameterType.STRING },
      /** Gives the elements below the title. */
      content: { type: ParameterType.FUNCTION },
    },
    data: {
      rt: { type: ParameterType.INT },
    },
  };

  async trial(display, { title, content }) {
    const started = performance.now();
    const heading = element("h1", { tabindex: "-1" }, title);
    const button = element("button", { type: "button", class: "button" }, translate("Continue"));
    display.replaceChildren(element("article", { class: "sheet" }, heading, ...content(), element("p", { class: "page-buttons" }, button)));
    beginAt(heading);
    await pressed(display, button);
    return { rt: Math.round(performance.now() - started) };
  }
}
