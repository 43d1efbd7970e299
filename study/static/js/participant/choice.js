/** One choice among buttons, or one short text, by mouse, finger or keyboard. */

/** Enables the options and resolves with the first one chosen: `{value, time}`, the time of the key or click itself. */
export function choice(options) {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const choose = (option, event) => {
      if (listening.signal.aborted) return;
      listening.abort();
      for (const other of options) other.disabled = true;
      option.classList.add("chosen");
      resolve({ value: option.value, time: event.timeStamp });
    };
    for (const option of options) {
      option.disabled = false;
      option.addEventListener("click", (event) => choose(option, event), { signal: listening.signal });
    }
    document.addEventListener("keydown", (event) => onKey(event, options, choose), { signal: listening.signal });
  });
}

/** Digits choose; arrows move the focus among the options, on which Enter and Space choose as on any button. */
function onKey(event, options, choose) {
  if (!options[0].isConnected || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const digit = options[Number(event.key) - 1];
  if (digit) return choose(digit, event);
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const focused = options.indexOf(document.activeElement);
  const from = focused < 0 && step < 0 ? options.length : focused;
  options[(from + step + options.length) % options.length].focus();
}

/** No database stores NUL, and half a character is no text. */
const UNSENDABLE = /\0|\p{Surrogate}/gu;

/**
 * Enables the field and resolves with its text when the button is pressed, or Enter together with Control or Command:
 * `{value, time}`. What is written is kept under the name `draft` until then, so that a reload loses none of it.
 */
export function typing({ field, button, note }, draft) {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const { signal } = listening;
    const send = (event) => {
      if (field.required && !field.value.trim()) {
        note.classList.add("asks");
        return field.focus();
      }
      listening.abort();
      field.disabled = button.disabled = true;
      keep(draft, "");
      resolve({ value: field.value.replace(UNSENDABLE, "").trim(), time: event.timeStamp });
    };
    field.disabled = button.disabled = false;
    field.value = kept(draft);
    field.focus({ preventScroll: true });
    field.addEventListener("input", () => keep(draft, field.value), { signal });
    field.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing && send(event), { signal });
    button.addEventListener("click", send, { signal });
  });
}

/** A browser may refuse its storage; the field itself still holds the text. */
function keep(draft, text) {
  try {
    if (text) sessionStorage.setItem(draft, text);
    else sessionStorage.removeItem(draft);
  } catch (error) {
    console.info("the text is not kept while it is written:", error);
  }
}

function kept(draft) {
  try {
    return sessionStorage.getItem(draft) ?? "";
  } catch {
    return "";
  }
}
