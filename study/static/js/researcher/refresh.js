/** Keeps the part of a researcher's page marked `data-live` up to date; without it the page is as it was opened. */

const EVERY_MS = 30_000;
const SLOW = 20; // the server gets that many times as long to rest as it needed

const region = document.querySelector("[data-live]");
if (region) keepFresh();

function keepFresh() {
  let isPaused = false;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.textContent = "Pause updates";
  button.addEventListener("click", () => {
    isPaused = !isPaused;
    button.textContent = isPaused ? "Resume updates" : "Pause updates";
  });
  region.querySelector(".freshness").append(" ", button);

  async function again() {
    const begun = performance.now();
    const goesOn = isPaused || document.hidden || (await update(button));
    if (goesOn) setTimeout(again, Math.max(EVERY_MS, SLOW * (performance.now() - begun)));
  }
  setTimeout(again, EVERY_MS);
}

/** Fetches the page and takes its live part over; false when there is no such page any more, as after a log-out. */
async function update(button) {
  let reply;
  try {
    reply = await fetch(region.dataset.live, { redirect: "manual", cache: "no-store" });
  } catch {
    return true; // no network at the moment
  }
  if (reply.status >= 500) return true;
  const fresh = new DOMParser().parseFromString(await reply.text(), "text/html").querySelector("[data-live]");
  if (!reply.ok || !fresh) {
    button.replaceWith("Not updated any more: open the page again.");
    return false;
  }
  take(fresh, button);
  return true;
}

/** Replaces the content, except what the reader is using: opened tables stay open; the search, the focus and the button
    stay. */
function take(fresh, button) {
  const open = [...region.querySelectorAll("details")].map((details) => details.open);
  const focusable = "a, summary, input, select, button, [tabindex]";
  const focused = [...region.querySelectorAll(focusable)].indexOf(document.activeElement);
  const hadFocus = document.activeElement === button;
  fresh.querySelectorAll("details").forEach((details, place) => (details.open = open[place] ?? false));
  const search = region.querySelector("[role=search]");
  if (search) fresh.querySelector("[role=search]")?.replaceWith(search);
  fresh.querySelector(".freshness").append(" ", button);
  region.replaceChildren(...fresh.childNodes);
  if (hadFocus) button.focus();
  else if (focused >= 0) region.querySelectorAll(focusable)[focused]?.focus({ preventScroll: true });
}
