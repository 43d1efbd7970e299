/** A jsPsych plugin: pages to read, with Back and Continue. The stock one writes inline styles, which our CSP forbids. */

import { element } from "./dom.js";
import { translate } from "./translation.js";
import { beginAt } from "./view.js";

const { ParameterType } = window.jsPsychModule;

export class PagePlugin {
  static info = {
    name: "discern-page",
    version: "1.0.0",
    parameters: {
      eyebrow: { type: ParameterType.STRING, default: "" },
      title: { type: ParameterType.STRING, default: "" },
      /** One function a page: fills the page's element. */
      pages: { type: ParameterType.FUNCTION, array: true },
      last_button: { type: ParameterType.STRING },
    },
    data: {
      rt: { type: ParameterType.INT },
    },
  };

  constructor(jsPsych) {
    this.jsPsych = jsPsych;
  }

  trial(display, { eyebrow, title, pages, last_button: lastButton }) {
    const started = performance.now();
    const jsPsych = this.jsPsych;
    const keys = new AbortController();
    document.addEventListener("keydown", onKey, { signal: keys.signal });
    let current = 0;
    show();

    function show() {
      const body = element("div", { class: "page-body" });
      pages[current](body);
      const heading = element("h1", { tabindex: "-1" }, title);
      const buttons = element("p", { class: "page-buttons" });
      if (current > 0) buttons.append(button("button quiet", translate("Back"), back));
      buttons.append(button("button", current < pages.length - 1 ? translate("Continue") : lastButton, next));
      const head = eyebrow ? [element("p", { class: "eyebrow" }, eyebrow)] : [];
      display.replaceChildren(element("article", { class: "sheet" }, ...head, heading, body, buttons));
      beginAt(heading);
    }

    function back() {
      current -= 1;
      show();
    }

    function next() {
      current += 1;
      if (current < pages.length) return show();
      keys.abort();
      jsPsych.finishTrial({ rt: Math.round(performance.now() - started) });
    }

    function onKey(event) {
      if (!display.isConnected || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
      const onControl = event.target.closest?.("a, button, summary, input, select");
      if (event.key === "Enter" && !onControl) next();
    }
  }
}

function button(classes, text, onClick) {
  const node = element("button", { type: "button", class: classes }, text);
  node.addEventListener("click", onClick);
  return node;
}
