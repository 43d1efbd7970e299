/**
 * A jsPsych plugin: one item, of one picture or two, and its questions one after another, answered by mouse, finger or
 * keyboard. An answer is final when it is chosen.
 *
 * `rt` runs from the moment the pictures, or a further question's answers, are painted (decoded, shown, and one frame
 * later) to the answer's own time stamp; until then the options are disabled. A clock that goes wrong is the server's
 * to judge.
 */

import { choice, typing } from "./choice.js";
import { element, painted, wait } from "./dom.js";
import { showLoadingNotes } from "./loading-note.js";
import { translate } from "./translation.js";
import { advised, drawTrial } from "./trial-view.js";
import { beginAt, pressed } from "./view.js";

const { ParameterType } = window.jsPsychModule;

/**
 * Between two trials the frame is empty and the options are disabled for this long, and so are those of a further
 * question: a change is seen, and the second half of a double click or press answers nothing. (The click's own count
 * would not do: quick answers at one place share it.)
 */
const BLANK_MS = 250;

export class TrialPlugin {
  static info = {
    name: "discern-trial",
    version: "1.0.0",
    parameters: {
      /** One of the plan's `trials`. */
      planned: { type: ParameterType.OBJECT },
      /** A line above the question, or "". */
      notice: { type: ParameterType.STRING, default: "" },
      /** The Pictures of the plan and this trial's place among them. */
      pictures: { type: ParameterType.FUNCTION },
      position: { type: ParameterType.INT },
      /** Called with the addresses of pictures that do not come; gives the elements that say what people can do. */
      way_out: { type: ParameterType.FUNCTION },
      /** Called with {question, response, rt} and the question's place; the next one waits for the promise. */
      on_response: { type: ParameterType.FUNCTION },
      /** After the last answer: what is said of it, or nothing; null where nothing ever is. */
      feedback: { type: ParameterType.FUNCTION, default: null },
    },
    data: {
      response: { type: ParameterType.STRING },
      rt: { type: ParameterType.INT },
    },
  };

  async trial(display, { planned, notice, pictures, position, way_out: wayOut, on_response: onResponse, feedback }) {
    const loader = pictures();
    const view = drawTrial(planned, notice, feedback !== null);
    document.body.classList.add("answering"); // the whole window is the trial's
    display.replaceChildren(view.root);
    beginAt(view.question);

    const stopNotes = showLoadingNotes(view, {
      onRetry: () => loader.retryNow(),
      isFailing: () => loader.failing(position).length > 0,
      wayOut: () => wayOut(loader.failing(position)),
    });
    const [images] = await Promise.all([loader.of(position), wait(BLANK_MS)]);
    stopNotes();
    images.forEach((image, place) => show(image, planned, view, place));

    const tell = (told) => showAdvice(told, planned, view, loader, wayOut);
    const answer = await askAll(planned, view, onResponse, tell);
    const said = feedback?.();
    if (said) await showFeedback(view, said);
    document.body.classList.remove("answering");
    return answer;
  }
}

/** Those whose address the plan tells come first. */
function show(image, { images }, { frames }, place) {
  const { alt, tiles } = images[place];
  if (tiles) return tiles.forEach((tile, number) => frames[place][number].replaceChildren(cut(image, images[place], tile)));
  image.alt = alt;
  frames[place][0].replaceChildren(image);
}

/** One tile of a picture, as many pixels as it has there. */
function cut(image, { columns, width, height, tiles }, { place, alt }) {
  const canvas = element("canvas", { width, height, role: "img", "aria-label": alt });
  const [across, down] = [image.naturalWidth / columns, (image.naturalHeight * columns) / tiles.length];
  canvas.getContext("2d").drawImage(image, (place % columns) * across, Math.floor(place / columns) * down, across, down, 0, 0, width, height);
  return canvas;
}

/** What the network predicts, and its picture where it has one; resolves when both are there. */
async function showAdvice({ prompt, url }, planned, view, loader, wayOut) {
  view.groups[planned.advice.after].advice.replaceChildren(...advised(prompt));
  if (!url) return;
  const stopNotes = showLoadingNotes(view, { onRetry: () => loader.retryNow(), isFailing: () => loader.isFailing(url), wayOut: () => wayOut([url]) });
  const image = await loader.one(url);
  stopNotes();
  show(image, planned, view, planned.images.length - 1);
}

async function askAll(planned, { groups }, onResponse, tell) {
  let answer;
  const { after, told } = planned.advice ?? {};
  if (told && planned.answered.length >= after) await tell(told);
  for (const [place, question] of planned.questions.entries()) {
    const given = planned.answered[place]; // on an earlier page, which was closed before the item's last question
    const { options, ...further } = groups[place];
    if (given !== undefined) {
      options.find(({ value }) => value === given)?.classList.add("chosen");
      continue;
    }
    if (place > 0) await open(further);
    const onset = await painted();
    const { value, time } = question.typed ? await typing(further, `${question.name} ${planned.trial_token}`) : await (question.wait ? waited(question, onset) : choice(options));
    answer = { question: question.name, response: value, rt: Math.round(time - onset) };
    const advice = await onResponse(answer, place);
    if (advice) await tell(advice);
  }
  return answer;
}

/** Nothing is chosen: the answer is that the time is over. */
async function waited({ wait: seconds, options }, onset) {
  await wait(1000 * seconds);
  return { value: options[0].value, time: onset + 1000 * seconds };
}

/** A further question's turn. */
async function open({ heading, asked }) {
  await wait(BLANK_MS);
  asked.classList.remove("waiting");
  asked.scrollIntoView({ block: "nearest" }); // where a window is too low for everything
  heading.focus({ preventScroll: true });
}

/** Resolves when it has been read. */
async function showFeedback({ root, feedback }, said) {
  const text = element("p", { tabindex: "-1" }, said);
  const button = element("button", { type: "button", class: "button" }, translate("Continue"));
  feedback.replaceChildren(text, button);
  root.classList.add("answered");
  feedback.scrollIntoView({ block: "nearest" });
  text.focus({ preventScroll: true });
  await pressed(feedback, button);
}
