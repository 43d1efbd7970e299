"use strict";
// Filters the failures. Without it the page shows all of them.
const failures = [...document.querySelectorAll(".failure")];
const filters = document.querySelector(".filters");
const select = (name) => document.getElementById(name).value;

function fits(failure) {
  const [low, high] = (select("confidence") || "0 2").split(" ").map(Number);
  const sure = Number(failure.dataset.confidence);
  const same = (name) => !select(name) || failure.dataset[name] === select(name);
  return low <= sure && sure < high && ["network", "group", "pair"].every(same);
}

const quoted = (text) => /^[\w.\/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

// What `failures --make-study` takes for the filters as they are.
function asOptions() {
  const { true: shown, predicted } = document.getElementById("pair").selectedOptions[0].dataset;
  const told = { network: select("network"), true: shown, predicted, "looks-like": select("group") };
  const options = Object.entries(told).filter(([, value]) => value).map(([name, value]) => `--${name} ${quoted(value)}`);
  if (select("confidence")) options.push(`--confidence ${select("confidence")}`);
  return options.map((option) => ` ${option}`).join("");
}

function offerStudy(shown) {
  const command = document.getElementById("command");
  if (!command) return;
  command.textContent = `${command.dataset.again}${asOptions()} --make-study failures-study`;
  document.querySelector(".study").hidden = shown === 0;
  document.getElementById("copied").textContent = "";
}

async function copy() {
  const command = document.getElementById("command");
  const told = document.getElementById("copied");
  try {
    await navigator.clipboard.writeText(command.textContent);
    told.textContent = "Copied.";
  } catch { // a page opened as a file may not write to the clipboard
    getSelection().selectAllChildren(command);
    told.textContent = document.execCommand("copy") ? "Copied." : "Selected: copy it by Ctrl+C or ⌘C.";
  }
}

function arrange() {
  for (const failure of failures) failure.hidden = !fits(failure);
  for (const group of document.querySelectorAll(".group")) group.hidden = !group.querySelector(".failure:not([hidden])");
  const shown = failures.filter((failure) => !failure.hidden).length;
  document.querySelector(".count").textContent = `${shown} of ${failures.length} shown`;
  offerStudy(shown);
}

filters.addEventListener("change", arrange);
filters.addEventListener("submit", (event) => event.preventDefault());
filters.hidden = false;
const button = document.getElementById("copy");
if (button) {
  button.hidden = false;
  button.addEventListener("click", copy);
}
arrange();
