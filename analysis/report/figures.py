"""The figures of the primary results: a forest plot, and for trust the answers as diverging bars."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from analysis.display.drawing import BLUE, GREY, INK, VERMILION, Figure, finish, lettering, new_canvas, row_label
from analysis.display.wording import Wording, interval, number, percent
from analysis.results import TaskResults
from contracts.methods import method_name
from contracts.tasks import SCORES

SCORE_COLOURS = {-2: "#b35806", -1: "#f1a340", 0: "#d8d8d8", 1: "#998ec3", 2: "#542788"}


def forest(
    table: pd.DataFrame, say: Wording, *, label: str, scale: float, null: float, limits: tuple[float, float]
) -> Canvas:
    """Estimates with intervals, a row each from the top: `method`, `value`, `low`, `high`, `paper`, perhaps `naive_*`.

    Values are multiplied by `scale`; `null`, on the scale drawn, is the dashed line.
    """
    canvas, axes = new_canvas(rows=len(table), extra=1.15)
    for row, entry in enumerate(table.itertuples()):
        y = len(table) - 1 - row
        _forest_row(axes, y, entry, scale, say)
    axes.axvline(null, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    axes.set(xlim=limits, ylim=(-0.55, len(table) - 0.3), xlabel=label, yticks=[])
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.7)
    axes.set_axisbelow(True)
    _legend(axes, table, say)
    return canvas


def _forest_row(axes: Axes, y: float, entry: object, scale: float, say: Wording) -> None:
    row_label(axes, y + 0.24, method_name(entry.method))
    if np.isnan(entry.value):
        axes.text(0.0, y, say("no responses"), transform=axes.get_yaxis_transform(), va="center", style="italic")
        return
    if not np.isnan(getattr(entry, "naive_low", np.nan)):
        axes.plot([scale * entry.naive_low, scale * entry.naive_high], [y - 0.2] * 2, color=GREY, linewidth=1.6)
    if not np.isnan(entry.low):
        axes.plot([scale * entry.low, scale * entry.high], [y, y], color=BLUE, linewidth=2.6, solid_capstyle="butt")
    axes.plot(scale * entry.value, y, "o", color=BLUE, markersize=8, zorder=4)
    if not np.isnan(entry.paper):
        axes.plot(
            scale * entry.paper, y, "D", markersize=7.5, zorder=5, markerfacecolor="white",
            markeredgecolor=VERMILION, markeredgewidth=1.8,
        )  # fmt: skip


def _legend(axes: Axes, table: pd.DataFrame, say: Wording) -> None:
    handles = [mpl.lines.Line2D([], [], color=BLUE, marker="o", markersize=7, linewidth=2.6, label=say("this study"))]
    if "naive_low" in table:
        handles.append(mpl.lines.Line2D([], [], color=GREY, linewidth=1.6, label=say("naive interval")))
    if table["paper"].notna().any():
        handles.append(
            mpl.lines.Line2D(
                [],
                [],
                linestyle="",
                marker="D",
                markerfacecolor="white",
                markeredgecolor=VERMILION,
                label=say("the paper"),
            )
        )
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, frameon=False, borderaxespad=0.2,
        handlelength=1.6, columnspacing=1.4,
    )  # fmt: skip


def diverging_bars(shares: pd.DataFrame, first: str, second: str, say: Wording) -> Canvas:
    """Answers by method as bars around the middle of "equally reliable": left for `second`, right for `first`."""
    methods = list(dict.fromkeys(shares["method"]))
    canvas, axes = new_canvas(rows=len(methods), extra=1.35)
    for row, method in enumerate(methods):
        y = len(methods) - 1 - row
        row_label(axes, y + 0.36, method_name(method))
        values = shares[shares["method"] == method].set_index("score")["value"]
        if values.isna().any():
            axes.text(0.0, y, say("no responses"), transform=axes.get_yaxis_transform(), va="center", style="italic")
            continue
        _diverging_row(axes, y, 100 * values)
    axes.axvline(0, color=INK, linewidth=0.9)
    axes.set(xlim=(-100, 100), ylim=(-0.5, len(methods) - 0.2), yticks=[])
    axes.set_xticks([-100, -50, 0, 50, 100], ["100%", "50%", "0", "50%", "100%"])
    axes.set_xlabel(say("← {second} more reliable      {first} more reliable →", first=first, second=second))
    words = {2: say("clearly"), 1: say("slightly"), 0: say("equal")}
    handles = [
        mpl.patches.Patch(facecolor=SCORE_COLOURS[s], edgecolor="#555", linewidth=0.5, label=words[abs(s)])
        for s in SCORES
    ]
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=5, frameon=False, borderaxespad=0.2,
        handlelength=1.0, handletextpad=0.4, columnspacing=1.0,
    )  # fmt: skip
    return canvas


def _diverging_row(axes: Axes, y: float, shares: pd.Series) -> None:
    left = -(shares[-2] + shares[-1] + shares[0] / 2)
    for score in SCORES:
        width = shares[score]
        axes.barh(y, width, left=left, height=0.62, color=SCORE_COLOURS[score], edgecolor="#555555", linewidth=0.5)
        if width >= 8:
            ink = "white" if abs(score) == 2 else INK
            axes.text(left + width / 2, y, f"{width:.0f}%", ha="center", va="center", color=ink, fontsize=9.5)
        left += width


def task_figures(results: TaskResults, observer_kind: str, say: Wording) -> tuple[Figure, ...]:
    """The figures of one task, captions and alternative texts in the language of `say`; none without responses."""
    if not results.responses:
        return ()
    draw = _trust_figures if results.task.kind == "trust" else _accuracy_figures
    inside = lettering(say)
    with mpl.rc_context(inside.style):
        return draw(results, observer_kind, say, inside.say)


def _accuracy_figures(results: TaskResults, observer_kind: str, say: Wording, inside: Wording) -> tuple[Figure, ...]:
    table = results.tables["accuracy"]
    canvas = forest(table, inside, label=inside("right answers, %"), scale=100, null=50, limits=_percent_limits(table))
    caption = say(
        "Right answers by method. Dots and blue lines: this study with its interval over participants and images."
        " Grey lines: the naive interval, which takes every response for independent and is too short."
        " Dashed: guessing, 50%."
    )
    alternative = say("Accuracy in per cent with interval: {estimates}.", estimates=_described(table, 1, 100))
    caption = _with_paper(caption, table, say)
    figures = [finish(canvas, f"{results.task.name}-accuracy", observer_kind, caption, alternative, inside)]
    if len(steps := results.tables["confidence"]):
        figures.append(_calibration(steps, results.task.name, observer_kind, say, inside))
    return tuple(figures)


def _calibration(table: pd.DataFrame, task: str, observer_kind: str, say: Wording, inside: Wording) -> Figure:
    """Accuracy at each step of stated confidence, beside the chance that the step states."""
    canvas, axes = new_canvas(rows=3, extra=1.0)
    axes.spines["left"].set_visible(True)
    given = table[table["value"].notna()]
    axes.plot(table["step"], 100 * table["stated"], color=GREY, linestyle=(0, (4, 3)), label=inside("as stated"))
    axes.vlines(given["step"], 100 * given["low"], 100 * given["high"], color=BLUE, linewidth=2.6)
    axes.plot(given["step"], 100 * given["value"], "o", color=BLUE, markersize=8, label=inside("right answers, %"))
    ends = {1: inside("1, a guess"), 2: "2", 3: "3", 4: inside("4, certain")}
    axes.set_xticks(list(ends), list(ends.values()))
    axes.set(xlim=(0.6, 4.4), ylim=(0, 104), xlabel=inside("stated confidence"), ylabel=inside("right answers, %"))
    axes.legend(loc="lower right", frameon=False)
    caption = say(
        "Right answers at each step of stated confidence, with intervals over participants and images. Dashed: the"
        " chance of being right that each step is read as, from 50% for a guess to 100%. Dots below it are"
        " over-confident."
    )
    described = "; ".join(f"{row.step}: {percent(row.value)}" for row in given.itertuples())
    alternative = say("Accuracy by confidence: {estimates}.", estimates=described)
    return finish(canvas, f"{task}-confidence", observer_kind, caption, alternative, inside)


def _trust_figures(results: TaskResults, observer_kind: str, say: Wording, inside: Wording) -> tuple[Figure, ...]:
    first, second = results.task.networks
    scores, shares = results.tables["scores"], results.tables["shares"]
    mean_caption = say(
        "Mean score by method, positive towards “{first}”, with its interval over participants and images."
        " Dashed: both networks equally reliable.",
        first=first,
    )
    bars_caption = say(
        "Share of each of the five answers by method; half of “equally reliable” stands on either side of the line."
    )
    answers = "; ".join(
        f"{method_name(method)} {', '.join(percent(v) for v in rows['value'])}"
        for method, rows in shares.groupby("method", sort=False)
    )
    return (
        finish(
            forest(
                scores,
                inside,
                label=inside("mean score towards {first}, −2 to 2", first=first),
                scale=1,
                null=0,
                limits=(-2, 2),
            ),
            f"{results.task.name}-scores",
            observer_kind,
            _with_paper(mean_caption, scores, say),
            say("Mean score with interval: {estimates}.", estimates=_described(scores, 2, 1)),
            inside,
        ),
        finish(
            diverging_bars(shares, first, second, inside),
            f"{results.task.name}-answers",
            observer_kind,
            bars_caption,
            say(
                "Shares of the answers from “{second} clearly more reliable” to “{first} clearly more reliable”:"
                " {answers}.",
                first=first,
                second=second,
                answers=answers,
            ),
            inside,
        ),
    )


def _with_paper(caption: str, table: pd.DataFrame, say: Wording) -> str:
    if table["paper"].isna().all():
        return caption
    return f"{caption} {say('Diamonds: the figures of the paper, published without intervals.')}"


def _percent_limits(table: pd.DataFrame) -> tuple[float, float]:
    edges = table[["low", "high", "value", "paper", "naive_low", "naive_high"]].to_numpy(float).ravel()
    edges = np.append(edges[~np.isnan(edges)], [0.4, 0.7])
    return float(10 * np.floor(10 * edges.min())), float(10 * np.ceil(10 * edges.max()))


def _described(table: pd.DataFrame, digits: int, scale: float) -> str:
    def write(value: float) -> str:
        return number(value, digits)

    parts = []
    for row in table.itertuples():
        reach = "" if np.isnan(row.low) else f" ({interval(scale * row.low, scale * row.high, write)})"
        parts.append(f"{method_name(row.method)} {write(scale * row.value)}{reach}")
    return "; ".join(parts)
