"""Cue detection in the report: its figure and its sentence."""

import numpy as np

from analysis.display.drawing import Figure
from analysis.display.forest import Axis, described, forest, named_rows
from analysis.display.wording import Translation, listed, number, percent, value_and_interval
from analysis.notes import marked
from analysis.tasks.cue_detection.estimates import CUE, OTHER
from analysis.tasks.kind import TaskResults
from contracts.methods import method_name

ROWS = {CUE: marked("{method}, hits"), OTHER: marked("{method}, false alarms")}


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    """The cue named, of networks that rely on it and of the others."""
    shares = named_rows(results.tables["named"], "relies", ROWS, inside)
    axis = Axis(inside("cue named, %"), 100, 50, inside("half"), (0, 100), percent)
    caption = translate(
        "How often the planted cue was named: of networks that rely on it (hits) and of networks that rely on the"
        " object (false alarms), by method, with intervals over participants and images. Where both are alike, people"
        " do not tell the networks apart."
    )
    alternative = translate("Cue named in per cent: {estimates}.", estimates=described(shares, axis))
    return (forest(shares, axis, f"{results.task.name}-named", observer_kind, caption, alternative, inside),)


def finding(results: TaskResults, translate: Translation) -> str:
    """How well people told the networks apart, with hits, false alarms and d′, by method."""
    named = results.tables["named"].set_index(["method", "relies"])
    detection = results.tables["detection"].set_index(["method", "measure"])
    parts = [
        translate(
            "{method} {value} (hits {hits}, false alarms {alarms}, d′ {sensitivity})",
            method=method_name(row.method),
            value=value_and_interval(row, percent),
            hits=percent(named.loc[(row.method, CUE), "value"]),
            alarms=percent(named.loc[(row.method, OTHER), "value"]),
            sensitivity=value_and_interval(detection.loc[(row.method, "d-prime")], number),
        )
        for row in results.tables["detected"].itertuples()
        if not np.isnan(row.value)
    ]
    return translate(
        "In “{task}”, networks that rely on a planted cue were told from networks that do not, both counting alike,"
        " with: {parts}; guessing, or one answer to all, gives 50%.",
        task=results.task.name,
        parts=listed(parts, translate),
    )
