/** The instructions of a task: what is shown, a worked example, what to do. */

import { element } from "./dom.js";
import { translate } from "./translation.js";

export function drawInstructions({ html, intro, example, steps }) {
  if (html) return [drawOwn(html)];
  const list = element("ol", { class: "steps" }, ...steps.map((step) => element("li", {}, element("span", {}, step))));
  return [
    element("p", { class: "lede" }, intro),
    ...(example ? [drawExample(example)] : []),
    element("h2", {}, translate("What to do")),
    list,
  ];
}

/** The study's own text, which the server has made HTML of that runs nothing. */
function drawOwn(html) {
  return element("div", { class: "own" }, ...new DOMParser().parseFromString(html, "text/html").body.childNodes);
}

function drawExample({ title, pictures, marks, notes, options, right, conclusion }) {
  const figures = pictures.map(({ file, alt, label }, place) => {
    const seen = marks.map((mark, n) => [mark, n + 1]).filter(([mark]) => mark.picture === place);
    const caption = label ? [element("figcaption", {}, label)] : [];
    const image = element("img", { src: new URL(`../../examples/${file}`, import.meta.url), alt, width: 224, height: 224 });
    return element("figure", {}, ...caption, element("div", { class: "frame" }, image, ...seen.flatMap(([mark, n]) => callout(mark, n))));
  });
  const legend = notes.map((note, place) => element("li", {}, element("b", { class: "dot" }, String(place + 1)), element("span", {}, note)));
  const answers = options.map((option, place) => element("span", { class: place === right ? "right" : null }, place === right ? `✓ ${option}` : option));
  const chips = options.length > 0 ? [element("p", { class: "chips", "aria-hidden": "true" }, ...answers)] : [];
  const text = element("div", {}, element("h2", {}, title), element("ol", { class: "legend" }, ...legend), ...chips, element("p", {}, conclusion));
  return element("section", { class: `card example${figures.length > 1 ? " two" : ""}`, "aria-label": translate("Worked example") }, element("div", { class: "seen" }, ...figures), text);
}

/** A number on the picture, and rings round what it means; places and sizes are percentages of the picture. */
function callout({ x, y, rings }, n) {
  const number = element("b", { class: "dot", "aria-hidden": "true" }, String(n));
  Object.assign(number.style, { left: `${x}%`, top: `${y}%` });
  const circles = rings.map(([cx, cy, r]) => {
    const ring = element("span", { class: "ring" });
    Object.assign(ring.style, { left: `${cx - r}%`, top: `${cy - r}%`, width: `${2 * r}%`, height: `${2 * r}%` });
    return ring;
  });
  return [...circles, number];
}
