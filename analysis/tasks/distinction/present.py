"""Distinction in the report: its figures and its sentence."""

import numpy as np

from analysis.display.drawing import Figure
from analysis.display.forest import Axis, described, forest, named_rows
from analysis.display.wording import Translation, listed, percent, value_and_interval
from analysis.notes import marked
from analysis.tasks.kind import TaskResults
from analysis.tasks.verdicts import RIGHT, WRONG
from contracts.methods import method_name

ROWS = {RIGHT: marked("{method}, right predictions"), WRONG: marked("{method}, wrong predictions")}


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    """How often the predicted class, and how often the correct class, was chosen."""
    predicted = translate(
        "How often the class that the network predicts was chosen, for right and for wrong predictions, by method, with"
        " intervals over participants and images. Dashed: guessing, 25%."
    )
    correct = translate(
        "How often the correct class was chosen, for right and for wrong predictions, by method, with intervals over"
        " participants and images. Dashed: guessing, 25%."
    )
    parts = (
        ("predictions", inside("predicted class chosen, %"), predicted),
        ("classes", inside("correct class chosen, %"), correct),
    )
    return tuple(_shares(results, *part, observer_kind, translate, inside) for part in parts)


def _shares(
    results: TaskResults,
    table: str,
    label: str,
    caption: str,
    observer_kind: str,
    translate: Translation,
    inside: Translation,
) -> Figure:
    rows = named_rows(results.tables[table], "prediction", ROWS, inside)
    axis = Axis(label, 100, 25, inside("guessing"), (0, 100), percent)
    text = translate("Chosen in per cent: {estimates}.", estimates=described(rows, axis))
    return forest(rows, axis, f"{results.task.name}-{table}", observer_kind, caption, text, inside)


def finding(results: TaskResults, translate: Translation) -> str:
    """How often people found the predicted class, and the correct one of wrong predictions, by method."""
    found = results.tables["predicted"].set_index("method")
    classes = results.tables["classes"].set_index(["method", "prediction"])
    parts = [
        translate(
            "{method} {value} (correct class of wrong predictions {classed})",
            method=method_name(method),
            value=value_and_interval(row, percent),
            classed=value_and_interval(classes.loc[(method, WRONG)], percent),
        )
        for method, row in found.iterrows()
        if not np.isnan(row["value"])
    ]
    return translate(
        "In “{task}”, the class that the network predicts was found, right and wrong predictions counting alike, with:"
        " {parts}; guessing gives 25%.",
        task=results.task.name,
        parts=listed(parts, translate),
    )
