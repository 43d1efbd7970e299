/** About how long a person still needs, from the median of their own times for a question. */

const FEWEST = 3; // times, before anything is said
const MINUTE_MS = 60_000;

export class TimeLeft {
  #times = [];
  #said = Infinity;

  /** The person needed `ms` for a question. */
  note(ms) {
    this.#times.push(ms);
  }

  /** Whole minutes for `questions` more: 0 is less than one, null too early to tell. It never rises by more than one. */
  minutes(questions) {
    if (this.#times.length < FEWEST) return null;
    this.#said = Math.min(Math.round((median(this.#times) * questions) / MINUTE_MS), this.#said + 1);
    return this.#said;
  }
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}
