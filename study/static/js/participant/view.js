/** How a new view begins: at its top, with its heading in focus so that screen readers read it. */

let isOpening = true;

/** The page's first view comes by itself: it takes nobody away from a link or button that they are on already. */
export function beginAt(heading) {
  const focused = document.activeElement;
  const isTaken = isOpening && focused?.matches("a, button");
  isOpening = false;
  if (isTaken) return focused.scrollIntoView({ block: "nearest" }); // the view has pushed it down
  window.scrollTo(0, 0);
  heading.focus({ preventScroll: true });
}
