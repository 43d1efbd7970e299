/** What is said while pictures do not come. */

import { element } from "./dom.js";
import { translate } from "./translation.js";

const SHOWN_AFTER_MS = 1000;
const FAILING_CHECKED_EVERY_MS = 1000;
const WAY_OUT_AFTER_MS = 30_000;

/**
 * Tells when pictures are late; when one has failed, offers to try at once, and in the end how to go without it. The
 * tries go on all the while. Returns a function that ends this.
 */
export function showLoadingNotes({ root, note }, { onRetry, isFailing, wayOut }) {
  let offered = false;
  const offer = (...content) => {
    const retry = element("button", { type: "button", class: "button quiet small" }, translate("Try again now"));
    retry.addEventListener("click", onRetry);
    note.replaceChildren(...content, " ", retry);
  };
  const late = setTimeout(() => (note.textContent = translate("The picture is loading…")), SHOWN_AFTER_MS);
  const failing = setInterval(() => {
    if (offered || !isFailing()) return;
    offered = true;
    offer(navigator.onLine ? translate("The picture is taking longer than usual. We keep trying.") : translate("You are offline. Your answers are stored in this browser and will be sent when you are online again."));
  }, FAILING_CHECKED_EVERY_MS);
  const hopeless = setTimeout(() => {
    offered = true;
    root.classList.add("without-picture");
    offer(...wayOut());
  }, WAY_OUT_AFTER_MS);
  return () => {
    clearTimeout(late);
    clearInterval(failing);
    clearTimeout(hopeless);
    root.classList.remove("without-picture");
    note.replaceChildren();
  };
}
