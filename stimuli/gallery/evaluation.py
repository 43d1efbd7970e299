"""The page of `evaluate`: a table beside published figures, curves, the best and worst pictures. It needs no server."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from contracts.methods import method_name
from stimuli.evaluate.metrics.metric import BASELINES
from stimuli.evaluate.run import Asked, Records
from stimuli.evaluate.summary import Estimate, Figure, Line, Summary
from stimuli.evaluate_config import EvaluateConfig
from stimuli.gallery.curves import Drawing, drawing
from stimuli.gallery.folder import write_folder
from stimuli.gallery.measured_pictures import draw_pictures, picture_file
from stimuli.gallery.templates import PAGE, environment_of, style

WHAT = "page of evaluate"
BASELINE_NAMES = {
    "uniform": "a map of one number",
    "centre": "a map of the centre",
    "random": "a map of random numbers",
}
TABLE = ("metric", "number", "unit", "network", "method", "value", "low", "high", "at", "maps", "photographs")


def write_evaluation(
    out: Path, title: str, found: Sequence[Summary], records: Records, asked: Asked, choices: EvaluateConfig
) -> None:
    """Write the page, its pictures, and its numbers as CSV into `out`.

    Raises GalleryError where `out` holds what Discern did not write, or cannot be written.
    """

    def fill(fresh: Path) -> None:
        draw_pictures(fresh, found, records, asked)
        (fresh / "index.html").write_text(_page(title, found, asked, choices), encoding="utf-8")
        _write(fresh / "table.csv", TABLE, (_row(s, f) for s in found for f in s.figures))
        _write(fresh / "curves.csv", ("metric", "curve", "network", "method", "x", "y", "low", "high"), _curves(found))
        _write(
            fresh / "maps.csv",
            ("metric", "network", "method", "image", "category", "number", "value"),
            _maps(found, records),
        )

    write_folder(out, fill, WHAT)


def number(value: float | None, unit: str) -> str:
    """A number for people: shares in percent, all else with three decimals, a true minus sign."""
    if value is None:
        return "–"
    text = f"{100 * value:.1f} %" if unit == "share" else f"{value:.3f}"
    return text.replace("-", "−")


def interval(estimate: Estimate, unit: str) -> str:
    """The 95 % interval in brackets, or why there is none."""
    if estimate.low is None:
        return "one photograph, no interval"
    return f"[{number(estimate.low, unit)}, {number(estimate.high, unit)}]"


def method_words(method: str) -> str:
    """A method or baseline for people."""
    return BASELINE_NAMES.get(method) or method_name(method)


def _page(title: str, found: Sequence[Summary], asked: Asked, choices: EvaluateConfig) -> str:
    environment = environment_of(PAGE)
    environment.filters |= {"number": number, "interval": interval, "method": method_words, "picture": picture_file}
    return environment.get_template("evaluation.html").render(
        title=title,
        found=[(summary, _grouped(summary), _drawings(summary)) for summary in found],
        photographs=len(asked.images),
        networks=sorted(asked.networks),
        resamples=choices.resamples,
        chosen=lambda summary: summary.metric.chosen(choices.options_of(summary.metric.name)),
        baselines=BASELINES,
        style=style(PAGE / "evaluation.css"),
    )


def _grouped(summary: Summary) -> list[tuple[Figure, list[Figure]]]:
    """Each number with its rows."""
    groups = [list(rows) for _, rows in groupby(summary.figures, key=lambda f: f.column.name)]
    return [(rows[0], rows) for rows in groups]


def _drawings(summary: Summary) -> list[Drawing]:
    by_curve: dict[str, list[Line]] = {}
    for line in summary.lines:
        by_curve.setdefault(line.curve.name, []).append(line)
    return [drawing(lines, _line_words(lines), number) for lines in by_curve.values()]


def _line_words(lines: Sequence[Line]) -> Callable[[Line], str]:
    several = len({line.network for line in lines}) > 1
    return lambda line: method_words(line.method) + (f", {line.network}" if several else "")


def _row(summary: Summary, figure: Figure) -> tuple[object, ...]:
    e = figure.estimate
    told = (summary.metric.name, figure.column.name, figure.column.unit, figure.network, figure.method)
    return (*told, e.value, e.low, e.high, ";".join(map(str, figure.at)), figure.maps, figure.images)


def _curves(found: Sequence[Summary]) -> Iterator[tuple[object, ...]]:
    for summary in found:
        for line in summary.lines:
            for x, e in zip(line.curve.x, line.y, strict=True):
                yield summary.metric.name, line.curve.name, line.network, line.method, x, e.value, e.low, e.high


def _maps(found: Sequence[Summary], records: Records) -> Iterator[tuple[object, ...]]:
    for summary in found:
        for network, row in records.rows(summary.metric.name):
            for name, value in row.get("values", {}).items():
                yield summary.metric.name, network, row["method"], row["image"], row["category"], name, value


def _write(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
