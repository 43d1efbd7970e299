/** The line that tells whether answers are saved. It is drawn over the page, so nothing moves when it appears or goes. */

import { translate } from "./translation.js";

const SAVED_SHOWN_MS = 2500;

export class SaveNote {
  #node;
  #timer;

  constructor(node) {
    this.#node = node;
  }

  unsaved() {
    clearTimeout(this.#timer);
    this.#show("unsaved", (navigator.onLine ? translate("Your answer is not saved yet. We keep trying; please leave this page open.") : translate("You are offline. Your answers are kept in this browser and will be sent when the connection is back.")));
  }

  /** Says that all is well again, if the opposite was said before; then goes. */
  saved() {
    if (this.#node.dataset.state !== "unsaved") return;
    this.#show("saved", translate("All your answers are saved."));
    this.#timer = setTimeout(() => this.#show("", ""), SAVED_SHOWN_MS);
  }

  #show(state, text) {
    this.#node.dataset.state = state;
    if (this.#node.textContent !== text) this.#node.textContent = text;
  }
}
