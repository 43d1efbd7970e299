/** Loads the page again when the definition, one of its texts or a picture has changed. */

const EVERY_MS = 700;
const { version, asks } = document.querySelector(".preview-bar").dataset;

setInterval(async () => {
  const reply = await fetch(asks, { cache: "no-store" }).catch(() => null); // the command may have been stopped
  if (reply?.ok && (await reply.text()) !== version) location.reload();
}, EVERY_MS);
