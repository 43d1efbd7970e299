"""Guessing a label in the report: its figure and its sentence."""

import numpy as np

from analysis.display.drawing import Figure
from analysis.display.forest import Axis, described, forest
from analysis.display.wording import Translation, listed, percent, value_and_interval
from analysis.tasks.kind import TaskResults
from contracts.methods import method_name


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    """Labels guessed by method."""
    rows = results.tables["guessed"].assign(paper=np.nan)
    axis = Axis(inside("network's label guessed, %"), 100, 20, inside("guessing"), (0, 100), percent)
    caption = translate(
        "How often the wrong label that the network gave was chosen of five, by method, with intervals over"
        " participants and images. Dashed: guessing, 20%."
    )
    text = translate("Network's label guessed, in per cent: {estimates}.", estimates=described(rows, axis))
    return (forest(rows, axis, f"{results.task.name}-guessed", observer_kind, caption, text, inside),)


def finding(results: TaskResults, translate: Translation) -> str:
    """How often the network's label was guessed, by method."""
    parts = [
        f"{method_name(row.method)} {value_and_interval(row, percent)}"
        for row in results.tables["guessed"].itertuples()
        if not np.isnan(row.value)
    ]
    return translate(
        "In “{task}”, the wrong label that the network gave was guessed, of five, with: {parts}; guessing gives 20%.",
        task=results.task.name,
        parts=listed(parts, translate),
    )
