/** The pages before the instructions that a device or window may call for; most people see none of them. */

import { measure, problems } from "./device.js";
import { element } from "./dom.js";
import { translate } from "./translation.js";
import { beginAt } from "./view.js";

// What no resizing mends.
const TOLD = {
  phone: () =>
    translate("The pictures of this study are too small on a phone. Please open the link on a computer or a tablet."),
  pointer: () =>
    translate("This study needs a mouse or a touchpad. Please open the link on a computer that has one."),
};

/**
 * Resolves when the study may begin. `report(problems)` hears what was found, at once and when it has changed;
 * `leaveUrl` is the page on which people stop taking part, empty in a preview.
 */
export async function passDeviceCheck(stage, wanted, leaveUrl, report) {
  const found = problems(wanted);
  report(found);
  const told = found.find((problem) => problem in TOLD);
  if (told) {
    turnAway(stage, TOLD[told](), leaveUrl);
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
  show(stage, translate("Before you begin"), element("p", {}, text), ...leaveLink(leaveUrl));
}

/** Resolves when the window is large enough and the button is pressed: nothing changes without the participant's action. */
async function largerWindow(stage, wanted, leaveUrl) {
  const text = element("p", { role: "status" });
  const goOn = button("button", translate("Continue"));
  const resized = new AbortController();
  const look = () => {
    const { width, height } = measure();
    const isSmall = problems(wanted).includes("window");
    const needed = { width, height, minWidth: wanted.min_width, minHeight: wanted.min_height };
    text.textContent = isSmall ? translate("This window is too small for the pictures: it has {width} × {height} pixels, and {minWidth} × {minHeight} are needed. Please make it larger, turn the device or zoom out.", needed) : translate("The window is large enough now.");
    goOn.disabled = isSmall;
  };
  window.addEventListener("resize", look, { signal: resized.signal });
  show(stage, translate("Before you begin"), text, element("p", { class: "page-buttons" }, goOn), ...leaveLink(leaveUrl));
  look();
  await pressed(goOn);
  resized.abort();
}

async function offerFullscreen(stage) {
  const [enter, skip] = [button("button", translate("Fill the screen")), button("button quiet", translate("Continue without full screen"))];
  const buttons = element("p", { class: "page-buttons" }, enter, skip);
  show(stage, translate("Full screen (optional)"), element("p", {}, translate("The pictures are easiest to see when this page fills the screen. You can leave full screen at any time with the Escape key, and you can take part without it.")), buttons);
  const filled = pressed(enter).then(() => document.documentElement.requestFullscreen());
  await Promise.race([filled, pressed(skip)]).catch(() => {}); // refused by the browser: then without it
}

function leaveLink(url) {
  return url ? [element("p", {}, element("a", { href: url }, translate("Stop taking part")))] : [];
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
