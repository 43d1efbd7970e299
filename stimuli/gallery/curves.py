"""Curves as points of an SVG drawing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stimuli.evaluate.metrics.metric import BASELINES
from stimuli.evaluate.summary import Line

WIDTH, HEIGHT = 560, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 30
COLOURS = 4  # of lines, before they repeat with dashes


@dataclass(frozen=True)
class Stroke:
    """A line: `points` and the `band` of its intervals as SVG lists them; `colour` from 1, 0 for a baseline."""

    name: str
    points: str
    band: str
    colour: int
    dash: str


@dataclass(frozen=True)
class Drawing:
    """One curve's lines, with marks (place, words) of both axes."""

    title: str
    x_label: str
    strokes: tuple[Stroke, ...]
    x_marks: tuple[tuple[float, str], ...]
    y_marks: tuple[tuple[float, str], ...]


def drawing(lines: Sequence[Line], name: Callable[[Line], str], number: Callable[[float | None, str], str]) -> Drawing:
    """All lines of one curve."""
    curve = lines[0].curve
    low, high = _range(lines)
    x0, x1 = min(curve.x), max(curve.x)

    def across(x: float) -> float:
        return round(LEFT + (x - x0) / ((x1 - x0) or 1) * (WIDTH - LEFT - RIGHT), 1)

    def down(y: float) -> float:
        return round(HEIGHT - BOTTOM - (y - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    def points(pairs: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{across(x)},{down(y)}" for x, y in pairs)

    strokes, drawn = [], 0
    for line in sorted(lines, key=lambda line: (line.method in BASELINES, line.network, line.method)):
        is_baseline = line.method in BASELINES
        edges = [(e.low, e.high) for e in line.y if e.low is not None and e.high is not None]
        band = [*zip(curve.x, (e[0] for e in edges)), *zip(curve.x[::-1], (e[1] for e in edges[::-1]))]  # noqa: B905 - no edges
        dash = "3 3" if is_baseline else ("" if drawn < COLOURS else "8 4")
        colour = 0 if is_baseline else drawn % COLOURS + 1
        path = points(list(zip(curve.x, (e.value for e in line.y), strict=True)))
        strokes.append(Stroke(name(line), path, "" if is_baseline else points(band), colour, dash))
        drawn += not is_baseline
    steps = [step / 4 for step in range(5)]
    return Drawing(
        curve.label,
        curve.x_label,
        tuple(strokes),
        tuple((across(x0 + step * (x1 - x0)), f"{x0 + step * (x1 - x0):.2f}") for step in steps),
        tuple((down(low + step * (high - low)), number(low + step * (high - low), curve.unit)) for step in steps),
    )


def _range(lines: Sequence[Line]) -> tuple[float, float]:
    values = [v for line in lines for e in line.y for v in (e.value, e.low, e.high) if v is not None]
    low, high = min(0.0, *values), max(values)
    return low, high if high > low else low + 1
