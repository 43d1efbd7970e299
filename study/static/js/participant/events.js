/** What happens to the window while people answer: the names are jsPsych's where it has one. */

const MOST_KEPT = 200;
const RESIZE_QUIET_MS = 250;

let events = [];

/** Starts recording `{event, time}`, time in ms since the page's start. */
export function recordEvents() {
  window.addEventListener("focus", () => record("focus"));
  window.addEventListener("blur", () => record("blur"));
  document.addEventListener("visibilitychange", () => record(document.hidden ? "hidden" : "visible"));
  document.addEventListener("fullscreenchange", () =>
    record(document.fullscreenElement ? "fullscreenenter" : "fullscreenexit"),
  );
  let timer;
  window.addEventListener("resize", () => {
    clearTimeout(timer); // dragging a window's edge is one event
    timer = setTimeout(() => record("resize"), RESIZE_QUIET_MS);
  });
}

/** The events since the last call. */
export function takeEvents() {
  const taken = events;
  events = [];
  return taken;
}

function record(event) {
  events.push({ event, time: Math.round(performance.now()) });
  if (events.length > MOST_KEPT) events.shift();
}
