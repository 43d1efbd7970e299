/** Every sentence that the study's scripts show, in one place, so that a translation replaces one object. */
const SENTENCES = {
  question: "Question {n} of {total}",
  answered: "{n} of {total} questions answered",
  instructions: "Instructions",
  part: "Part {n} of {total}",
  loading: "The picture is loading …",
  loadingSlowly: "The picture is taking longer than usual. We keep trying.",
  loadAgain: "Try again now",
  keysChoose: "Choose with the mouse or a finger, or press {keys} on the keyboard.",
  keyList: "{first} or {last}",
  keyRange: "{first} to {last}",
  back: "Back",
  next: "Continue",
  begin: "Begin",
  goOn: "Go on",
  breakTitle: "Part {n} of {total} is done",
  breakText: "Take a short break if you like. The next part has {trials} questions.",
  resumeTitle: "Welcome back",
  resumeText: "Your earlier answers are saved. You go on with question {n} of {total}.",
  resumeInstructions: "Read the instructions again",
  unsaved: "Your answer is not saved yet. We keep trying; please leave this page open.",
  offline: "You are offline. Your answers are kept in this browser and are sent when the connection is back.",
  saved: "All your answers are saved.",
  sendingTitle: "Saving your answers",
  sendingText: "Your last answers are being saved. This page goes on by itself.",
  opening: "The study is being opened …",
  openingSlowly: "The study cannot be reached at the moment. We keep trying; you need not do anything.",
  brokenTitle: "The page did not load completely",
  brokenText: "A part of this page is missing. Please load the page again; if this stays so, write to the contact given in the information sheet.",
  unknownTitle: "This link is not known",
  unknownText: "The address of your study session is not known here. Please enter again by the link you were given.",
  refusedTitle: "An answer could not be accepted",
  refusedText: "Your earlier answers are safe. Please load the page again to go on where you were.",
  copied: "Copied.",
  notCopied: "Copying is not allowed here. The code is selected: copy it with the keyboard.",
  reload: "Load the page again",
};

/** The sentence `key` with `{name}` replaced by `values.name`. */
export function say(key, values = {}) {
  return SENTENCES[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
