/**
 * What a trial shows: question, pictures, answers. Whatever comes later, a further question or what is said after
 * practice, has its room from the start, so that nothing moves.
 */

import { element } from "./dom.js";
import { translate } from "./translation.js";

const LONGEST_COMPACT = 16; // letters of an answer that has room in a row of five
const SHORT_LABEL = 8; // letters of a label that has room beside a picture in large letters
const MOST_ENLARGED = 3; // a picture of more than three times its own pixels shows no more

/** `notice`: a line above the question, or ""; `hasFeedback`: something will be said after the last answer. */
export function drawTrial(planned, notice, hasFeedback) {
  const [first, ...further] = planned.questions;
  const question = element("h1", { id: "question", class: "question", tabindex: "-1" }, ...above(notice), ...condition(planned), first.text);
  const { frames, figures, bar } = drawFigures(planned);
  const layout = layoutOf(planned, figures);
  const note = element("div", { class: "loading-note", role: "status" });
  const groups = [drawGroup(first.wait ? [] : first.options, "question"), ...further.map((asked, place) => drawFurther(asked, planned.advice?.after === place + 1))];
  const feedback = element("div", { class: "feedback", hidden: !hasFeedback });
  const more = element("div", { class: "more" }, ...groups.slice(1).map(({ asked }) => asked), element("p", { class: "hint" }, translate("Click or tap an answer, or press its number.")));
  const root = element(
    "section",
    { class: `trial ${layout}${planned.is_listed || !isCompact(first.options) ? " long" : ""}`, "aria-labelledby": "question" },
    question,
    element("div", { class: "room" }, element("div", { class: "pictures" }, ...figures, ...bar, note)),
    element("div", { class: "answers" }, groups[0].group, element("div", { class: "later" }, more, feedback)),
  );
  if (layout === "sheets") root.style.setProperty("--rows", Math.ceil(figures.length / 2));
  return { root, question, frames, groups, note, feedback };
}

function layoutOf({ images }, figures) {
  const cut = images.filter(({ tiles }) => tiles).length;
  if (cut) return cut === images.length ? "sheets" : "tiles"; // of a picture with tiles the photograph is whole
  return figures.length > 1 ? "pair" : "single";
}

function above(notice) {
  return notice ? [element("span", { class: "pill info" }, notice), element("br")] : [];
}

/** What was predicted is the first half of the question. */
function condition({ prompt }) {
  return prompt ? [element("span", { class: "condition" }, ...advised(prompt)), " "] : [];
}

/** What was predicted, in the words around it. */
export function advised([before, category, after]) {
  return [before, element("b", {}, category), after];
}

function isCompact(options) {
  return options.every(({ label }) => label.length <= LONGEST_COMPACT);
}

/** Answers to one question: a button each, disabled, with its key. */
function drawGroup(labelled, labelId) {
  const options = labelled.map(({ value, label }, place) =>
    element(
      "button",
      { type: "button", class: "option", value, disabled: true, "aria-keyshortcuts": place + 1 },
      ...(label === String(place + 1) ? [] : [element("kbd", { "aria-hidden": "true" }, String(place + 1))]),
      element("span", {}, label),
    ),
  );
  const group = element("div", { class: "options", role: "group", "aria-labelledby": labelId }, ...options);
  group.style.setProperty("--count", options.length);
  return { group, options };
}

/** A further question: seen from the start, inactive until it is its turn. `isAdvised`: advice is told before it. */
function drawFurther({ name, text, options, typed }, isAdvised) {
  const id = `question-${name}`;
  const advice = element("span", { class: "condition advice" });
  const heading = element("h2", { id, tabindex: "-1" }, ...(isAdvised ? [advice] : []), text);
  const drawn = typed ? drawTyped(typed, id) : drawGroup(options, id);
  const kind = `further waiting${isCompact(options) ? "" : " wordy"}`;
  return { ...drawn, heading, advice, asked: element("div", { class: kind }, heading, drawn.group) };
}

/** A field for a short text, and the button that sends it. */
function drawTyped({ longest, required }, labelId) {
  const hint = required ? translate("Please write a few words.") : translate("Optional");
  const note = element("span", { id: `${labelId}-hint`, class: "soft" }, hint);
  const field = element("textarea", { rows: 2, maxlength: longest, disabled: true, required, "aria-labelledby": labelId, "aria-describedby": note.id });
  const button = element("button", { type: "button", class: "button", disabled: true }, translate("Continue"));
  const group = element("div", { class: "typed" }, element("div", { class: "field" }, field), element("p", {}, button, note));
  return { group, options: [], field, button, note };
}

/** Frames for pictures, of their final size, and the figures around them. */
function drawFigures({ images }) {
  const shown = images.flatMap(parts);
  const drawn = shown.map(({ width, height }) => {
    const frame = element("div", { class: "frame" }, element("div"));
    frame.style.setProperty("--ratio", width / height);
    frame.style.setProperty("--most", `${MOST_ENLARGED * width}px`);
    return frame;
  });
  const tiled = images.find(({ tiles }) => tiles);
  const captions = (tiled ? images.map(parts) : [shown]).flatMap((alike) => distinguished(alike.map(({ label }) => label ?? "")));
  const figures = drawn.map((frame, place) => {
    const { label, scale } = shown[place];
    const caption = label ? [element("figcaption", {}, ...captions[place], ...colourBar(scale))] : [];
    return element("figure", { class: "picture" }, ...caption, frame);
  });
  const frames = images.map((image) => drawn.splice(0, parts(image).length));
  const bar = colourBar(images.findLast(({ tiles }) => tiles)?.scale);
  return { frames, figures: images[0].tiles ? together(images, figures) : figures, bar };
}

/** Each photograph with its explanation, under what was predicted for it. */
function together([{ tiles }], figures) {
  return tiles.map(({ prompt }, place) =>
    element(
      "div",
      { class: "predicted", role: "group", "aria-label": (prompt ?? []).join("") },
      ...(prompt ? [element("p", { class: "condition" }, ...advised(prompt))] : []),
      ...figures.filter((_, number) => number % tiles.length === place),
    ),
  );
}

/** What has a frame of its own: a picture, or each of its tiles; these have one scale, which is told once. */
function parts(image) {
  return image.tiles?.map((tile) => ({ ...image, ...tile, scale: null })) ?? [image];
}

/** What the colours of a picture mean; `scale`: the recipe that draws them, or nothing. */
function colourBar(scale) {
  if (!scale) return [];
  return [element("span", { class: `colour-bar ${scale}` }, element("span", {}, translate("least")), element("i", {}), element("span", {}, translate("most")))];
}

/** The parts of each text, with the part in bold that the texts do not share. */
function distinguished(texts) {
  const [one, other] = [texts[0], texts.at(-1)];
  let start = 0;
  while (start < one.length && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < one.length - start && end < other.length - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  return texts.map((text) => {
    const own = text.slice(start, text.length - end);
    return [text.slice(0, start), element("b", own.length > SHORT_LABEL ? { class: "wordy" } : {}, own), text.slice(text.length - end)];
  });
}
