"""Simulatability: how often people predict the network's answer, how many times as often as without explanations
(Utility), and how this changes when examples are explained.

Colin et al. (2022) call the accuracy with explanations divided by that without Utility-K, where K examples were seen,
and its mean over sessions Utility. The interval is computed on the logarithm by the delta method: people differ between
the two shares, and images are the same. Hase & Bansal (2020) subtract the accuracy before from that after.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.data.checks import refuse
from analysis.data.export import Export, Task
from analysis.estimation.cells import cells_by, estimate_table, share, table
from analysis.estimation.estimates import CellMeans, Estimate, combination, difference, linearized, no_estimate
from analysis.notes import Note, marked
from analysis.tasks.biases import leaning_and_learning
from analysis.tasks.kind import TaskRows
from analysis.tasks.unexplained import compared
from contracts.tasks import KINDS

FACTS = KINDS["simulatability"]
BEFORE, AFTER = PHASES = ("before", "after")
NO_RATIO = Note("No ratio: one of the two has no answers, or no right ones.")
Pairs = Sequence[tuple[Hashable, Hashable]]
"""Labels of cells: with explanations, and what they are divided by."""


def tables(rows: TaskRows) -> dict[str, pd.DataFrame]:
    """`accuracy` by method and `utility`, its ratio to that without explanations and with controls."""
    correct, levels = rows.trials["correct"].to_numpy(), {"method": rows.task.methods}
    cells = cells_by(rows.trials, correct, levels)
    ratios = {pair: utility(cells, [pair], rows.confidence) for pair in compared(rows.task.methods)}
    return {
        "accuracy": table(rows.trials, correct, levels, share(rows.confidence, FACTS.null)),
        "utility": estimate_table(ratios, ["method", "against"]),
        "biases": biases(rows.trials, rows.confidence),
    }


def utility(cells: CellMeans, pairs: Pairs, confidence: float) -> Estimate:
    """The mean over `pairs` of one share divided by the other; no difference is 1."""
    places = np.array([[cells.index(label) for label in pair] for pair in pairs])
    means = cells.means[places]  # (pairs, 2)
    if not (cells.counts[places] > 0).all() or not (means > 0).all():
        return no_estimate(NO_RATIO)
    ratios = means[:, 0] / means[:, 1]
    value = float(ratios.mean())
    gradient = np.zeros(len(cells.labels))
    np.add.at(gradient, places[:, 0], 1 / means[:, 1])
    np.add.at(gradient, places[:, 1], -ratios / means[:, 1])
    found = linearized(cells, float(np.log(value)), gradient / ratios.sum(), confidence)
    low, high = (None if end is None else float(np.exp(end)) for end in (found.low, found.high))
    return replace(found, value=value, low=low, high=high, se=None if found.se is None else value * found.se)


def accuracy_difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Accuracy with method `a` minus that with `b`."""
    cells = cells_by(trials, trials["correct"].to_numpy(), {"method": methods})
    return difference(cells, a, b, confidence, FACTS.difference_bounds)


def study_tables(trials: pd.DataFrame, export: Export) -> dict[str, pd.DataFrame]:
    """`utilities`: Utility over all sessions; `changes` and `gains`: after − before, and less that of a comparison."""
    tasks, confidence = export.tasks_of(FACTS.name), export.config.confidence
    sessions = [task for task in tasks if not _repeated(export, task)]
    changed: dict[Any, Estimate] = {}
    gained: dict[Any, Estimate] = {}
    for task, before in _repeating(export, tasks):
        cells = _phases(trials, task, before)
        changed |= {(task.name, m): change(cells, {m: 1}, confidence) for m in task.methods}
        gained |= {(task.name, m, a): change(cells, {m: 1, a: -1}, confidence) for m, a in compared(task.methods)}
    return {
        "utilities": _over_sessions(trials, sessions if len(sessions) > 1 else [], confidence),
        "changes": estimate_table(changed, ["task", "method"]),
        "gains": estimate_table(gained, ["task", "method", "against"]),
    }


def _repeated(export: Export, task: Task) -> str | None:
    """The task whose photographs it shows again."""
    return next((told.get("repeats") for told in export.definition["tasks"] if told["name"] == task.name), None)


def _repeating(export: Export, tasks: Sequence[Task]) -> Iterator[tuple[Task, Task]]:
    by_name = {task.name: task for task in tasks}
    for task in tasks:
        if (earlier := _repeated(export, task)) in by_name:
            yield task, by_name[earlier]


def _over_sessions(trials: pd.DataFrame, sessions: Sequence[Task], confidence: float) -> pd.DataFrame:
    """Of methods and comparisons that all sessions have."""
    names = [task.name for task in sessions]
    in_all = [
        method for method in (sessions[0].methods if sessions else ()) if all(method in t.methods for t in sessions)
    ]
    rows = trials[trials["task"].isin(names)]
    cells = cells_by(rows, rows["correct"].to_numpy(), {"task": names, "method": in_all}) if in_all else None
    found = {
        (method, against): utility(cells, [((name, method), (name, against)) for name in names], confidence)
        for method, against in compared(in_all)
        if cells is not None
    }
    return estimate_table(found, ["method", "against"])


def _phases(trials: pd.DataFrame, task: Task, before: Task) -> CellMeans:
    """Right answers by phase and by the method of a person's second examples; people with one phase are left out."""
    later, earlier = (trials[trials["task"] == part.name] for part in (task, before))
    method = later.groupby("participant_id")["method"].first()
    frame = pd.concat([earlier.assign(phase=BEFORE), later.assign(phase=AFTER)])
    frame = frame.assign(method=frame["participant_id"].map(method))
    frame = frame[frame["participant_id"].isin(earlier["participant_id"]) & frame["method"].notna()]
    return cells_by(frame, frame["correct"].to_numpy(), {"method": task.methods, "phase": PHASES})


def change(cells: CellMeans, of: dict[str, float], confidence: float) -> Estimate:
    """Accuracy after − before with the examples of each method, times its weight."""
    weights = np.zeros(len(cells.labels))
    for method, weight in of.items():
        weights[cells.index((method, AFTER))] += weight
        weights[cells.index((method, BEFORE))] -= weight
    most = sum(abs(weight) for weight in of.values())
    return combination(cells, weights, confidence, bounds=(-most, most))


def earlier_class(trials: pd.DataFrame) -> np.ndarray:
    """Whether each answer is the first of the two classes by name (n,)."""
    return (trials["response"] == np.minimum(trials["category"], trials["foil"])).to_numpy()


def biases(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Leaning to a class, and learning or tiring."""
    leaning, learning = marked("first class chosen"), marked("predicted rightly: second half − first half")
    return leaning_and_learning(trials, FACTS, confidence, leaning, earlier_class(trials), learning)


def check(answered: pd.DataFrame, _networks: Sequence[str]) -> None:
    """Raise ExportError where a response or its mark contradicts the row."""
    response, category = answered["response"], answered["category"]
    refuse((response != category) & (response != answered["foil"]), answered, "response is neither of the two classes")
    refuse(answered["correct"] != (response == category), answered, "correct is not whether response equals category")
