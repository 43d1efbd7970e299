/** A new element. Attributes that are false or null are left out; children are nodes or plain text, never HTML. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** The next moment at which the browser has painted what is in the document now, in ms since the page's start. */
export function painted() {
  // The first frame draws the change; the second begins when the first is on its way to the screen.
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}

export function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What `promise` gives; rejects with a TimeoutError when that takes longer. */
export function within(ms, promise) {
  const late = () => Promise.reject(new DOMException(`no answer within ${ms} ms`, "TimeoutError"));
  return Promise.race([promise, wait(ms).then(late)]);
}
