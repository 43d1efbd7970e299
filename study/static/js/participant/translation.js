/**
 * The sentences of the scripts in the page's language. In the code they are English; the page brings the translations
 * as JSON (study/views/server/languages.py), an English page none.
 */

const { texts = {}, forms = [] } = JSON.parse(document.getElementById("script-texts")?.textContent ?? "{}");

/** `text` in the page's language, with each {name} replaced by `values.name`. */
export function translate(text, values = {}) {
  return filled(texts[text]?.[0] ?? text, values);
}

/** `one` or `many`, as `n` and the page's language want it. */
export function translatePlural(one, many, n, values = {}) {
  const text = texts[one]?.[forms[n < forms.length ? n : 100 + (n % 100)]];
  return filled(text ?? (n === 1 ? one : many), values);
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
