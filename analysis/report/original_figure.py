"""A forest plot of the published study's numbers and this study's, pair by pair."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd

from analysis.display.drawing import Figure, lettering
from analysis.display.forest import Axis, described, forest
from analysis.display.wording import Translation
from analysis.report.figures import of_task
from analysis.results import ObserverResults
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.tasks import KINDS

_ALIKE = ["task", "is_difference", "has_chance"]  # what one axis can show


def original_figures(results: ObserverResults, translate: Translation) -> tuple[Figure, ...]:
    """One figure a task with published numbers, and another one where some of these are differences."""
    inside, table = lettering(translate), results.tables["original"]
    with mpl.rc_context(inside.style):
        drawn = [
            (str(task), _figure(str(task), rows, results.observer_kind, translate, inside.translate))
            for (task, *_), rows in table.groupby(["task", "is_difference", "has_chance"], sort=False)
        ]
    has_several = table["task"].nunique() > 1
    return tuple(of_task(figure, task, translate) if has_several else figure for task, figure in drawn)


def _figure(task: str, rows: pd.DataFrame, observer_kind: str, translate: Translation, inside: Translation) -> Figure:
    is_difference = bool(rows["is_difference"].iloc[0])
    pairs = pd.DataFrame([pair for row in rows.itertuples() for pair in _pair(row, inside)])
    has_chance = bool(rows["has_chance"].iloc[0])
    axis = (_difference if is_difference else _level if has_chance else _share)(rows["kind"].iloc[0], pairs, inside)
    name = f"{task}-original" + ("-differences" if is_difference else "" if has_chance else "-shares")
    caption = translate(
        "Published numbers and this study's, pair by pair. Published intervals are over people alone and take the"
        " images as given; without a published spread there is none. This study's are over participants and images."
    )
    alternative = translate("Published and own numbers: {estimates}.", estimates=described(pairs, axis))
    return forest(pairs, axis, name, observer_kind, caption, alternative, inside)


def _level(kind: str, _pairs: pd.DataFrame, inside: Translation) -> Axis:
    scale, facts = ANALYSIS_KINDS[kind].scale, KINDS[kind]
    limits = scale.factor * facts.least, scale.factor * facts.most
    return Axis(inside(scale.label), scale.factor, scale.factor * facts.null, inside(scale.null), limits, scale.level)


def _share(kind: str, _pairs: pd.DataFrame, inside: Translation) -> Axis:
    """Of some cases; guessing gives no number."""
    scale = ANALYSIS_KINDS[kind].scale
    return Axis(inside("of such cases, %"), scale.factor, 0, inside("never"), (0, scale.factor), scale.level)


def _difference(kind: str, pairs: pd.DataFrame, inside: Translation) -> Axis:
    """As far as the numbers reach, equally on both sides of none."""
    scale = ANALYSIS_KINDS[kind].scale
    reach = scale.factor * float(np.nanmax(np.abs(pairs[["value", "low", "high"]].to_numpy(float))))
    label = inside(scale.difference_label).replace("\n", " ")
    return Axis(label, scale.factor, 0, inside("no change"), (-1.1 * reach, 1.1 * reach), scale.difference)


def _pair(row: Any, translate: Translation) -> list[dict[str, object]]:
    label = translate(row.label)
    names = translate("{label} (published)", label=label), translate("{label} (here)", label=label)
    published = row.published, row.published_low, row.published_high
    return [
        {"method": name, "value": value, "low": low, "high": high, "paper": np.nan, "of_people": numbers is published}
        for name, numbers in zip(names, (published, (row.value, row.low, row.high)), strict=True)
        for value, low, high in [numbers]
    ]
