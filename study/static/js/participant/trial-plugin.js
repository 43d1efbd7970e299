/**
 * A jsPsych plugin: one item, of one picture or two, and its questions one after another, answered by mouse, finger or
 * keyboard.
 *
 * `rt` runs from the moment the pictures, or a further question, are painted (decoded, shown, and one frame later) to
 * the answer's own time stamp; until then the options are disabled. A clock that goes wrong is the server's to judge.
 */

import { element, painted, wait } from "./dom.js";
import { translate } from "./translation.js";
import { beginAt } from "./view.js";

const { ParameterType } = window.jsPsychModule;

/**
 * Between two trials the frame is empty and the options are disabled for this long, and so are those of a further
 * question: a change is seen, and the second half of a double click or press answers nothing. (The click's own count
 * would not do: quick answers at one place share it.)
 */
const BLANK_MS = 250;
const LOADING_SHOWN_AFTER_MS = 400;
const FAILING_CHECKED_EVERY_MS = 1000;
const WAY_OUT_AFTER_MS = 30_000;

export class TrialPlugin {
  static info = {
    name: "discern-trial",
    version: "1.0.0",
    parameters: {
      /** One of the plan's `trials`. */
      planned: { type: ParameterType.OBJECT },
      /** The Pictures of the plan and this trial's place among them. */
      pictures: { type: ParameterType.FUNCTION },
      position: { type: ParameterType.INT },
      /** Called with the addresses of pictures that do not come; gives the elements that say what people can do. */
      way_out: { type: ParameterType.FUNCTION },
      /** Called with {question, response, rt} and the question's place; the next one waits for the promise. */
      on_response: { type: ParameterType.FUNCTION },
    },
    data: {
      response: { type: ParameterType.STRING },
      rt: { type: ParameterType.INT },
    },
  };

  async trial(display, { planned, pictures, position, way_out: wayOut, on_response: onResponse }) {
    const loader = pictures();
    const view = drawTrial(planned, () => loader.retryNow());
    display.replaceChildren(view.root);
    beginAt(view.question);

    const stopNotes = showLoadingNotes(view, () => loader.failing(position).length > 0, () => wayOut(loader.failing(position)));
    const [images] = await Promise.all([loader.of(position), wait(BLANK_MS)]);
    stopNotes();
    view.frames.forEach((frame, place) => {
      images[place].alt = planned.images[place].alt;
      frame.replaceChildren(images[place]);
    });

    let answer;
    for (const [place, question] of planned.questions.entries()) {
      const given = planned.answered[place]; // on an earlier page, which was closed before the item's last question
      const options = place === 0 ? view.options : await askFurther(view.root, question);
      if (given !== undefined) {
        options.find(({ value }) => value === given)?.classList.add("chosen");
        continue;
      }
      const onset = await painted();
      const { value, time } = await choice(options);
      answer = { question: question.name, response: value, rt: Math.round(time - onset) };
      await onResponse(answer, place);
    }
    return answer;
  }
}

/** Shows a further question below what was asked before; resolves with its options when they may be used. */
async function askFurther(root, { name, text, options: labelled }) {
  const options = drawOptions(labelled, () => []);
  const id = `question-${name}`;
  const heading = element("h2", { id, tabindex: "-1" }, text);
  const group = element("div", { class: "options", role: "group", "aria-labelledby": id }, ...options);
  const asked = element("div", { class: "further" }, heading, group);
  root.querySelector(".hint")?.remove();
  root.append(asked);
  asked.scrollIntoView({ block: "nearest" }); // all its answers, not the question alone
  heading.focus({ preventScroll: true });
  await wait(BLANK_MS);
  return options;
}

/** A button each, disabled; `before(place)` are the elements before the label. */
function drawOptions(options, before) {
  return options.map(({ value, label }, place) =>
    element(
      "button",
      { type: "button", class: "option", value, disabled: true, "aria-keyshortcuts": place + 1 },
      ...before(place),
      element("span", {}, label),
    ),
  );
}

function drawTrial(planned, onRetry) {
  const [first] = planned.questions;
  const question = element("h1", { id: "question", class: "question", tabindex: "-1" }, first.text);
  const { frames, figures } = drawFigures(planned);
  const options = drawOptions(first.options, (place) => [element("kbd", { "aria-hidden": "true" }, String(place + 1))]);
  const note = element("p", { class: "loading-note", role: "status" });
  const root = element(
    "section",
    { class: trialClass(planned), "aria-labelledby": "question" },
    ...(planned.prompt ? [element("p", { class: "prompt" }, planned.prompt)] : []),
    question,
    element("div", { class: "pictures" }, ...figures, note),
    element("div", { class: "options", role: "group", "aria-labelledby": "question" }, ...options),
    element("p", { class: "hint" }, translate("Click or tap an answer, or press {keys}.", { keys: keyNames(options.length) })),
  );
  return { root, question, frames, options, note, onRetry };
}

/** The layout follows the number of pictures. */
export function trialClass({ images }) {
  return `trial ${images.length > 1 ? "pair" : "single"}`;
}

/** Empty frames for the trial's pictures, and the figures around them. */
export function drawFigures({ images }) {
  const frames = images.map(({ width, height }) => {
    const frame = element("div", { class: "frame" });
    frame.style.aspectRatio = `${width} / ${height}`; // room for the picture before it is there
    return frame;
  });
  const figures = images.map(({ label }, place) =>
    element("figure", { class: "picture" }, ...(label ? [element("figcaption", {}, label)] : []), frames[place]),
  );
  return { frames, figures };
}

function keyNames(count) {
  return (count > 2 ? translate("{first} to {last}", { first: 1, last: count }) : translate("{first} or {last}", { first: 1, last: count }));
}

/**
 * Tells when pictures are late; when one has failed, offers to try at once, and in the end how to go without it. The
 * tries go on all the while. Returns a function that ends this.
 */
function showLoadingNotes({ root, note, onRetry }, isFailing, wayOut) {
  let offered = false;
  const offer = (...content) => {
    const retry = element("button", { type: "button", class: "button quiet" }, translate("Try again now"));
    retry.addEventListener("click", onRetry);
    note.replaceChildren(...content, " ", retry);
  };
  const late = setTimeout(() => (note.textContent = translate("The picture is loading…")), LOADING_SHOWN_AFTER_MS);
  const failing = setInterval(() => {
    if (offered || !isFailing()) return;
    offered = true;
    offer(translate("The picture is taking longer than usual. We keep trying."));
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

/** Enables the options and resolves with the first one chosen: `{value, time}`, the time of the key or click itself. */
function choice(options) {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const choose = (option, event) => {
      if (listening.signal.aborted) return;
      listening.abort();
      for (const other of options) other.disabled = true;
      option.classList.add("chosen");
      resolve({ value: option.value, time: event.timeStamp });
    };
    for (const option of options) {
      option.disabled = false;
      option.addEventListener("click", (event) => choose(option, event), { signal: listening.signal });
    }
    document.addEventListener("keydown", (event) => onKey(event, options, choose), { signal: listening.signal });
  });
}

/** Digits choose; arrows move the focus among the options, on which Enter and Space choose as on any button. */
function onKey(event, options, choose) {
  if (!options[0].isConnected || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const digit = options[Number(event.key) - 1];
  if (digit) return choose(digit, event);
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const focused = options.indexOf(document.activeElement);
  const from = focused < 0 && step < 0 ? options.length : focused;
  options[(from + step + options.length) % options.length].focus();
}
