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

/** Resolves when `button` is pressed, or Enter where nothing else wants it. `view` holds the button. */
export function pressed(view, button) {
  return new Promise((resolve) => {
    const waiting = new AbortController();
    const { signal } = waiting;
    const end = () => {
      waiting.abort();
      resolve();
    };
    button.addEventListener("click", end, { signal });
    onEnter(view, end, signal);
  });
}

/** Resolves when `form` is sent, which nothing else then does. */
export function submitted(form) {
  return new Promise((resolve) => {
    const onSubmit = (event) => {
      event.preventDefault();
      resolve();
    };
    form.addEventListener("submit", onSubmit, { once: true });
  });
}

/** Calls `act` on Enter, unless it is on something that Enter is for, until `signal`. */
export function onEnter(view, act, signal) {
  const onKey = (event) => {
    if (!view.isConnected || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" && !event.target.closest?.("a, button, summary, input, select, textarea")) act();
  };
  document.addEventListener("keydown", onKey, { signal });
}
