"""AI check in the report: its figures and its sentence."""

import numpy as np
import pandas as pd

from analysis.display.drawing import Figure
from analysis.display.forest import Axis, described, forest, named_rows
from analysis.display.wording import Translation, listed, percent, points, value_and_interval
from analysis.notes import marked
from analysis.tasks.ai_check.alone import ADVANTAGE, NETWORK
from analysis.tasks.ai_check.curve import deferral_figure
from analysis.tasks.ai_check.deferred import ALIKE
from analysis.tasks.kind import TaskResults
from analysis.tasks.verdicts import RIGHT, WRONG
from contracts.methods import method_name

ROWS = {RIGHT: marked("{method}, right labels"), WRONG: marked("{method}, wrong labels")}


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    """Shares judged rightly among right and wrong labels; people less the network alone; and the deferral curve."""
    drawn = (_labels(results, observer_kind, translate, inside), _advantage(results, observer_kind, translate, inside))
    curve = deferral_figure(results, observer_kind, translate, inside)
    return drawn if curve is None else (*drawn, curve)


def _labels(results: TaskResults, observer_kind: str, translate: Translation, inside: Translation) -> Figure:
    shares = named_rows(results.tables["labels"], "prediction", ROWS, inside)
    axis = Axis(inside("judged rightly, %"), 100, 50, inside("guessing"), (0, 100), percent)
    caption = translate(
        "Right and wrong labels that were judged rightly, by method, with intervals over participants and images."
        " Dashed: guessing, 50%. Where wrong labels are below it, most people accepted them."
    )
    alternative = translate("Judged rightly in per cent: {estimates}.", estimates=described(shares, axis))
    return forest(shares, axis, f"{results.task.name}-judged", observer_kind, caption, alternative, inside)


def _advantage(results: TaskResults, observer_kind: str, translate: Translation, inside: Translation) -> Figure:
    table = results.tables["network"]
    rows = table[table["who"] == ADVANTAGE].assign(paper=np.nan)
    label = inside("people − network, percentage points")
    axis = Axis(label, 100, 0, inside("no difference"), _limits(rows), points)
    caption = translate(
        "Share judged rightly by people with the network's label less that of the network alone, right and wrong labels"
        " counting alike, with intervals over participants and images. Dashed: no difference."
    )
    text = translate("People less the network alone, percentage points: {estimates}.", estimates=described(rows, axis))
    return forest(rows, axis, f"{results.task.name}-network", observer_kind, caption, text, inside)


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    """Around all intervals and 0, in percentage points."""
    ends = 100 * rows[["low", "high", "value"]].to_numpy(float).ravel()
    ends = np.append(ends[~np.isnan(ends)], [-10, 10])
    return float(np.floor(ends.min() / 5) * 5), float(np.ceil(ends.max() / 5) * 5)


def finding(results: TaskResults, translate: Translation) -> str:
    """What people judged rightly, how many wrong labels they accepted, by method, and what the network alone gets."""
    judged, accepted = (results.tables[name].set_index("method") for name in ("judged", "accepted"))
    parts = [
        translate(
            "{method} {value} (wrong labels accepted {accepted})",
            method=method_name(method),
            value=value_and_interval(row, percent),
            accepted=value_and_interval(accepted.loc[method], percent),
        )
        for method, row in judged.iterrows()
        if not np.isnan(row["value"])
    ]
    table = results.tables["network"]
    said = deferral_said(results, translate)
    alone = table.loc[table["who"] == NETWORK, "value"].mean()
    found = translate(
        "In “{task}”, labels were judged rightly, right and wrong ones counting alike, with: {parts}; guessing gives"
        " 50%, the network alone {network}.",
        task=results.task.name,
        parts=listed(parts, translate),
        network=percent(alone),
    )
    return f"{found} {said}".rstrip()


def deferral_said(results: TaskResults, translate: Translation) -> str:
    """What was judged rightly where sure labels were accepted without asking; empty where none were."""
    if "deferred" not in results.tables:
        return ""
    table = results.tables["deferred"]
    rows = table[(table["mix"] == ALIKE) & table["value"].notna()]
    parts = [f"{method_name(row.method)} {value_and_interval(row, percent)}" for row in rows.itertuples()]
    return translate(
        "These are labels below {threshold} confidence; with those above it accepted without asking: {parts}.",
        threshold=percent(results.task.deferral),
        parts=listed(parts, translate),
    )
