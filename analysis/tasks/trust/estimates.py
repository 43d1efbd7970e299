"""Trust: the mean score towards the stronger network, and how often each of the five answers was given."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.data.exclusions import analysed
from analysis.data.export import Export
from analysis.estimation.cells import cells_by, estimate_table
from analysis.estimation.estimates import CellMeans, Estimate, combination, difference, proportion
from contracts.tasks import DIFFERENCE_BOUNDS, SCORES


def score_cells(trials: pd.DataFrame, levels: Mapping[str, Sequence[object]]) -> CellMeans:
    """Cell means of `score`."""
    return cells_by(trials, trials["score"].to_numpy(), levels)


def mean_score(export: Export, task: str | None = None, observer_kind: str | None = None) -> pd.DataFrame:
    """Mean score by method in the primary analysis of an export.

    `task` and `observer_kind` must be named where the export has several. Raises ExportError.
    """
    rows, chosen = analysed(export, "trust", task, observer_kind)
    return mean_score_table(rows, {"method": chosen.methods}, export.config.confidence)


def mean_score_table(trials: pd.DataFrame, levels: Mapping[str, Sequence[object]], confidence: float) -> pd.DataFrame:
    """Mean score in each cell of `levels`, tested against 0 ("equally reliable")."""
    cells = score_cells(trials, levels)
    eye = np.eye(len(cells.labels))
    estimates = {c: combination(cells, eye[i], confidence, bounds=(-2, 2)) for i, c in enumerate(cells.labels)}
    return estimate_table(estimates, list(levels))


def score_difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Mean score with method `a` minus that with `b`."""
    return difference(score_cells(trials, {"method": methods}), a, b, confidence, DIFFERENCE_BOUNDS["trust"])


def answer_shares(trials: pd.DataFrame, methods: Sequence[str], confidence: float) -> pd.DataFrame:
    """Share of each of the five answers by method: rows `method` × `score`."""
    estimates: dict[tuple[str, int], Estimate] = {}
    for score in SCORES:
        cells = cells_by(trials, (trials["score"] == score).to_numpy(), {"method": methods})
        estimates |= {(method, score): proportion(cells, method, confidence) for method in methods}
    ordered = {(method, score): estimates[method, score] for method in methods for score in SCORES}
    return estimate_table(ordered, ["method", "score"])
