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

function arrange() {
  for (const failure of failures) failure.hidden = !fits(failure);
  const shown = failures.filter((failure) => !failure.hidden).length;
  document.querySelector(".count").textContent = `${shown} of ${failures.length} shown`;
}

filters.addEventListener("change", arrange);
filters.addEventListener("submit", (event) => event.preventDefault());
filters.hidden = false;
arrange();
