"""The deferral curve: how many labels are judged rightly where sure ones are accepted without asking."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.display.drawing import BLUE, GREY, INK, VERMILION, Figure, finish, new_canvas
from analysis.display.wording import Translation, level, percent
from analysis.tasks.kind import TaskResults
from contracts.methods import method_name

STYLES = [(BLUE, "-", "o"), (VERMILION, "--", "s"), (INK, ":", "^"), (GREY, "-.", "D")]
"""Colour, line, mark: readable without colour."""
SHIFT = 0.6  # percentage points between the intervals of two methods


def deferral_figure(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> Figure | None:
    """A line for each method over thresholds of the network's confidence; None where there are no answers."""
    table = results.tables["deferral"]
    if table["value"].isna().all():
        return None
    canvas, axes = new_canvas(3, 1.2)
    for place, (method, rows) in enumerate(table.groupby("method", sort=False)):
        _line(axes, method_name(str(method)), rows, place)
    axes.axhline(50, color="#555555", linewidth=0.9, linestyle=(0, (3, 3)))
    axes.set_ylim(0, 100)
    axes.set_xlabel(inside("accepted without asking from this confidence on, %"))
    axes.set_ylabel(inside("judged rightly, %"))
    axes.legend(frameon=False, loc="lower right", fontsize=9)
    caption = translate(
        "Deferral: labels of at least this confidence of the network are accepted without asking, people's answers"
        " count for the others. Right and wrong labels count alike; bars are intervals. Dashed: guessing, 50%."
    )
    told = "; ".join(_in_words(row) for row in table.itertuples() if not np.isnan(row.value))
    alternative = translate("Judged rightly in per cent, by method and threshold: {estimates}.", estimates=told)
    return finish(canvas, f"{results.task.name}-deferral", observer_kind, caption, alternative, inside)


def _line(axes: Axes, label: str, rows: pd.DataFrame, place: int) -> None:
    colour, line, mark = STYLES[place % len(STYLES)]
    at = 100 * rows["threshold"].to_numpy(float) + SHIFT * place
    value, low, high = (100 * rows[name].to_numpy(float) for name in ("value", "low", "high"))
    axes.plot(at, value, color=colour, linestyle=line, marker=mark, markersize=4.5, label=label)
    axes.vlines(at, low, high, color=colour, linewidth=1)


def _in_words(row: pd.Series) -> str:
    return f"{method_name(row.method)} ≥ {level(row.threshold)}: {percent(row.value)}"
