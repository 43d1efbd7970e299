"""Deferral as a study was run: sure labels were accepted without asking, and people judged the others alone.

Of right labels a share q is accepted without asking, and of the others people accept a share p: q + (1 − q)·p is judged
rightly. Of wrong labels, those that are accepted without asking are judged wrongly: (1 − q)·p. The stimulus set counted
the labels of all photographs, and the intervals take these numbers as given. The network alone accepts from the same
confidence on and refuses all others.
"""

import numpy as np
import pandas as pd

from analysis.data.export import Task
from analysis.estimation.cells import estimate_table
from analysis.estimation.estimates import CellMeans, Estimate, linearized
from analysis.notes import marked
from analysis.tasks.verdicts import RIGHT, WRONG
from contracts.stimulus_set import DEFERRED

ALIKE, FOUND = MIXES = (marked("right and wrong labels alike"), marked("labels as found in the photographs"))


def deferred_tables(cells: CellMeans, task: Task, confidence: float) -> dict[str, pd.DataFrame]:
    """`deferred`: share judged rightly by method and mix, the shares accepted without asking, and the network's own.

    `cells`: shares judged rightly by people, by method and sort. No table where nothing was deferred.
    """
    counts = np.array([task.deferred.get(name, 0) for name in DEFERRED], float).reshape(2, 2)  # (right, wrong)
    totals = counts.sum(axis=1)
    if task.deferral is None or not totals.all():
        return {}
    share = counts[:, 0] / totals
    parts = {ALIKE: np.array([0.5, 0.5]), FOUND: totals / totals.sum()}
    rows = {
        (method, mix): _team(cells, method, share, part, confidence)
        for method in task.methods
        for mix, part in parts.items()
    }
    alone = [float(part @ (share[0], 1 - share[1])) for _ in task.methods for part in parts.values()]
    facts = {"threshold": task.deferral, "right_accepted": share[0], "wrong_accepted": share[1]}
    return {"deferred": estimate_table(rows, ["method", "mix"]).assign(**facts, network=alone)}


def _team(cells: CellMeans, method: str, share: np.ndarray, part: np.ndarray, confidence: float) -> Estimate:
    """The share judged rightly where `share` of each sort is accepted without asking and `part` of all are of it."""
    weights = np.zeros(len(cells.labels))
    places = [cells.index((method, sort)) for sort in (RIGHT, WRONG)]
    weights[places] = part * (1 - share)
    known = float(part[0] * share[0])
    judged = float(weights[places] @ cells.means[places])
    return linearized(cells, known + judged, weights, confidence, 0.0, (known, known + float(weights.sum())))
