/** Fetches pictures a few trials ahead; one that fails or does not answer in time is asked for again and again. */

import { within } from "./dom.js";

const AHEAD = 4;
const AT_ONCE = 3;
const LONGEST_PAUSE_MS = 10_000;

/** For the first try; each further one may take twice as long, or a slow link would never bring a picture. */
const TRY_MS = 20_000;
const LONGEST_TRY_MS = 160_000;

export class Pictures {
  #urls; // of each trial, in order
  #loading = new Map(); // position → Promise<HTMLImageElement>[], an element for each side even of one address
  #slots = AT_ONCE;
  #waiting = [];
  #retryNow = new EventTarget();
  #failures = new Set();

  /** `trials`: lists of addresses, one list a trial, in the order in which they are shown. */
  constructor(trials) {
    this.#urls = trials;
  }

  /** Fetches the first trial's pictures while the instructions are read. */
  begin() {
    this.#load(0);
  }

  /** The decoded pictures of trial `position`; those of the next trials are fetched behind them. */
  async of(position) {
    const wanted = this.#load(position);
    const last = Math.min(position + AHEAD, this.#urls.length - 1);
    for (let next = position + 1; next <= last; next += 1) this.#load(next);
    const images = await Promise.all(wanted);
    this.#loading.delete(position);
    return images;
  }

  /** The addresses of trial `position` that have failed and are not there yet. */
  failing(position) {
    return this.#urls[position].filter((url) => this.#failures.has(url));
  }

  /** The decoded picture at an address that is known only now, such as that of an advice. */
  one(url) {
    return this.#fetch(url);
  }

  /** Whether this address has failed and its picture is not there yet. */
  isFailing(url) {
    return this.#failures.has(url);
  }

  /** Ends the pause before the next try. */
  retryNow() {
    this.#retryNow.dispatchEvent(new Event("retry"));
  }

  #load(position) {
    if (!this.#loading.has(position)) {
      this.#loading.set(
        position,
        this.#urls[position].map((url) => this.#fetch(url)),
      );
    }
    return this.#loading.get(position);
  }

  async #fetch(url) {
    for (let failures = 0; ; failures += 1) {
      await this.#takeSlot();
      const image = new Image();
      image.src = url;
      try {
        await within(Math.min(LONGEST_TRY_MS, TRY_MS * 2 ** failures), image.decode());
        this.#failures.delete(url);
        return image;
      } catch {
        image.src = ""; // ends the request
        this.#failures.add(url);
      } finally {
        this.#freeSlot();
      }
      await this.#pause(Math.min(LONGEST_PAUSE_MS, 500 * 2 ** failures));
    }
  }

  async #takeSlot() {
    if (this.#slots > 0) this.#slots -= 1;
    else await new Promise((resolve) => this.#waiting.push(resolve));
  }

  #freeSlot() {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#slots += 1;
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      const early = () => {
        clearTimeout(timer);
        resolve();
      };
      window.addEventListener("online", early, { once: true });
      this.#retryNow.addEventListener("retry", early, { once: true });
    });
  }
}
