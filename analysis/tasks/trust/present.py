"""Trust in the report: its figures and its sentence."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from analysis.data.export import Task
from analysis.display.drawing import INK, Figure, finish, new_canvas, row_label
from analysis.display.forest import Axis, described, forest, with_paper
from analysis.display.wording import Translation, number, percent, value_and_interval
from analysis.tasks.kind import TaskResults
from contracts.methods import method_name
from contracts.tasks import SCORES

SCORE_COLOURS = {-2: "#b35806", -1: "#f1a340", 0: "#d8d8d8", 1: "#998ec3", 2: "#542788"}


def diverging_bars(shares: pd.DataFrame, task: Task, translate: Translation) -> Canvas:
    """Answers by method as bars around the middle of "equal": left for the second network, right for the first."""
    first, second = translate.two(task.networks)
    methods = list(dict.fromkeys(shares["method"]))
    canvas, axes = new_canvas(rows=len(methods), extra=1.35)
    for row, method in enumerate(methods):
        y = len(methods) - 1 - row
        row_label(axes, y + 0.36, method_name(method))
        values = shares[shares["method"] == method].set_index("score")["value"]
        if values.isna().any():
            axes.text(
                0.0, y, translate("no responses"), transform=axes.get_yaxis_transform(), va="center", style="italic"
            )
            continue
        _diverging_row(axes, y, 100 * values)
    axes.axvline(0, color=INK, linewidth=0.9)
    axes.set(xlim=(-100, 100), ylim=(-0.5, len(methods) - 0.2), yticks=[])
    axes.set_xticks([-100, -50, 0, 50, 100], ["100%", "50%", "0", "50%", "100%"])
    axes.set_xlabel(
        translate(
            "← {second} more {quality}      {first} more {quality} →",
            first=first,
            second=second,
            quality=translate.quality(task.kind, task.wording, task.qualities),
        )
    )
    words = {2: translate("clearly"), 1: translate("slightly"), 0: translate("equal")}
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


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    """Mean scores, and the five answers as diverging bars; lettered in the words of `inside`."""
    scores = results.tables["scores"]
    first, _ = translate.two(results.task.networks)
    quality = translate.quality(results.task.kind, results.task.wording, results.task.qualities)
    label = inside("mean score towards {first}, −2 to 2", first=inside.two(results.task.networks)[0])
    axis = Axis(label, 1, 0, inside("no difference"), _score_limits(scores), number)
    caption = translate(
        "Mean score by method, positive towards “{first}”, with its interval over participants and images."
        " Dashed: both networks equally {quality}.",
        first=first,
        quality=quality,
    )
    caption = with_paper(caption, scores, translate)
    alternative = translate("Mean score with interval: {estimates}.", estimates=described(scores, axis))
    return (
        forest(scores, axis, f"{results.task.name}-scores", observer_kind, caption, alternative, inside),
        _answers(results, observer_kind, translate, inside),
    )


def _score_limits(scores: pd.DataFrame) -> tuple[float, float]:
    """Halves of the scale that hold every estimate and 0."""
    ends = scores[["low", "high", "value", "paper"]].to_numpy(float).ravel()
    ends = np.append(ends[~np.isnan(ends)], [-0.5, 1])
    return float(np.floor(2 * ends.min()) / 2), float(np.ceil(2 * ends.max()) / 2)


def _answers(results: TaskResults, observer_kind: str, translate: Translation, inside: Translation) -> Figure:
    (first, second), shares = translate.two(results.task.networks), results.tables["shares"]
    quality = translate.quality(results.task.kind, results.task.wording, results.task.qualities)
    answers = "; ".join(
        f"{method_name(method)} {', '.join(percent(v) for v in rows['value'])}"
        for method, rows in shares.groupby("method", sort=False)
    )
    return finish(
        diverging_bars(shares, results.task, inside),
        f"{results.task.name}-answers",
        observer_kind,
        translate(
            "Share of each of the five answers by method; half of “equally {quality}” is on either side of the line.",
            quality=quality,
        ),
        translate(
            "Shares of the answers from “{second} clearly more {quality}” to “{first} clearly more {quality}”:"
            " {answers}.",
            quality=quality,
            first=first,
            second=second,
            answers=answers,
        ),
        inside,
    )


def finding(results: TaskResults, translate: Translation) -> str:
    """The mean score of each method."""
    first, _ = translate.two(results.task.networks)
    table = results.tables["scores"].dropna(subset="value")
    means = "; ".join(f"{method_name(row.method)} {value_and_interval(row, number)}" for _, row in table.iterrows())
    return translate(
        "In “{task}”, the mean score towards “{first}” on the scale from −2 to 2 was: {means}.",
        task=results.task.name,
        first=first,
        means=means,
    )
