/** The participant's page: sends what an earlier page left unsent, fetches the plan, runs it, goes to the finish. */

import { Delivery } from "./delivery.js";
import { passDeviceCheck, turnAway } from "./device-check.js";
import { isTooOld, measure } from "./device.js";
import { element } from "./dom.js";
import { recordEvents, takeEvents } from "./events.js";
import { Pictures } from "./images.js";
import { openOutbox } from "./outbox.js";
import { noteAnswered, showAnswered, showPart, showQuestion, showQuestionnaire } from "./progress.js";
import { SaveNote } from "./save-note.js";
import { translate } from "./translation.js";
import { Refused, getJson, persistently, postJson } from "./transport.js";

/** Answers that may wait unsent while people go on; the next question then waits with them. */
const MOST_UNSENT = 5;

/** Of one item; answers are kept in the order trial index + place / MOST_QUESTIONS. */
const MOST_QUESTIONS = 100;

/** Pages of questionnaires are kept between an answer and the next one. */
const BETWEEN = 1e-6;

/** After each delivered answer of this page, by the trial's index: what the server says of a practice answer. */
const feedback = new Map();

/** By the order of the answer that had to come first: the advice that its acknowledgement tells. */
const advice = new Map();

const stage = document.getElementById("stage");
const saveNote = new SaveNote(document.getElementById("save-note"));

recordEvents();
// The back button must not bring a page from memory whose plan is out of date.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

start().catch((error) => {
  // 409: another tab has answered meanwhile, so this page's plan is out of date.
  if (error instanceof Refused && error.status === 409) return location.reload();
  console.error(error);
  showMessage(translate("An answer could not be accepted"), translate("Your earlier answers are stored. Please load the page again to continue where you were."), reloadButton());
});

async function start() {
  if (isTooOld()) return turnAway(stage, translate("This browser lacks something that the study needs. Please update it, or use a recent Chrome, Edge, Firefox or Safari."), stage.dataset.leave);
  if (!window.initJsPsych) return showMessage(translate("The page did not load completely"), translate("A part of this page is missing. Please load the page again. If this happens again, write to the contact given in the information sheet."), reloadButton());
  showMessage("", translate("The study is opening…"));
  const delivery = await openDelivery();
  await sendLeftovers(delivery);
  const plan = await fetchPlan();
  if (!plan) return showMessage(translate("This link is not valid"), translate("We found no study session at this address. Please open the study link you were given."));
  if (plan.trials.length > 0 || plan.questionnaires.length > 0) {
    await passDeviceCheck(stage, plan.device, stage.dataset.leave, reportDevice);
    await run(plan, delivery);
  }
  showAnswered(plan.total, plan.total);
  if (delivery.unsent > 0) showMessage(translate("Saving your answers"), translate("Your last answers are being saved. The next page opens by itself."));
  await delivery.flush();
  location.replace(stage.dataset.finish);
}

async function openDelivery() {
  const outbox = await openOutbox(stage.dataset.plan);
  const delivery = new Delivery(outbox, {
    onFailure: () => saveNote.unsaved(),
    onSaved: () => saveNote.saved(),
    onReply: (order, reply) => {
      feedback.set(Math.floor(order), reply.feedback);
      advice.set(order, reply.advice);
    },
  });
  window.addEventListener("beforeunload", (event) => {
    if (delivery.unsent > 0) event.preventDefault();
  });
  return delivery;
}

/** A refusal needs no message here: the answer arrived before the page was closed, or the plan below says what is open. */
async function sendLeftovers(delivery) {
  await delivery.flush().catch((error) => {
    if (!(error instanceof Refused)) throw error;
  });
}

async function fetchPlan() {
  try {
    return await persistently(
      () => getJson(stage.dataset.plan),
      () => showMessage("", translate("The study cannot be reached at the moment. We keep trying; you do not need to do anything.")),
    );
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

/** In the background: nobody waits for it, and a preview has nowhere to send it. */
function reportDevice(problems) {
  const url = stage.dataset.device;
  if (url) persistently(() => postJson(url, { ...measure(), problems })).catch((error) => console.info(error));
}

/** A picture that does not come is our fault, so our log and the researchers' page of the server have to tell of it. */
function reportMissing(url) {
  if (stage.dataset.device) persistently(() => postJson(`${url}/missing`, {})).catch((error) => console.info(error));
}

/** What people can do who wait for a picture in vain. */
function wayOut() {
  const { contact, leave } = stage.dataset;
  const text = translate("The picture cannot be loaded at the moment. This is our fault, not yours. Your answers are saved. You can wait here or come back later. If this continues, write to {contact}.", { contact });
  const stop = element("a", { href: leave }, translate("Stop taking part"));
  return leave ? [text, element("span", { class: "line" }, stop)] : [text];
}

/** Resolves when every trial is answered; rejects as soon as the server refuses an answer. */
async function run(plan, delivery) {
  const pictures = new Pictures(plan.trials.map(({ images }) => images.map(({ url }) => url).filter(Boolean)));
  if (plan.trials.length > 0) pictures.begin();
  const { buildTimeline } = await import("./trials.js"); // needs jsPsych, whose absence start() has told by now
  const asked = plan.questionnaires.length > 0; // few studies ask questionnaires: the others do not wait for their script
  const questionnaireType = asked && (await import("./questionnaire-plugin.js")).QuestionnairePlugin;
  let refuse;
  const refusal = new Promise((_, reject) => (refuse = reject));
  let last = -1; // where the answer before this one is among all that are kept
  const send = async (order, url, answer) => {
    last = order;
    await delivery.store(order, url, answer);
    const sent = delivery.flush();
    sent.catch(refuse);
    return { sent }; // in an object, or it would be waited for
  };
  const timeline = buildTimeline(plan, pictures, {
    onPart: (n) => showPart(n, plan.tasks.length),
    onPage: (answered) => showAnswered(answered, plan.total),
    onQuestion: (planned, task) => showQuestion(planned, plan.total, task),
    onResponse: async (planned, response, place) => {
      const answer = { ...response, trial_index: planned.index, time_elapsed: now(), events: takeEvents() };
      const order = planned.index + place / MOST_QUESTIONS;
      const { sent } = await send(order, answerAddress(planned), answer);
      const isLast = place === planned.questions.length - 1;
      if (isLast) noteAnswered();
      if (delivery.unsent >= MOST_UNSENT || (planned.purpose === "practice" && isLast)) await sent;
      if (planned.advice?.after !== place + 1) return null;
      await sent; // nothing else tells the advice
      return advice.has(order) && advice.get(order) === undefined ? planned.advice.told : advice.get(order); // a preview's reply says nothing
    },
    questionnaireType,
    draftOf: pageAddress,
    onQuestionnaire: (page, answered) => showQuestionnaire(page, answered, plan.total),
    onAnswers: async (page, given) => {
      takeEvents(); // those of a page without a trial
      const { sent } = await send(last + BETWEEN, pageAddress(page), given);
      if (delivery.unsent >= MOST_UNSENT) await sent;
    },
    wayOut: (urls) => {
      urls.forEach(reportMissing);
      return wayOut();
    },
    feedbackOn: ({ index }) => feedback.get(index),
    onCheck: (task, attempt) =>
      persistently(
        () => postJson(addressBesidePlan(`comprehension/${task.name}`), attempt),
        () => saveNote.unsaved(),
      ).finally(() => delivery.unsent || saveNote.saved()), // answers of an earlier task may still wait
  });
  stage.replaceChildren();
  const jsPsych = window.initJsPsych({
    display_element: stage,
    on_trial_start: () => (stage.tabIndex = -1), // jsPsych makes it a stop of the Tab key, with nothing to do there
  });
  await Promise.race([jsPsych.run(timeline), refusal]);
}

function answerAddress({ trial_token: token }) {
  return addressBesidePlan(`trials/${token}`);
}

function pageAddress({ name, page }) {
  return addressBesidePlan(`questionnaires/${name}/${page}`);
}

function addressBesidePlan(path) {
  return new URL(path, new URL(stage.dataset.plan, location.href)).pathname;
}

function now() {
  return Math.round(performance.now());
}

function showMessage(title, text, ...more) {
  const heading = title ? [element("h1", {}, title)] : [];
  stage.replaceChildren(element("article", { class: "sheet", role: "status" }, ...heading, element("p", {}, text), ...more));
}

function reloadButton() {
  const button = element("button", { type: "button", class: "button" }, translate("Load the page again"));
  button.addEventListener("click", () => location.reload());
  return element("p", {}, button);
}
