/** Sends what is in the outbox, oldest first, one at a time, until the server has acknowledged all of it. */

import { Refused, persistently, postJson } from "./transport.js";

export class Delivery {
  #outbox;
  #onFailure;
  #onSaved;
  #onReply;
  #running = null;

  /**
   * `onFailure()` is called whenever an answer could not be delivered yet, `onSaved()` when all of them are, and
   * `onReply(order, reply)` for each one delivered.
   */
  constructor(outbox, { onFailure, onSaved, onReply }) {
    this.#outbox = outbox;
    this.#onFailure = onFailure;
    this.#onSaved = onSaved;
    this.#onReply = onReply;
  }

  get unsent() {
    return this.#outbox.size;
  }

  /** Resolves when the answer is kept in this browser; `order` is its place among all answers. */
  store(order, url, answer) {
    return this.#outbox.add(order, url, answer);
  }

  /** Resolves when nothing is unsent. Rejects with Refused, and then nothing is left to send either. */
  async flush() {
    if (this.unsent === 0) return;
    this.#running ??= this.#sendAll();
    await this.#running;
  }

  async #sendAll() {
    try {
      while (this.#outbox.first) {
        const { index: order, url, answer } = this.#outbox.first;
        const reply = await persistently(() => postJson(url, answer), this.#onFailure);
        this.#onReply(order, reply);
        await this.#outbox.removeFirst();
      }
      this.#onSaved();
    } catch (error) {
      // What follows a refused answer would be refused too: the plan has to be fetched anew.
      if (error instanceof Refused) await this.#outbox.clear();
      throw error;
    } finally {
      this.#running = null;
    }
  }
}
