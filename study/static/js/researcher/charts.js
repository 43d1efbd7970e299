/** Draws the numbers of the researchers' tables with Observable Plot (docs/adr/044). `data-chart="rows"` has a bar
    beside each row of the table before it, `data-chart="columns"` a column over an axis for each row of its figure's. */

const { Plot, d3 } = globalThis; // /vendor/plot.js and /vendor/d3.js, which the page loads before this
const BAR = { fill: "var(--bar)", stroke: "var(--bar-edge)" };
const NARROW = 200; // px; an axis with room for its ends only
const LEAST = 40; // px; a drawing of no width has bars of less than none
const MINUTE_MS = 60_000;
const THICKNESS = { beside: 12, under: 4 }; // of a row's bar, in px
const drawn = new Map(); // place of a chart on the page → what was drawn there last

const page = document.querySelector("main");
new ResizeObserver(drawAll).observe(page);
// refresh.js exchanges these children. What observes them comes before the browser paints: no chart is ever missing.
const exchanged = new MutationObserver(drawAll);
for (const live of page.querySelectorAll("[data-live]")) exchanged.observe(live, { childList: true });

function drawAll() {
  page.querySelectorAll("[data-chart]").forEach((place, index) => {
    const [read, draw] = place.dataset.chart === "rows" ? [readRows, bars] : [readColumns, columns];
    const chart = read(place);
    const state = JSON.stringify(chart);
    const last = drawn.get(index);
    const svg = last?.state === state ? last.svg : finished(draw(chart));
    if (!place.contains(svg)) place.replaceChildren(svg);
    drawn.set(index, { state, svg });
  });
}

function finished(svg) {
  // Our content security policy refuses style elements in a document; charts.css has the rules instead.
  svg.querySelector("style").remove();
  svg.setAttribute("aria-hidden", "true"); // its place on the page is an image with a name
  return svg;
}

function rowsOf(table) {
  return [...table.tBodies].flatMap((body) => [...body.rows]);
}

/** The number in the row's cell marked `data-drawn`, and the aim where that says “12 of 40”. */
function numbers(row) {
  const [value, aim] = row.querySelector("[data-drawn]")?.textContent.match(/[\d.]+/g)?.map(Number) ?? [];
  return { value, aim };
}

/** The place of each row of the table, which is the place of its bar: beside it, or under it on a phone. */
function readRows(place) {
  const table = place.previousElementSibling;
  const top = table.getBoundingClientRect().top;
  const isUnder = getComputedStyle(place).position === "sticky"; // charts.css
  const thickness = isUnder ? THICKNESS.under : THICKNESS.beside;
  const rows = rowsOf(table).map((row) => {
    const box = row.getBoundingClientRect();
    const y2 = Math.round(isUnder ? box.bottom - top - 1 : box.top - top + (box.height + thickness) / 2);
    return { ...numbers(row), y1: y2 - thickness, y2 };
  });
  const shown = rows.filter((row) => row.value !== undefined);
  return {
    rows: shown,
    most: Number(place.dataset.most) || Math.max(1, ...shown.map((row) => Math.max(row.value, row.aim ?? 0))),
    hasAxis: !isUnder,
    size: {
      width: Math.max((isUnder ? place.parentElement : place).clientWidth, LEAST),
      height: table.offsetHeight,
      marginTop: table.tHead.offsetHeight,
    },
  };
}

function bars({ rows, most, hasAxis, size }) {
  const ticks = size.width < NARROW ? [0, most] : whole(0, most, size.width / 90);
  return Plot.plot({
    ...size,
    marginLeft: 6,
    marginRight: 14,
    marginBottom: 0,
    x: { domain: [0, most], label: null, axis: null },
    y: { type: "identity", axis: null },
    marks: [
      hasAxis ? Plot.axisX(ticks, { anchor: "top", tickSize: 0, tickFormat: String }) : null,
      hasAxis ? Plot.gridX(ticks, { stroke: "var(--line)", strokeOpacity: 1 }) : null,
      Plot.rect(rows, { x1: 0, x2: "value", y1: "y1", y2: "y2", ...BAR }),
      Plot.ruleX(rows, { x: "aim", y1: (row) => row.y1 - 3, y2: (row) => row.y2 + 3, strokeWidth: 2 }),
    ],
  });
}

function readColumns(place) {
  const table = place.closest("figure").querySelector("table");
  const labels = [...table.tHead.rows[0].cells].map((head) => head.textContent.trim());
  const { scale, line, lineName } = place.dataset;
  const rows = rowsOf(table).map((row) => {
    const words = [...row.cells].map((cell, i) => `${labels[i]}: ${cell.textContent.trim()}`);
    return { ...numbers(row), name: row.cells[0].textContent.trim(), words: words.join("\n") };
  });
  const starts = rowsOf(table).map((row, i) => {
    if (scale === "day") return i;
    const moment = row.querySelector("time");
    return moment ? Date.parse(moment.dateTime) : Number(row.cells[0].textContent);
  });
  edges(starts, scale).forEach(([x1, x2], i) => Object.assign(rows[i], { x1, x2 }));
  return {
    rows,
    scale,
    line: line && { x: Number(line), name: lineName },
    labels,
    // Where there is less room than that, the drawing is scaled down.
    size: { width: Math.max(place.clientWidth, NARROW), height: place.clientHeight },
  };
}

/** Both sides of each column. They begin at `starts`, one where the other ends; a count's column has it in the middle. */
function edges(starts, scale) {
  if (scale === "count" || scale === "day") return starts.map((n) => [n - 0.5, n + 0.5]);
  const [last, before = last - MINUTE_MS] = [...starts].reverse();
  const end = scale === "log" ? last ** 2 / before : 2 * last - before;
  const first = scale === "log" ? starts[1] ** 2 / starts[2] : starts[0]; // nothing on this axis begins at 0
  return starts.map((start, i) => [i ? start : first, starts[i + 1] ?? end]);
}

function columns({ rows, scale, line, labels, size }) {
  const [, most] = d3.nice(0, Math.max(2, ...rows.map((row) => row.value)), 4);
  const domain = [rows[0].x1, rows.at(-1).x2];
  return Plot.plot({
    ...size,
    marginLeft: 16 + 8 * String(most).length,
    marginBottom: scale === "time" || scale === "day" ? 54 : 42, // times have two lines
    marginTop: 26,
    x: { domain, label: null, type: { count: "linear", day: "linear", time: "time", log: "log" }[scale] },
    y: { domain: [0, most], label: null },
    marks: [
      Plot.axisX({ ...xTicks(scale, domain, size.width, rows), label: labels[0], labelAnchor: "center", labelArrow: "none" }),
      Plot.axisY(whole(0, most, 4), { tickSize: 0, tickFormat: String, label: labels[1], labelArrow: "none" }),
      Plot.gridY(whole(0, most, 4), { stroke: "var(--line)", strokeOpacity: 1 }),
      Plot.rectY(rows, { x1: "x1", x2: "x2", y: "value", insetLeft: 0.5, insetRight: 0.5, ...BAR }),
      scale === "day" ? Plot.text(rows, { x: (_, i) => i, y: "value", text: (row) => String(row.value), dy: -7 }) : null,
      Plot.ruleY([0]),
      line && Plot.ruleX([line.x], { stroke: "currentColor", strokeDasharray: "4 3" }),
      line && Plot.text([line.name], { x: line.x, frameAnchor: "top", dy: -14 }),
      Plot.tip(
        rows.filter((row) => row.value),
        Plot.pointerX({ x1: "x1", x2: "x2", y: "value", title: "words", lineWidth: 22, lineHeight: 1.2 }),
      ),
    ],
  });
}

function xTicks(scale, domain, width, rows) {
  if (scale === "day") {
    const step = Math.ceil((rows.length * 34) / width); // px of a day's name
    const last = rows.length - 1;
    const ticks = rows.map((_, i) => i).filter((i) => (last - i) % step === 0);
    return { ticks, tickSize: 0, tickFormat: (i) => rows[i].name.split(" ").slice(0, 2).join("\n") };
  }
  if (scale === "count" || scale === "day") return { ticks: whole(...domain, width / 50) };
  if (scale === "log") return { ticks: [0.1, 0.3, 1, 3, 10, 30], tickFormat: String };
  const [clock, day] = [d3.timeFormat("%H:%M"), d3.timeFormat("%H:%M\n%b %-d")];
  const inDays = domain[1] - domain[0] > 5 * 24 * 60 * MINUTE_MS;
  const name = (at, i) => (i && at.getHours() + at.getMinutes() ? clock(at) : day(at));
  const most = Math.max(1, (domain[1] - domain[0]) / MINUTE_MS); // a name tells no seconds
  return { ticks: Math.floor(Math.min(width / 90, most)), tickFormat: inDays ? d3.timeFormat("%b %-d") : name };
}

/** Round whole numbers between both, about `count` of them. */
function whole(from, to, count) {
  return d3.ticks(from, to, Math.max(1, count)).filter(Number.isInteger);
}
