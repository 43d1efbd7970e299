/** How far the participant is, in the page's head. */

import { say } from "./strings.js";

/** Shows that question `index` (from 0) of `total` is open. */
export function showProgress(index, total) {
  const bar = document.getElementById("progress-bar");
  bar.max = total;
  bar.value = index;
  document.getElementById("progress-text").textContent = say("progress", { n: Math.min(index + 1, total), total });
  document.getElementById("progress").hidden = false;
}
