"""Class discrimination in the report: its figures and its sentence."""

import numpy as np
import pandas as pd

from analysis.display.drawing import BLUE, GREY, Figure, finish, new_canvas
from analysis.display.forest import Axis, described, forest, with_paper
from analysis.display.wording import Translation, percent, value_and_interval
from analysis.tasks.kind import TaskResults
from contracts.methods import method_name


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    """Accuracy by method, and by stated confidence where it was asked; lettered in the words of `inside`."""
    table, name = results.tables["accuracy"], results.task.name
    axis = Axis(inside("correct answers, %"), 100, 50, inside("chance level"), _percent_limits(table), percent)
    caption = translate("Correct answers by method, with intervals over participants and images. Dashed: chance level.")
    caption = with_paper(caption, table, translate)
    alternative = translate("Accuracy in per cent with interval: {estimates}.", estimates=described(table, axis))
    drawn = [forest(table, axis, f"{name}-accuracy", observer_kind, caption, alternative, inside)]
    if len(steps := results.tables["confidence"]):
        drawn.append(_calibration(steps, name, observer_kind, translate, inside))
    return tuple(drawn)


def _calibration(
    table: pd.DataFrame, task: str, observer_kind: str, translate: Translation, inside: Translation
) -> Figure:
    """Accuracy at each step of stated confidence, compared with the chance that the step states."""
    canvas, axes = new_canvas(rows=3, extra=1.0)
    axes.spines["left"].set_visible(True)
    given = table[table["value"].notna()]
    axes.plot(table["step"], 100 * table["stated"], color=GREY, linestyle=(0, (4, 3)), label=inside("as stated"))
    axes.vlines(given["step"], 100 * given["low"], 100 * given["high"], color=BLUE, linewidth=2.6)
    axes.plot(given["step"], 100 * given["value"], "o", color=BLUE, markersize=8, label=inside("correct answers, %"))
    ends = {1: inside("1, a guess"), 2: "2", 3: "3", 4: inside("4, certain")}
    axes.set_xticks(list(ends), list(ends.values()))
    axes.set(xlim=(0.6, 4.4), ylim=(0, 104), xlabel=inside("stated confidence"), ylabel=inside("correct answers, %"))
    axes.legend(loc="lower right", frameon=False)
    caption = translate(
        "Accuracy at each step of stated confidence, with intervals over participants and images. Dashed: the"
        " accuracy that each step states, from 50% for a guess to 100%. Dots below it show over-confidence."
    )
    described = "; ".join(f"{row.step}: {percent(row.value)}" for row in given.itertuples())
    alternative = translate("Accuracy by confidence: {estimates}.", estimates=described)
    return finish(canvas, f"{task}-confidence", observer_kind, caption, alternative, inside)


def _percent_limits(table: pd.DataFrame) -> tuple[float, float]:
    edges = table[["low", "high", "value", "paper"]].to_numpy(float).ravel()
    edges = np.append(edges[~np.isnan(edges)], [0.4, 0.7])
    return float(10 * np.floor(10 * edges.min())), float(10 * np.ceil(10 * edges.max()))


def finding(results: TaskResults, translate: Translation) -> str:
    """The methods with the most and the fewest right answers."""
    name = results.task.name
    table = results.tables["accuracy"].dropna(subset="value")
    ordered = table.sort_values("value", ascending=False, kind="stable")
    best, worst = ordered.iloc[0], ordered.iloc[-1]
    if len(ordered) == 1:
        return translate(
            "In “{task}”, the correct category was named in {value} of the answers with {method}; guessing gives 50%.",
            task=name,
            value=value_and_interval(best, percent),
            method=method_name(best["method"]),
        )
    if best["value"] == worst["value"]:
        return translate(
            "In “{task}”, the correct category was named equally often with every method, in {value} of the"
            " answers; guessing gives 50%.",
            task=name,
            value=percent(best["value"]),
        )
    return translate(
        "In “{task}”, the correct category was named most often with {best}, {best_value}, and least often with"
        " {worst}, {worst_value}; guessing gives 50%.",
        task=name,
        best=method_name(best["method"]),
        best_value=value_and_interval(best, percent),
        worst=method_name(worst["method"]),
        worst_value=value_and_interval(worst, percent),
    )
