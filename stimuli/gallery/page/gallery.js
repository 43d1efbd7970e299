"use strict";
// Filters, orders and shows one picture at large. Without it the page shows all pictures in its first order.
const tiles = [...document.querySelectorAll(".tile")];
const detail = document.querySelector(".detail");
const filters = document.querySelector(".filters");
const select = (name) => document.getElementById(name).value;
const ORDERS = {
  place: (a, b) => a.dataset.place - b.dataset.place,
  number: (a, b) => a.dataset.number - b.dataset.number,
  strongest: (a, b) => b.dataset.visible - a.dataset.visible,
  emptiest: (a, b) => a.dataset.visible - b.dataset.visible,
};

function fits(tile) {
  const task = select("task");
  const same = (name) => !select(name) || tile.dataset[name] === select(name);
  return (!task || JSON.parse(tile.dataset.task).includes(task)) && ["method", "network", "category"].every(same);
}

function arrange() {
  for (const tile of tiles) tile.hidden = !fits(tile);
  document.querySelector(".tiles").append(...tiles.sort(ORDERS[select("order")]));
  const shown = tiles.filter((tile) => !tile.hidden).length;
  document.querySelector(".count").textContent = `${shown} of ${tiles.length} shown`;
}

function choose(tile) {
  for (const other of tiles) other.setAttribute("aria-pressed", String(other === tile));
  detail.querySelector("div").replaceChildren(tile ? tile.querySelector("template").content.cloneNode(true) : "");
  detail.hidden = !tile;
  if (tile) detail.focus({ preventScroll: true });
}

let last = null;
function close() {
  choose(null);
  last?.focus();
}

for (const tile of tiles) tile.addEventListener("click", () => choose((last = tile)));
detail.querySelector(".close").addEventListener("click", close);
addEventListener("keydown", (event) => event.key === "Escape" && !detail.hidden && close());
filters.addEventListener("change", arrange);
filters.addEventListener("submit", (event) => event.preventDefault());
filters.hidden = false;
arrange();
