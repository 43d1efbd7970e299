"""Reliance in the report: its figures and its sentence."""

import numpy as np
import pandas as pd

from analysis.display.drawing import Figure
from analysis.display.forest import Axis, described, forest, named_rows
from analysis.display.wording import Translation, listed, percent, points, value_and_interval
from analysis.notes import marked
from analysis.tasks.kind import TaskResults
from analysis.tasks.reliance.estimates import OVER, RAIR, RSR, UNDER
from contracts.methods import method_name

ROWS = {
    RAIR: marked("{method}, RAIR"),
    RSR: marked("{method}, RSR"),
    OVER: marked("{method}, over-reliance"),
    UNDER: marked("{method}, under-reliance"),
}


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    """RAIR and RSR with what people gained; where nobody answered first, over- and under-reliance."""
    gain = results.tables["gain"]
    if gain["value"].isna().all():
        return (_shares(results, (OVER, UNDER), observer_kind, translate, inside),)
    axis = Axis(inside("final − own, percentage points"), 100, 0, inside("no change"), _limits(gain), points)
    caption = translate(
        "Accuracy gain: right final answers minus right own answers, by method, with intervals over participants and"
        " images. Dashed: 0, advice changed nothing on balance."
    )
    text = translate("Gain in percentage points: {estimates}.", estimates=described(gain.assign(paper=np.nan), axis))
    name = f"{results.task.name}-gain"
    drawn = forest(gain.assign(paper=np.nan), axis, name, observer_kind, caption, text, inside)
    return (_shares(results, (RAIR, RSR), observer_kind, translate, inside), drawn)


def _shares(
    results: TaskResults, measures: tuple[str, ...], observer_kind: str, translate: Translation, inside: Translation
) -> Figure:
    table = results.tables["reliance"]
    rows = named_rows(table[table["measure"].isin(measures)], "measure", ROWS, inside)
    axis = Axis(inside("of such cases, %"), 100, 0, inside("never"), (0, 100), percent)
    said = (
        translate(
            "RAIR: of wrong own answers, those corrected after right advice. RSR: of right own answers, those kept"
            " against wrong advice. By method, with intervals over participants and images. There is no chance level."
        )
        if RAIR in measures
        else translate(
            "Over-reliance: of cases with wrong advice, those in which it was followed. Under-reliance: of cases with"
            " right advice, those in which it was not. By method, with intervals over participants and images."
        )
    )
    text = translate("In per cent of such cases: {estimates}.", estimates=described(rows, axis))
    return forest(rows, axis, f"{results.task.name}-reliance", observer_kind, said, text, inside)


def _limits(gain: pd.DataFrame) -> tuple[float, float]:
    """Around all intervals, and 0 in the middle."""
    ends = gain[["low", "high", "value"]].to_numpy(float)
    reach = max(10.0, 5 * np.ceil(20 * np.nanmax(np.abs(ends))))
    return -reach, reach


def finding(results: TaskResults, translate: Translation) -> str:
    """RAIR and RSR by method; where nobody answered first, how often wrong advice was followed."""
    frame = results.tables["reliance"].set_index(["measure", "method"])
    has_own = frame["value"].loc[RAIR].notna().any()
    parts = []
    for method in results.task.methods:
        first, second = (RAIR, RSR) if has_own else (OVER, UNDER)
        a, b = frame.loc[(first, method)], frame.loc[(second, method)]
        values = (value_and_interval(a, percent), value_and_interval(b, percent))
        if not np.isnan(a["value"]):
            parts.append(f"{method_name(method)} {values[0]}, {values[1]}")
    if has_own:
        return translate(
            "In “{task}”, the shares of wrong own answers that were corrected after right advice (RAIR) and of right"
            " own answers that were kept against wrong advice (RSR) were: {parts}.",
            task=results.task.name,
            parts=listed(parts, translate),
        )
    return translate(
        "In “{task}”, wrong advice was followed (over-reliance) and right advice was not (under-reliance) with:"
        " {parts}.",
        task=results.task.name,
        parts=listed(parts, translate),
    )
