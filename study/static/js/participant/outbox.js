/** Answers that the server has not acknowledged, kept in IndexedDB so that they outlive the page. */

import { within } from "./dom.js";

const DATABASE = "discern";
const STORE = "outbox";
const PATIENCE_MS = 2000; // a browser's storage may never answer at all

/** The outbox of one participant (`owner` is their plan's address), with what an earlier page left in it. */
export async function openOutbox(owner) {
  try {
    const database = await within(PATIENCE_MS, openDatabase());
    const left = await within(PATIENCE_MS, perform(database, "readonly", (store) => store.index("owner").getAll(owner)));
    return new Outbox(owner, database, left.sort((a, b) => a.index - b.index));
  } catch (error) {
    console.info("answers are kept in memory only:", error); // private windows and frames may refuse storage
    return new Outbox(owner, null, []);
  }
}

class Outbox {
  #owner;
  #database;
  #items;

  constructor(owner, database, items) {
    this.#owner = owner;
    this.#database = database;
    this.#items = items;
  }

  get size() {
    return this.#items.length;
  }

  /** The oldest: `{index, url, answer}`; the server takes answers in order only. */
  get first() {
    return this.#items[0];
  }

  async add(index, url, answer) {
    const item = { owner: this.#owner, index, url, answer };
    this.#items.push(item);
    await this.#write((store) => store.put(item));
  }

  async removeFirst() {
    const { owner, index } = this.#items.shift();
    await this.#write((store) => store.delete([owner, index]));
  }

  async clear() {
    while (this.size) await this.removeFirst();
  }

  async #write(change) {
    if (!this.#database) return;
    try {
      await within(PATIENCE_MS, perform(this.#database, "readwrite", change));
    } catch (error) {
      // A full, broken or silent store must not stop the study: the answer is in memory and on its way.
      console.info("kept in memory only:", error);
      // Nobody should wait at each answer. What the store holds is sent again by the next page; the server knows it.
      if (error.name === "TimeoutError") this.#database = null;
    }
  }
}

async function openDatabase() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    const store = request.result.createObjectStore(STORE, { keyPath: ["owner", "index"] });
    store.createIndex("owner", "owner");
  };
  return settled(request);
}

/** Runs one request in one transaction and resolves with its result when the transaction is complete. */
async function perform(database, mode, makeRequest) {
  const transaction = database.transaction(STORE, mode);
  const complete = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  const request = makeRequest(transaction.objectStore(STORE));
  await complete;
  return request.result;
}

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("IndexedDB is blocked by another tab"));
  });
}
