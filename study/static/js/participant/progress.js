/** How far the participant is, in the page's head. */

import { say } from "./strings.js";

/** Shows that question `index` (from 0) of `total` is open, and whether it is for practice. */
export function showQuestion(index, total, isPractice) {
  show(index, total, say(isPractice ? "practiceQuestion" : "question", { n: index + 1, total }));
}

/** Shows that `answered` of `total` questions are done, while no question is open. */
export function showAnswered(answered, total) {
  show(answered, total, say("answered", { n: answered, total }));
}

function show(value, max, text) {
  const bar = document.getElementById("progress-bar");
  bar.max = max;
  bar.value = value;
  document.getElementById("progress-text").textContent = text;
  document.getElementById("progress").hidden = false;
}
