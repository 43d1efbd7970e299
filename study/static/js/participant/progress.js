/** How far the participant is, in the page's head. */

import { translate, translatePlural } from "./translation.js";

/** Shows that question `index` (from 0) of `total` is open, and whether it is for practice. */
export function showQuestion(index, total, isPractice) {
  show(index, total, (isPractice ? translate("Practice: question {n} of {total}", { n: index + 1, total }) : translate("Question {n} of {total}", { n: index + 1, total })));
}

/** Shows that `answered` of `total` questions are done, while no question is open. */
export function showAnswered(answered, total) {
  show(answered, total, translatePlural("{n} of {total} question answered", "{n} of {total} questions answered", total, { n: answered, total }));
}

function show(value, max, text) {
  const bar = document.getElementById("progress-bar");
  bar.max = max;
  bar.value = value;
  document.getElementById("progress-text").textContent = text;
  document.getElementById("progress").hidden = false;
}
