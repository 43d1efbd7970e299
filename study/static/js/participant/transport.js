/** Requests to our own server, and the two ways in which they fail. */

const TIMEOUT_MS = 15_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;

/** The server could not be reached or cannot answer now: the same request may succeed later. */
export class Unavailable extends Error {
  constructor(message, retryAfterMs = 0) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The server refused the request: the same request will not succeed later. */
export class Refused extends Error {
  constructor(status, reply) {
    super(`the server answered ${status}`);
    this.status = status;
    this.reply = reply;
  }
}

export function getJson(url) {
  return request(url, { cache: "no-store" });
}

export function postJson(url, body) {
  return request(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function request(url, options) {
  const response = await reach(url, options);
  if (response.status >= 500 || response.status === 429 || response.status === 408) {
    throw new Unavailable(`status ${response.status}`, 1000 * (Number(response.headers.get("Retry-After")) || 0));
  }
  const reply = await response.json().catch(() => null);
  // Something between us and the server (a hotel's login page, a proxy) may answer in its stead, with any status. Only
  // our own refusal says that an answer need not be sent again, and that is JSON with an `error`.
  if (reply === null || (!response.ok && !reply.error)) throw new Unavailable("the reply is not the server's");
  if (!response.ok) throw new Refused(response.status, reply);
  return reply;
}

async function reach(url, options) {
  try {
    return await fetch(url, { ...options, credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new Unavailable(error.message);
  }
}

/**
 * Calls `attempt` until it does not throw Unavailable, waiting longer each time, and at once when the browser
 * comes back online. `onFailure(failures)` hears of every failed try.
 */
export async function persistently(attempt, onFailure = () => {}) {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      onFailure(failures);
      await pauseOrOnline(pauseAfter(failures, error.retryAfterMs));
    }
  }
}

function pauseAfter(failures, retryAfterMs) {
  const doubled = FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10);
  const jitter = 0.75 + Math.random() / 2; // so that browsers cut off together do not return together
  return Math.min(LONGEST_PAUSE_MS, Math.max(retryAfterMs, doubled) * jitter);
}

function pauseOrOnline(ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    window.addEventListener("online", done, { once: true });
    function done() {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    }
  });
}
