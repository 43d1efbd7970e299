"""Figures of where answers come from: single people and images, response times."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from analysis.display.drawing import BLUE, INK, VERMILION, WIDTH, Figure, finish, lettering, new_canvas, row_label
from analysis.display.wording import Translation, count, number
from analysis.tasks.kind import TaskResults
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.methods import method_name
from contracts.tasks import KINDS

MOST_DRAWN = 300  # clusters in a caterpillar plot; of more, this number is taken at even steps


def task_quality_figures(results: TaskResults, observer_kind: str, translate: Translation) -> tuple[Figure, ...]:
    """The kind's own, people and images one by one, response times; none without responses."""
    if not results.responses:
        return ()
    inside = lettering(translate)
    with mpl.rc_context(inside.style):
        figures = [_caterpillars(results, observer_kind, translate, inside.translate)]
        if results.tables["times"]["responses"].sum():
            figures.append(_times(results, observer_kind, translate, inside.translate))
        own = ANALYSIS_KINDS[results.task.kind].origin_figures(results, observer_kind, translate, inside.translate)
    return *own, *figures


def _caterpillars(results: TaskResults, observer_kind: str, translate: Translation, inside: Translation) -> Figure:
    scale, null = ANALYSIS_KINDS[results.task.kind].scale, KINDS[results.task.kind].null
    canvas = Canvas(figsize=(WIDTH, 3.6), layout="constrained")
    FigureCanvasAgg(canvas)
    panels = canvas.subplots(2, 1)
    below = {
        "participants": inside("participants, from the lowest ({n})", n=count(len(results.tables["participants"]))),
        "images": inside("images, from the lowest ({n})", n=count(len(results.tables["images"]))),
    }
    for axes, (name, words) in zip(panels, below.items(), strict=True):
        _caterpillar(axes, results.tables[name], scale.factor, scale.factor * null)
        axes.set(ylabel=inside(scale.label), xlabel=words, xticks=[])
    write = scale.level
    ends = {
        name: (write(table["value"].min()), write(table["value"].max()))
        for name, table in (("participants", results.tables["participants"]), ("images", results.tables["images"]))
    }
    caption = translate(
        "Each participant (above) and each image (below), from the lowest to the highest, with an interval from its own"
        " responses alone. Orange: intervals that exclude the dashed line."
    )
    alternative = translate(
        "Participants lie between {p_low} and {p_high}, images between {i_low} and {i_high}.",
        p_low=ends["participants"][0], p_high=ends["participants"][1],
        i_low=ends["images"][0], i_high=ends["images"][1],
    )  # fmt: skip
    return finish(canvas, f"{results.task.name}-individuals", observer_kind, caption, alternative, inside)


def _caterpillar(axes: Axes, table: pd.DataFrame, scale: float, null: float) -> None:
    if len(table) > MOST_DRAWN:
        table = table.iloc[np.linspace(0, len(table) - 1, MOST_DRAWN).round().astype(int)]
    x, values, low, high = np.arange(len(table)), *(scale * table[c].to_numpy(float) for c in ("value", "low", "high"))
    apart = (low > null) | (high < null)
    for chosen, colour in ((~apart, BLUE), (apart, VERMILION)):
        axes.vlines(x[chosen], low[chosen], high[chosen], color=colour, linewidth=1.1, alpha=0.75)
        axes.plot(x[chosen], values[chosen], "o" if colour == BLUE else "D", color=colour, markersize=2.8)
    axes.axhline(null, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.spines[["top", "right"]].set_visible(False)


def _times(results: TaskResults, observer_kind: str, translate: Translation, inside: Translation) -> Figure:
    table = results.tables["times"]
    canvas, axes = new_canvas(rows=len(table), extra=0.6)
    for row, entry in enumerate(table.itertuples()):
        y = len(table) - 1 - row
        row_label(axes, y + 0.2, method_name(entry.method))
        if entry.responses:
            axes.plot(
                [entry.lower_quartile / 1000, entry.upper_quartile / 1000], [y, y], color=BLUE, linewidth=5, alpha=0.5
            )
            axes.plot(entry.median / 1000, y, "o", color=BLUE, markersize=8)
    axes.set(ylim=(-0.4, len(table) - 0.3), yticks=[], xlabel=inside("seconds"))
    axes.set_xlim(left=0)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.7)
    axes.set_axisbelow(True)
    medians = "; ".join(
        f"{method_name(row.method)} {number(row.median / 1000, 1)} s" for row in table.itertuples() if row.responses
    )
    caption = translate(
        "Response times by method: median (dot) and middle half (bar). Browsers time with an error of 10 to 40 ms."
    )
    alternative = translate("Median times: {medians}.", medians=medians)
    return finish(canvas, f"{results.task.name}-times", observer_kind, caption, alternative, inside)
