/** What happens to the window while people answer: the names are jsPsych's where it has one. */

const MOST_KEPT = 200;
const RESIZE_QUIET_MS = 250;

let events = [];
const noted = new Set(); // of what is noted once a page: it lasts, or comes and goes without a meaning

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
  watchAlterations();
}

/** Browsers and their extensions that translate the page, or give it colours of their own, the pictures' too at times. */
function watchAlterations() {
  const root = document.documentElement;
  const language = root.lang;
  const forced = matchMedia("(forced-colors: active)");
  const look = () => {
    if (root.lang !== language || /\btranslated-(ltr|rtl)\b/.test(root.className)) recordOnce("translated");
    if (forced.matches) recordOnce("forced-colors");
    else if (isDarkened() || "darkreaderMode" in root.dataset) recordOnce("forced-dark");
  };
  forced.addEventListener("change", look);
  new MutationObserver(look).observe(root, { attributes: true, attributeFilter: ["class", "lang", "data-darkreader-mode"] });
  look();
}

/** Where the browser darkens pages that did not ask for it, a light page's own background is not white. */
function isDarkened() {
  const probe = document.createElement("div");
  probe.hidden = true;
  probe.style.colorScheme = "light";
  probe.style.backgroundColor = "canvas";
  document.body.append(probe);
  const { backgroundColor } = getComputedStyle(probe);
  probe.remove();
  return backgroundColor !== "rgb(255, 255, 255)";
}

/** The events since the last call. */
export function takeEvents() {
  const taken = events;
  events = [];
  return taken;
}

function recordOnce(event) {
  if (noted.has(event)) return;
  noted.add(event);
  record(event);
}

function record(event) {
  events.push({ event, time: Math.round(performance.now()) });
  if (events.length > MOST_KEPT) events.shift();
}
