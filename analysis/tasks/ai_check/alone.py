"""The team against the network alone and people alone, and labels that are accepted without asking.

The network alone accepts a label from a threshold of its own confidence on: that of the task, found on other images as
by Nguyen, Kim & Nguyen (2021), else the one that judges most of these images rightly, which is the network's best case.
Deferral: labels of at least a threshold are accepted, people answer for the others. In all of these right and wrong
labels count alike.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.data.export import Export, Task
from analysis.estimation.cells import estimate_table
from analysis.estimation.estimates import CellMeans, Estimate, Layout
from analysis.notes import marked
from analysis.tasks.verdicts import (
    DIFFERENCE,
    RIGHT,
    balanced,
    difference_of_both,
    judged_cells,
    judged_layout,
    of_both,
)

TEAM, NETWORK, ADVANTAGE = WHO = (marked("team"), marked("network alone"), marked("difference"))
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
ALONE = "alone"  # the wording without the network's confidence, and without its being named


def network_tables(
    trials: pd.DataFrame,
    methods: tuple[str, ...],
    foils: Mapping[str, str],
    confidence: float,
    task: Task,
) -> dict[str, pd.DataFrame]:
    """`network`: team (people with the label), network alone, difference, by method; `deferral`: both, by method and
    threshold.

    `network` also has the network's `threshold` and whether it was `given`, and `deferral` the share `deferred` to it.
    Where sure labels were not shown, `deferral` has thresholds below theirs.
    """
    of_sorts, sure = judged_layout(trials, methods, foils), _verdicts(trials)[0]
    accepted = {
        t: (team_from(t, trials, of_sorts), of_sorts.of((sure >= t).astype(float)))
        for t in THRESHOLDS
        if t < (task.deferral or 1)
    }
    both = {(m, t): balanced(together, m, confidence) for m in methods for t, (together, _) in accepted.items()}
    deferred = [balanced(share, m, confidence).value for m in methods for _, share in accepted.values()]
    return {
        "network": network_table(trials, methods, foils, confidence, task.network_threshold),
        "deferral": estimate_table(both, ["method", "threshold"]).assign(deferred=np.array(deferred, float)),
    }


def team_from(threshold: float, trials: pd.DataFrame, of_sorts: Layout) -> CellMeans:
    """Shares judged rightly, by method and sort, where labels from `threshold` on are accepted without asking."""
    sure, is_right, correct = _verdicts(trials)
    return of_sorts.of(np.where(sure >= threshold, is_right, correct))


def network_table(
    trials: pd.DataFrame,
    methods: tuple[str, ...],
    foils: Mapping[str, str],
    confidence: float,
    given: float | None = None,
) -> pd.DataFrame:
    """`network` of `network_tables`."""
    sure, is_right, correct = _verdicts(trials)
    threshold = best_threshold(trials) if given is None else given
    network = ((sure >= threshold) == is_right).astype(float)
    of = {
        name: judged_cells(trials, values, methods, foils)
        for name, values in zip(WHO, (correct, network, correct - network), strict=True)
    }
    who = {(m, name): _of(of[name], m, name, confidence) for m in methods for name in WHO}
    return estimate_table(who, ["method", "who"]).assign(threshold=threshold, given=given is not None)


def _verdicts(trials: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each answer (n,): the network's confidence, whether its label is right, and whether people judged rightly."""
    is_right = (trials["prediction"] == RIGHT).to_numpy()
    return trials["network_confidence"].to_numpy(float), is_right, trials["correct"].to_numpy(float)


def _of(cells: CellMeans, method: str, who: str, confidence: float) -> Estimate:
    if who == ADVANTAGE:
        return of_both(cells, {method: 1.0}, confidence, 0.0, DIFFERENCE)
    return balanced(cells, method, confidence)


def best_threshold(trials: pd.DataFrame) -> float:
    """The lowest confidence from which on to accept, so that the most images are judged rightly, both sorts alike.

    Above 1 where refusing all labels is best. NaN where there are no trials.
    """
    images = trials.drop_duplicates("image_id")
    sure, is_right = images["network_confidence"].to_numpy(float), (images["prediction"] == RIGHT).to_numpy()
    if not len(images):
        return float("nan")
    possible = np.append(np.unique(sure), 1.01)
    accepted = sure >= possible[:, None]  # (thresholds, images)
    weight = np.where(is_right, 1 / max(is_right.sum(), 1), 1 / max((~is_right).sum(), 1))
    return float(possible[((accepted == is_right) * weight).sum(axis=1).round(12).argmax()])


def study_tables(trials: pd.DataFrame, export: Export, kind: str, foils: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """`people-alone`: their share judged rightly; `alone`: that of each other task and method less theirs.

    Both are empty where no task is worded for people alone, or all are.
    """
    tasks = export.tasks_of(kind)
    alone = [task.name for task in tasks if task.wording == ALONE]
    teams = [(task.name, m) for task in tasks if task.wording != ALONE for m in task.methods] if alone else []
    own: dict[str, Estimate] = {}
    less: dict[tuple[str, str], Estimate] = {}
    if teams:
        names = {team: "/".join(team) for team in teams}
        cells = _people_and_teams(trials, alone, tuple(names.values()), foils)
        own = {", ".join(alone): balanced(cells, ALONE, export.config.confidence)}
        less = {t: difference_of_both(cells, name, ALONE, export.config.confidence) for t, name in names.items()}
    return {"people-alone": estimate_table(own, ["task"]), "alone": estimate_table(less, ["task", "method"])}


def _people_and_teams(
    trials: pd.DataFrame, alone: Sequence[str], teams: tuple[str, ...], foils: Mapping[str, str]
) -> CellMeans:
    """Shares judged rightly by people alone, under ALONE, and by each of `teams`, task/method."""
    labels = np.where(trials["task"].isin(alone), ALONE, trials["task"].str.cat(trials["method"], sep="/"))
    frame = trials.assign(method=labels)[np.isin(labels, (*teams, ALONE))]
    return judged_cells(frame, frame["correct"].to_numpy(float), (*teams, ALONE), foils)
