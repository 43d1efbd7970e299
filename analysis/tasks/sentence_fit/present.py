"""Sentence fit in the report: its figure and its sentence."""

import numpy as np

from analysis.display.drawing import Figure
from analysis.display.forest import Axis, described, forest
from analysis.display.wording import Translation, listed, percent, value_and_interval
from analysis.tasks.kind import TaskResults
from contracts.methods import method_name


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    """Right sentences by method."""
    rows = results.tables["fits"].assign(paper=np.nan)
    axis = Axis(inside("fitting sentence chosen, %"), 100, 50, inside("chance level"), (0, 100), percent)
    caption = translate(
        "How often the sentence of the network's own units was chosen against one with shuffled names, by method, with"
        " intervals over participants and images. Dashed: chance level, 50%."
    )
    text = translate("Fitting sentence chosen, in per cent: {estimates}.", estimates=described(rows, axis))
    return (forest(rows, axis, f"{results.task.name}-fits", observer_kind, caption, text, inside),)


def finding(results: TaskResults, translate: Translation) -> str:
    """How often the right sentence was chosen, by method."""
    parts = [
        f"{method_name(row.method)} {value_and_interval(row, percent)}"
        for row in results.tables["fits"].itertuples()
        if not np.isnan(row.value)
    ]
    return translate(
        "In “{task}”, the sentence of the network's own units was chosen against one with shuffled names with: {parts};"
        " guessing gives 50%.",
        task=results.task.name,
        parts=listed(parts, translate),
    )
