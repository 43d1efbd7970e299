"""From frames of responses to cell means, and from cell means to tables of estimates."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimation.estimates import CellMeans, Estimate, Layout, layout, proportion

Levels = Mapping[str, Sequence[object]]
"""Column → its levels, in order; several columns are crossed."""

Estimator = Callable[[CellMeans, Hashable], Estimate]
"""What is estimated of one cell."""


def table(trials: pd.DataFrame, values: np.ndarray, levels: Levels, estimator: Estimator) -> pd.DataFrame:
    """A row for each cell of `levels`: what `estimator` makes of `values` (one a row of `trials`) there."""
    cells = cells_by(trials, values, levels)
    return estimate_table({label: estimator(cells, label) for label in cells.labels}, list(levels))


def of_all(trials: pd.DataFrame, values: np.ndarray, estimator: Estimator) -> Estimate:
    """What `estimator` makes of all rows together."""
    return estimator(cells_by(trials.assign(all="all"), values, {"all": ("all",)}), "all")


def share(confidence: float, null: float | None = None) -> Estimator:
    """The mean of 0/1 values, its interval on the logit scale."""
    return lambda cells, label: proportion(cells, label, confidence, null)


def mean(confidence: float, bounds: tuple[float, float], null: float = 0.0) -> Estimator:
    """The mean of values on a scale that ends at `bounds`, its interval on the logit scale between them."""
    return lambda cells, label: proportion(cells, label, confidence, null, bounds)


def cells_by(trials: pd.DataFrame, values: np.ndarray, levels: Levels) -> CellMeans:
    """Means of `values` (one a row of `trials`) in the crossing of `levels`; labels as those of `layout_by`."""
    return layout_by(trials, levels).of(np.asarray(values, float))


def layout_by(trials: pd.DataFrame, levels: Levels) -> Layout:
    """The crossing of `levels`, for means of several values of the same trials.

    Labels are the levels themselves for one column, tuples of them for several. Empty cells are kept.
    """
    cell = np.zeros(len(trials), np.int64)
    for column, names in levels.items():
        cell = cell * len(names) + pd.Categorical(trials[column], categories=list(names)).codes
    labels = list(product(*levels.values())) if len(levels) > 1 else list(*levels.values())
    participant, image = (pd.factorize(trials[column])[0] for column in ("participant_id", "image_id"))
    # Tables of other origin than an export have no conditions; machine observers are in none.
    condition = pd.factorize(trials["condition"], use_na_sentinel=False)[0] if "condition" in trials else None
    return layout(cell, participant, image, labels, condition)


def estimate_table(estimates: Mapping[Any, Estimate], columns: Sequence[str]) -> pd.DataFrame:
    """One row an estimate: its label spread over `columns`, then the estimate's fields (None becomes NaN)."""
    rows = [
        dict(zip(columns, label if len(columns) > 1 else (label,), strict=True)) | vars(estimate)
        for label, estimate in estimates.items()
    ]
    fields = list(Estimate.__dataclass_fields__)
    frame = pd.DataFrame(rows, columns=[*columns, *fields])
    return frame.astype(dict.fromkeys(("value", "low", "high", "se", "p"), float))
