/** Tells the server the browser's time zone, for the times on the pages that follow. */

const place = location.pathname.replace(/\/researcher(\/.*)?$/, "/researcher");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.cookie = `discern-zone=${zone}; path=${place}; max-age=31536000; samesite=lax`;
