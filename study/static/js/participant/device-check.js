/** The pages before the instructions that a device or window may call for; most people see none of them. */

import { measure, problems } from "./device.js";
import { element } from "./dom.js";
import { say } from "./strings.js";
import { beginAt } from "./view.js";

const TOLD = { phone: "devicePhone", pointer: "devicePointer" }; // what no resizing mends

/**
 * Resolves when the study may begin. `report(problems)` hears what was found, at once and when it has changed;
 * `leaveUrl` is where somebody gives their place back, empty in a preview.
 */
export async function passDeviceCheck(stage, wanted, leaveUrl, report) {
  const found = problems(wanted);
  report(found);
  const told = found.find((problem) => problem in TOLD);
  if (told) {
    turnAway(stage, say(TOLD[told]), leaveUrl);
    return new Promise(() => {}); // this page goes no further
  }
  if (found.length > 0) {
    await largerWindow(stage, wanted, leaveUrl);
    report([]);
  }
  if (wanted.fullscreen && document.fullscreenEnabled && !document.fullscreenElement) {
    await offerFullscreen(stage);
    report([]);
  }
}

/** Says why this device will not do, and how to give the place back. */
export function turnAway(stage, text, leaveUrl) {
  show(stage, say("deviceTitle"), element("p", {}, text), ...leaveLink(leaveUrl));
}

/** Resolves when the window is large enough and the button is pressed: nothing happens behind somebody's back. */
async function largerWindow(stage, wanted, leaveUrl) {
  const text = element("p", { role: "status" });
  const goOn = button("button", say("goOn"));
  const resized = new AbortController();
  const look = () => {
    const { width, height } = measure();
    const isSmall = problems(wanted).includes("window");
    const needed = { width, height, minWidth: wanted.min_width, minHeight: wanted.min_height };
    text.textContent = isSmall ? say("deviceWindow", needed) : say("deviceFits");
    goOn.disabled = isSmall;
  };
  window.addEventListener("resize", look, { signal: resized.signal });
  show(stage, say("deviceTitle"), text, element("p", { class: "page-buttons" }, goOn), ...leaveLink(leaveUrl));
  look();
  await pressed(goOn);
  resized.abort();
}

async function offerFullscreen(stage) {
  const [enter, skip] = [button("button", say("fullscreenEnter")), button("button quiet", say("fullscreenSkip"))];
  const buttons = element("p", { class: "page-buttons" }, enter, skip);
  show(stage, say("fullscreenTitle"), element("p", {}, say("fullscreenText")), buttons);
  const filled = pressed(enter).then(() => document.documentElement.requestFullscreen());
  await Promise.race([filled, pressed(skip)]).catch(() => {}); // refused by the browser: then without it
}

function leaveLink(url) {
  return url ? [element("p", {}, element("a", { href: url }, say("deviceLeave")))] : [];
}

function button(classes, text) {
  return element("button", { type: "button", class: classes }, text);
}

function pressed(node) {
  return new Promise((resolve) => node.addEventListener("click", resolve, { once: true }));
}

function show(stage, title, ...content) {
  const heading = element("h1", { tabindex: "-1" }, title);
  stage.replaceChildren(element("article", { class: "sheet" }, heading, ...content));
  beginAt(heading);
}
