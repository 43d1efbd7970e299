/** Shows the buttons that copy a code; without this script the code is still there to be selected. */

import { translate } from "./translation.js";

const TOLD_MS = 2000;

for (const button of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  const status = button.parentElement.nextElementSibling;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const copied = await copy(source);
    button.classList.toggle("copied", copied);
    setTimeout(() => button.classList.remove("copied"), TOLD_MS);
    status.textContent = copied ? "" : translate("Copying is not allowed here. The code is selected: copy it with the keyboard.");
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
