"""The flow of participants: who joined, who was left out and why, whose answers are analysed."""

import textwrap
import unicodedata
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from analysis.display.drawing import INK, Figure, finish, lettering
from analysis.display.forest import PAGE
from analysis.display.wording import Translation, count
from analysis.results import ObserverResults

BOX, HEIGHT, LINE = 1.7, 0.36, 0.17  # inches


@dataclass(frozen=True)
class Station:
    """A box of the chart: `people` are there; `notes` say who left before it, or what is to be known of them."""

    name: str
    people: int
    notes: tuple[str, ...]


def flow_figure(results: ObserverResults, translate: Translation) -> Figure:
    """Boxes from left to right, whose numbers add up: those who joined less those who left are those analysed."""
    inside = lettering(translate)
    with mpl.rc_context(inside.style):
        canvas = _chart(stations(results, inside.translate))
        steps = " → ".join(_in_words(station) for station in stations(results, translate))
        return finish(canvas, "flow", results.observer_kind, _caption(results, translate), steps, inside.translate)


def stations(results: ObserverResults, translate: Translation) -> tuple[Station, ...]:
    """Joined; data kept, where somebody withdrew; analysed."""
    who = results.people
    unfinished = translate("did not finish: {n}", n=count(who.unfinished))
    found = [Station(translate("Joined"), who.joined, (unfinished,) if who.unfinished else ())]
    if who.withdrew:
        gone = translate("withdrew: {n}", n=count(who.withdrew))
        found.append(Station(translate("Data kept"), who.joined - who.withdrew, (gone,)))
    steps = results.included.flow.iloc[2 if who.withdrew else 1 :]
    left_out = tuple(
        f"{translate.note(step.step)}: {count(step.participants_out)}"
        for step in steps.itertuples()
        if step.participants_out
    )
    answers = translate.plural("{n} response", "{n} responses", len(results.included.trials))
    return (*found, Station(translate("Analysed"), results.participants, (answers, *left_out)))


def _caption(results: ObserverResults, translate: Translation) -> str:
    given, planned = (sum(getattr(task, part) for task in results.reached) for part in ("given", "planned"))
    if not planned:
        return translate("Participant flow.")
    if given >= planned:
        return translate("Participant flow. All {planned} planned ratings are in.", planned=count(planned))
    return translate(
        "Participant flow. {given} of {planned} planned ratings are in.", given=count(given), planned=count(planned)
    )


def _in_words(station: Station) -> str:
    notes = f" ({'; '.join(station.notes)})" if station.notes else ""
    return f"{station.name}: {count(station.people)}{notes}"


def _chart(boxes: tuple[Station, ...]) -> Canvas:
    notes = [_folded("; ".join(station.notes), 80 if len(boxes) == 2 else 42) for station in boxes]
    height = HEIGHT + 0.1 + LINE * max(map(len, notes))
    canvas = Canvas(figsize=(PAGE.width, height))
    FigureCanvasAgg(canvas)
    axes = canvas.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, PAGE.width), ylim=(-height + HEIGHT + 0.03, HEIGHT + 0.03))
    axes.axis("off")
    step = (PAGE.width - BOX - 0.04) / max(len(boxes) - 1, 1)
    for i, station in enumerate(boxes):
        _box(axes, 0.02 + i * step, station, notes[i], "right" if i and i == len(boxes) - 1 else "left")
        if i:
            start, end = (0.07 + (i - 1) * step + BOX, HEIGHT / 2), (0.02 + i * step - 0.05, HEIGHT / 2)
            axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "#535b63"})
    return canvas


def _box(axes: Axes, x: float, station: Station, notes: list[str], side: str) -> None:
    axes.add_patch(
        mpl.patches.FancyBboxPatch(
            (x, 0), BOX, HEIGHT, boxstyle="round,pad=0,rounding_size=0.05", facecolor="white", edgecolor="#7b848c"
        )
    )
    axes.text(x + 0.1, HEIGHT / 2, station.name, va="center", fontsize=8.5, color="#535b63")
    axes.text(
        x + BOX - 0.1, HEIGHT / 2, count(station.people), va="center", ha="right", fontsize=11, weight="bold", color=INK
    )
    for i, line in enumerate(notes):
        axes.text(x + (BOX if side == "right" else 0), -0.08 - i * LINE, line, va="top", ha=side, fontsize=8)


def _folded(text: str, letters: int) -> list[str]:
    """In lines; letters such as Korean ones are about twice as wide as Latin ones."""
    is_wide = any(unicodedata.east_asian_width(letter) == "W" for letter in text)
    return textwrap.wrap(text, letters * 4 // 7 if is_wide else letters)
