/** How far the participant is, in the page's head and title. */

import { TimeLeft } from "./time-left.js";
import { translate, translatePlural } from "./translation.js";

const timeLeft = new TimeLeft();
const title = document.title;
let opened = null; // when the open question that counts was opened

/** Shows which example, practice question or which of all `total` questions that count is open, and the time left. */
export function showQuestion({ purpose, number }, total, { practice, learning }) {
  if (purpose === "learning") show(translate("Example {n} of {total}", { n: number, total: learning }), number - 1, learning);
  else if (purpose === "practice") show(translate("Practice {n} of {total}", { n: number, total: practice }), number - 1, practice);
  else show(translate("Question {n} of {total}", { n: number, total }), number - 1, total, timeLeft.minutes(total - number + 1));
  opened = purpose === "main" ? performance.now() : null;
}

/** The open question has been answered. */
export function noteAnswered() {
  if (opened !== null) timeLeft.note(performance.now() - opened);
  opened = null;
}

/** Shows which part the instructions are of. */
export function showPart(n, total) {
  show(total > 1 ? translate("Part {n} of {total}", { n, total }) : "");
}

/** Shows which page of a questionnaire is open; the bar stays at the `answered` of `total` questions about pictures. */
export function showQuestionnaire({ page, pages }, answered, total) {
  show(pages > 1 ? translate("Page {n} of {total}", { n: page, total: pages }) : "", answered, total);
}

/** Shows that `answered` of `total` questions are done, while no question is open. */
export function showAnswered(answered, total) {
  show(translatePlural("{n} of {total} question answered", "{n} of {total} questions answered", total, { n: answered, total }), answered, total);
}

function show(text, value, max, minutes = null) {
  const bar = document.getElementById("progress-bar");
  bar.hidden = value === undefined;
  bar.max = max ?? 1;
  bar.value = value ?? 0;
  document.getElementById("progress-text").textContent = text;
  document.getElementById("time-left").textContent = minutes === null ? "" : `· ${leftWords(minutes)}`;
  document.title = text ? `${text} · ${title}` : title;
}

function leftWords(minutes) {
  return minutes < 1 ? translate("less than a minute left") : translate("about {n} min left", { n: minutes });
}
