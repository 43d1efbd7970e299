/** Shows the buttons that copy a text; without this script the text is still there to be selected. */

import { translate } from "./translation.js";

for (const button of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  const status = document.querySelector(".code-status");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const copied = await copy(source);
    status.textContent = (copied ? translate("Copied.") : translate("Copying is not allowed here. The code is selected: copy it with the keyboard."));
  });
}

/** Copies the element's text; where the browser forbids it, selects the text and returns false. */
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}
