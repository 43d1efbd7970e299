/**
 * One question of a questionnaire. Each kind draws its controls and says how they are read and filled in; an answer is
 * a text, "" where there is none.
 */

import { element } from "./dom.js";
import { translate } from "./translation.js";

const LONGEST_ROW = 11; // steps that fit beside each other on the smallest phone; more are a slider

const KINDS = { likert: drawLikert, choice: drawChoice, choices: drawChoices, number: drawNumber, text: drawText, "long-text": drawLongText };

/** `{card, first, verdict, name, value(), set(value), tell()}`: `first` takes the focus; `tell` puts into `verdict` what is
 * wrong, "" if nothing is. */
export function drawItem(item, n) {
  const id = `item-${n}`;
  const verdict = element("p", { class: "verdict no", id: `${id}-verdict`, role: "status" });
  const drawn = KINDS[item.kind](item, id);
  const optional = item.required ? [] : [" ", element("span", { class: "soft" }, translate("(optional)"))];
  const legend = element("legend", { id: `${id}-text` }, item.text, ...optional);
  const card = element("fieldset", { class: "card check item", "aria-describedby": verdict.id }, legend, drawn.controls, verdict);
  const problem = () => drawn.wrong?.() || (item.required && !drawn.value() ? translate("Please answer this question.") : "");
  const tell = () => {
    verdict.textContent = problem();
    for (const input of drawn.controls.querySelectorAll("input, textarea")) input.setAttribute("aria-invalid", Boolean(verdict.textContent));
  };
  card.addEventListener("input", () => verdict.textContent && tell());
  return { card, verdict, name: item.name, tell, first: drawn.first, value: drawn.value, set: drawn.set };
}

function drawLikert(item, id) {
  if (item.points > LONGEST_ROW) return drawSlider(item, id);
  const names = item.labels ?? [];
  const steps = Array.from({ length: item.points }, (_, place) => ({ value: String(place + 1), label: names[place] ?? String(place + 1) }));
  const { inputs, labels } = drawInputs("radio", item, id, steps, "step");
  const row = element("div", { class: `steps-row${item.labels ? " named" : ""}` }, ...labels);
  row.style.setProperty("--count", item.points);
  nameEnds(inputs, item.ends);
  return { controls: element("div", {}, row, ...drawEnds(item.ends)), ...oneOf(inputs) };
}

function drawEnds(ends) {
  return ends ? [element("p", { class: "ends", "aria-hidden": "true" }, ...ends.map((text) => element("span", {}, text)))] : [];
}

/** A screen reader says what the first and the last step mean; the numbers in between need no words. */
function nameEnds(inputs, ends) {
  if (!ends) return;
  inputs[0].setAttribute("aria-label", `1 – ${ends[0]}`);
  inputs.at(-1).setAttribute("aria-label", `${inputs.length} – ${ends[1]}`);
}

/** A slider has an answer only after it was touched: where it is before says nothing. */
function drawSlider({ points, ends, labels, required }, id) {
  const input = element("input", { type: "range", min: 1, max: points, step: 1, value: (points + 1) / 2, class: "untouched", "aria-labelledby": `${id}-text`, required });
  const said = () => (input.className ? translate("not answered yet") : translate("{n} of {total}", { n: input.value, total: points }));
  const show = () => input.setAttribute("aria-valuetext", said());
  const touch = () => {
    if (!input.className) return show();
    input.className = "";
    show();
    input.dispatchEvent(new Event("input", { bubbles: true })); // a click on the middle changes no value
  };
  for (const event of ["input", "pointerup"]) input.addEventListener(event, touch);
  input.addEventListener("keydown", ({ key }) => key === " " && touch());
  show();
  const place = element("p", { class: "place", "aria-hidden": "true" }, translate("Choose a place on the line."));
  const marks = element("div", { class: "marks", "aria-hidden": "true" }, ...Array.from({ length: points }, () => element("i")));
  return {
    controls: element("div", { class: "slider" }, input, marks, place, ...drawEnds(ends ?? labels?.filter((_, place) => place === 0 || place === points - 1))),
    first: input,
    value: () => (input.className ? "" : input.value),
    set: (value) => {
      input.value = value;
      input.className = "";
      show();
    },
  };
}

function drawChoice(item, id) {
  const { inputs, labels } = drawInputs("radio", item, id, item.options, "agree");
  return { controls: element("div", {}, ...labels), ...oneOf(inputs) };
}

function drawChoices(item, id) {
  const { inputs, labels } = drawInputs("checkbox", item, id, item.options, "agree");
  return {
    controls: element("div", {}, ...labels),
    first: inputs[0],
    value: () => inputs.filter(({ checked }) => checked).map(({ value }) => value).join(";"),
    set: (value) => inputs.forEach((input) => (input.checked = value.split(";").includes(input.value))),
  };
}

function drawInputs(type, { required }, id, options, className) {
  const inputs = options.map(({ value }) => element("input", { type, name: id, value, required: required && type === "radio" }));
  const labels = options.map(({ label }, place) => element("label", { class: className }, inputs[place], element("span", {}, label)));
  return { inputs, labels };
}

function oneOf(inputs) {
  return {
    first: inputs[0],
    value: () => inputs.find(({ checked }) => checked)?.value ?? "",
    set: (value) => inputs.forEach((input) => (input.checked = input.value === value)),
  };
}

function drawNumber({ minimum, maximum, required }, id) {
  const input = field("input", { type: "number", inputmode: "decimal", step: "any", min: minimum, max: maximum, required }, id);
  return { ...typed(input), wrong: () => (input.validity.badInput || input.validity.rangeUnderflow || input.validity.rangeOverflow ? range(minimum, maximum) : "") };
}

function range(minimum, maximum) {
  if (minimum === null && maximum === null) return translate("Please enter a number.");
  if (maximum === null) return translate("Please enter a number of at least {minimum}.", { minimum });
  if (minimum === null) return translate("Please enter a number of at most {maximum}.", { maximum });
  return translate("Please enter a number from {minimum} to {maximum}.", { minimum, maximum });
}

function drawText({ longest, required }, id) {
  return typed(field("input", { maxlength: longest, autocomplete: "off", required }, id));
}

function drawLongText({ longest, required }, id) {
  return typed(field("textarea", { maxlength: longest, rows: 4, required }, id));
}

function field(tag, attributes, id) {
  return element(tag, { ...attributes, "aria-labelledby": `${id}-text` });
}

function typed(input) {
  return { controls: element("div", { class: "field" }, input), first: input, value: () => input.value.trim(), set: (value) => (input.value = value) };
}
