"""Simulatability in the report: its figures and its sentence."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.display.drawing import Figure
from analysis.display.forest import Axis, described, forest
from analysis.display.wording import Translation, number, percent, value_and_interval
from analysis.tasks.kind import TaskResults
from contracts.methods import PHOTOGRAPH, method_name

MANY = 3  # methods; of more the sentence says the lowest and the highest share, and leaves Utility to the table


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    """Accuracy by method, and its ratio to that without explanations and with controls."""
    name, accuracy, ratios = results.task.name, results.tables["accuracy"], results.tables["utility"]
    axis = Axis(inside("answers predicted rightly, %"), 100, 50, inside("guessing"), (0, 100), percent)
    caption = translate(
        "The network's answers that were predicted rightly, by the method that explained the examples, with intervals"
        " over participants and images. Dashed: guessing, 50%."
    )
    alternative = translate("Predicted rightly in per cent: {estimates}.", estimates=described(accuracy, axis))
    drawn = [forest(accuracy, axis, f"{name}-accuracy", observer_kind, caption, alternative, inside)]
    if len(ratios):
        rows = named_rows(ratios)
        of_ratio = Axis(inside("times as often"), 1, 1, inside("no help"), _limits(ratios), number)
        told = translate(
            "Utility: the share predicted rightly with explained examples, divided by that of people whose examples"
            " were not explained, or explained by a control. Dashed: 1, no help."
        )
        text = translate("Times as often predicted rightly: {estimates}.", estimates=described(rows, of_ratio))
        drawn.append(forest(rows, of_ratio, f"{name}-utility", observer_kind, told, text, inside))
    return tuple(drawn)


def _limits(ratios: pd.DataFrame) -> tuple[float, float]:
    """Around all intervals and 1."""
    ends = ratios[["low", "high", "value"]].to_numpy(float).ravel()
    ends = np.append(ends[~np.isnan(ends)], [0.75, 1.5])
    return float(np.floor(4 * ends.min()) / 4), float(np.ceil(4 * ends.max()) / 4)


def named_rows(ratios: pd.DataFrame) -> pd.DataFrame:
    """The rows of method and comparison, under one name each."""
    pairs = ratios[["method", "against"]].itertuples(index=False)
    names = [f"{method_name(p.method)} ÷ {method_name(p.against)}" for p in pairs]
    return ratios.assign(method=names, paper=np.nan)


def finding(results: TaskResults, translate: Translation) -> str:
    """What people predicted rightly, and how many times as often as without explanations, by method."""
    accuracy = results.tables["accuracy"]
    known = accuracy[accuracy["value"].notna()]
    if len(known) > MANY:
        ends = known.sort_values("value", kind="stable").iloc[[0, -1]]
        low, high = (f"{method_name(row.method)} {value_and_interval(row, percent)}" for row in ends.itertuples())
        return translate(
            "In “{task}”, the network's answer was predicted rightly least often with {low} and most often with {high},"
            " of {n} methods; guessing gives 50%.",
            task=results.task.name,
            low=low,
            high=high,
            n=len(known),
        )
    return translate(
        "In “{task}”, the network's answer was predicted rightly with: {parts}; guessing gives 50%.",
        task=results.task.name,
        parts="; ".join(_with_utility(row, results.tables["utility"], translate) for row in known.itertuples()),
    )


def _with_utility(row: Any, ratios: pd.DataFrame, translate: Translation) -> str:
    """The share of a method, and its ratio to that without explanations where there is one."""
    said = f"{method_name(row.method)} {value_and_interval(row, percent)}"
    ratio = ratios[(ratios["against"] == PHOTOGRAPH) & (ratios["method"] == row.method) & ratios["value"].notna()]
    if ratio.empty:
        return said
    return f"{said} " + translate("(Utility {ratio})", ratio=value_and_interval(ratio.iloc[0], number))
