/** The note that tells whether answers are saved. It takes the place of the time left, so nothing moves. */

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
    this.#show("unsaved", navigator.onLine ? translate("Not saved yet, still trying") : translate("Offline, answers stored"));
  }

  /** Says that all is well again, if the opposite was said before; then goes. */
  saved() {
    if (this.#node.dataset.state !== "unsaved") return;
    this.#show("saved", translate("All answers saved"));
    this.#timer = setTimeout(() => this.#show("", ""), SAVED_SHOWN_MS);
  }

  #show(state, text) {
    this.#node.dataset.state = state;
    if (this.#node.textContent !== text) this.#node.textContent = text;
  }
}
