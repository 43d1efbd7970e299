"""The specification curve: one comparison under every analysis, sorted, with the choices below."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from analysis.display.drawing import BLUE, INK, VERMILION, WIDTH, Figure, finish, lettering
from analysis.display.wording import Translation
from analysis.results import ObserverResults
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.methods import method_name


def curves(results: ObserverResults, translate: Translation) -> tuple[Figure, ...]:
    """A figure for each comparison that has at least one estimate with an interval."""
    figures = []
    inside = lettering(translate)
    with mpl.rc_context(inside.style):
        for (task, a, b), table in results.tables["multiverse"].groupby(["task", "a", "b"], sort=False):
            drawn = table[table["low"].notna()].sort_values(["value", "low"], kind="stable", ignore_index=True)
            if len(drawn):
                name = f"multiverse-{task}-{a}-{b}"
                title = f"{method_name(a)} − {method_name(b)} ({task})"
                figures.append(_curve(drawn, name, title, results.observer_kind, translate, inside.translate))
    return tuple(figures)


def _curve(
    table: pd.DataFrame, name: str, title: str, observer_kind: str, translate: Translation, inside: Translation
) -> Figure:
    scale = ANALYSIS_KINDS[table["kind"].iloc[0]].scale
    choices = _choices(table, inside)
    canvas = Canvas(figsize=(WIDTH, 2.4 + 0.24 * len(choices)), layout="constrained")
    FigureCanvasAgg(canvas)
    above, below = canvas.subplots(2, 1, sharex=True, height_ratios=[2.2, 0.24 * len(choices)])
    _estimates(above, table, scale.factor)
    above.set_ylabel(inside(scale.difference_label))
    for row, (_, holds) in enumerate(choices):
        x = np.flatnonzero(holds)
        below.plot(x, np.full(len(x), -row), "s", color=INK, markersize=4)
    below.set_yticks(-np.arange(len(choices)), [label for label, _ in choices], fontsize=8.5)
    below.set(xticks=[], ylim=(-len(choices) + 0.4, 0.6), xlabel=inside("analyses, from the smallest difference"))
    below.spines[["top", "right", "bottom"]].set_visible(False)
    write = scale.difference
    away = int(((table["low"] > 0) | (table["high"] < 0)).sum())
    caption = translate(
        "{title} under every combination of choices: the difference with its interval above, the choices below."
        " Orange diamond: the analysis fixed beforehand. Dashed: no difference.",
        title=title,
    )
    alternative = translate.plural(
        "{n} analysis; the difference is {low}; intervals that exclude no difference: {away}.",
        "{n} analyses; the difference runs from {low} to {high}; in {away} of them the interval excludes no"
        " difference.",
        len(table), low=write(table["value"].min()), high=write(table["value"].max()), away=away,
    )  # fmt: skip
    return finish(canvas, name, observer_kind, caption, alternative, inside)


def _estimates(axes: Axes, table: pd.DataFrame, scale: float) -> None:
    x = np.arange(len(table))
    axes.vlines(x, scale * table["low"], scale * table["high"], color=BLUE, linewidth=1.6)
    axes.plot(x, scale * table["value"], "o", color=BLUE, markersize=4)
    primary = table["primary"].to_numpy(bool)
    axes.vlines(
        x[primary], scale * table["low"][primary], scale * table["high"][primary], color=VERMILION, linewidth=2.4
    )
    axes.plot(x[primary], scale * table["value"][primary], "D", color=VERMILION, markersize=6.5)
    axes.axhline(0, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.spines[["top", "right"]].set_visible(False)


def _choices(table: pd.DataFrame, translate: Translation) -> list[tuple[str, np.ndarray]]:
    """(label, which analyses made that choice), leaving out choices that all of them share."""
    words = {
        "exclusions": {"as defined": translate("exclusions as defined"), "nobody": translate("nobody excluded")},
        "overflow": {"left out": translate("overflow left out"), "kept": translate("overflow kept")},
        "analysis": {},
    }
    rows = []
    for column, labels in words.items():
        values = list(dict.fromkeys(table[column]))
        if len(values) > 1:
            rows += [(labels.get(value) or translate(value), (table[column] == value).to_numpy()) for value in values]
    return rows or [(translate("one analysis"), np.ones(len(table), bool))]
