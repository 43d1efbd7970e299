/** What the study needs of the browser, the device and the window, and what they are. */

const PHONE_SIDE = 600; // CSS pixels of the shorter side, below which a touch screen is a phone's

/** What no page of ours can do without; asked before anything is fetched. */
export function isTooOld() {
  return !(window.indexedDB && "decode" in HTMLImageElement.prototype && AbortSignal.timeout);
}

/** The names of what does not fit the plan's `device`: "phone", "pointer", "window". */
export function problems(wanted) {
  const { width, height, screen_width: screenWidth, screen_height: screenHeight, pointer } = measure();
  const isPhone = matchMedia("(pointer: coarse)").matches && Math.min(screenWidth, screenHeight) < PHONE_SIDE;
  return [
    !wanted.phones && isPhone && "phone",
    wanted.pointer === "fine" && pointer !== "fine" && "pointer",
    (width < wanted.min_width || height < wanted.min_height) && "window",
  ].filter(Boolean);
}

/** Sizes in CSS pixels; `pointer` is the most exact one there is. */
export function measure() {
  return {
    width: Math.round(window.innerWidth),
    height: Math.round(window.innerHeight),
    screen_width: screen.width,
    screen_height: screen.height,
    pixel_ratio: window.devicePixelRatio,
    touch: navigator.maxTouchPoints > 0,
    pointer: ["fine", "coarse"].find((kind) => matchMedia(`(any-pointer: ${kind})`).matches) ?? "none",
    fullscreen: Boolean(document.fullscreenElement),
  };
}
