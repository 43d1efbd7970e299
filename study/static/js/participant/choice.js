/** One choice among buttons, by mouse, finger or keyboard. */

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
