/** What is filled in on a page but not sent yet, kept in this browser. */

export class Draft {
  #key;
  #items;

  /** `items` have `name`, `value()` and `set(value)`. */
  constructor(key, items) {
    this.#key = `discern-draft ${key}`;
    this.#items = items;
  }

  keep() {
    const values = Object.fromEntries(this.#items.map(({ name, value }) => [name, value()]));
    attempt(() => localStorage.setItem(this.#key, JSON.stringify(values)));
  }

  restore() {
    const values = attempt(() => JSON.parse(localStorage.getItem(this.#key))) ?? {};
    for (const { name, set } of this.#items) if (values[name]) set(values[name]);
  }

  forget() {
    attempt(() => localStorage.removeItem(this.#key));
  }
}

/** What `act` gives; nothing where the browser refuses storage, as private windows and frames may. */
function attempt(act) {
  try {
    return act();
  } catch (error) {
    console.info("not kept:", error);
    return undefined;
  }
}
