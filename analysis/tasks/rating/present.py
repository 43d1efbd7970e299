"""Rating in the report: its figures and its sentence."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from analysis.display.drawing import INK, Figure, finish, new_canvas, row_label
from analysis.display.forest import Axis, described, forest
from analysis.display.wording import Translation, number, percent, value_and_interval
from analysis.tasks.kind import TaskResults
from contracts.methods import method_name

LOWEST, MIDDLE, HIGHEST = "#b35806", "#e4e4e4", "#542788"
LEGIBLE = 8  # per cent of a bar that holds its number


def named(network: str, method: str) -> str:
    """What a row of a network and a method is called."""
    return f"{network} · {method_name(method)}"


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    """Mean ratings of each network with each method, and how often each point was chosen."""
    states = results.tables["states"]
    rows = states.assign(method=[named(r.network, r.method) for r in states.itertuples()], paper=np.nan)
    axis = Axis(inside("mean rating, 1–5"), 1, 3, inside("middle"), (1, 5), number)
    caption = translate(
        "Mean rating of each network with each method, from 1 to 5, with intervals over participants and images."
        " Dashed: the middle of the scale."
    )
    alternative = translate("Mean rating with interval: {estimates}.", estimates=described(rows, axis))
    return (
        forest(rows, axis, f"{results.task.name}-ratings", observer_kind, caption, alternative, inside),
        _answers(results, observer_kind, translate, inside),
    )


def _answers(results: TaskResults, observer_kind: str, translate: Translation, inside: Translation) -> Figure:
    shares = results.tables["shares"]
    told = "; ".join(
        f"{named(*label)} {', '.join(percent(v) for v in rows['value'])}"
        for label, rows in shares.groupby(["network", "method"], sort=False)
    )
    caption = translate(
        "Share of each point of the scale, by network and method: the lowest point at the left, the highest at the"
        " right. A mean or a median alone would hide a divided opinion."
    )
    alternative = translate("Shares of the points from the lowest to the highest: {answers}.", answers=told)
    return finish(
        stacked_bars(shares, inside), f"{results.task.name}-answers", observer_kind, caption, alternative, inside
    )


def stacked_bars(shares: pd.DataFrame, translate: Translation) -> Canvas:
    """A bar of 100 % for each network and method, with a part for each point."""
    groups = list(shares.groupby(["network", "method"], sort=False))
    points = sorted(shares["point"].unique())
    ramp = mpl.colors.LinearSegmentedColormap.from_list("rating", [LOWEST, MIDDLE, HIGHEST])
    colours = {point: ramp(place) for point, place in zip(points, np.linspace(0, 1, len(points)), strict=True)}
    canvas, axes = new_canvas(rows=len(groups), extra=1.1)
    for row, (label, rows) in enumerate(groups):
        y, left = len(groups) - 1 - row, 0.0
        row_label(axes, y + 0.36, named(*label))
        if rows["value"].isna().any():
            axes.text(1, y, translate("no responses"), va="center", style="italic")
            continue
        for point, value in zip(rows["point"], 100 * rows["value"], strict=True):
            axes.barh(y, value, left=left, height=0.62, color=colours[point], edgecolor="#555555", linewidth=0.5)
            if value >= LEGIBLE:
                dark = point in (points[0], points[-1])
                axes.text(
                    left + value / 2, y, f"{value:.0f}%", ha="center", va="center", fontsize=9.5,
                    color="white" if dark else INK,
                )  # fmt: skip
            left += value
    axes.set(xlim=(0, 100), ylim=(-0.5, len(groups) - 0.2), yticks=[])
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25%", "50%", "75%", "100%"])
    handles = [
        mpl.patches.Patch(facecolor=colours[p], edgecolor="#555", linewidth=0.5, label=str(int(p))) for p in points
    ]
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=len(points), frameon=False,
        borderaxespad=0.2, handlelength=1.0, handletextpad=0.4, columnspacing=1.0,
    )  # fmt: skip
    return canvas


def finding(results: TaskResults, translate: Translation) -> str:
    """The mean rating of each network with each method."""
    table = results.tables["states"].dropna(subset="value")
    means = "; ".join(
        f"{named(row.network, row.method)} {value_and_interval(row, number)}" for _, row in table.iterrows()
    )
    return translate(
        "In “{task}”, the mean rating from 1 to 5 was: {means}. No answer is right, so there is no chance level; 3 is"
        " the middle of the scale.",
        task=results.task.name,
        means=means,
    )
