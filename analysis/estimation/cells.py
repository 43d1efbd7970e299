"""From frames of responses to cell means, and from estimates back to frames."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import product

import numpy as np
import pandas as pd

from analysis.estimation.estimates import CellMeans, Estimate, cell_means


def cells_by(trials: pd.DataFrame, values: np.ndarray, levels: Mapping[str, Sequence[object]]) -> CellMeans:
    """Means of `values` (one a row of `trials`) in the crossing of `levels` (column → its levels, in order).

    Labels are the levels themselves for one column, tuples of them for several. Empty cells are kept.
    """
    cell = np.zeros(len(trials), np.int64)
    for column, names in levels.items():
        cell = cell * len(names) + pd.Categorical(trials[column], categories=list(names)).codes
    labels = list(product(*levels.values())) if len(levels) > 1 else list(*levels.values())
    participant, image = (pd.factorize(trials[column])[0] for column in ("participant_id", "image_id"))
    return cell_means(np.asarray(values, float), cell, participant, image, labels)


def estimate_table(estimates: Mapping[object, Estimate], columns: Sequence[str]) -> pd.DataFrame:
    """One row an estimate: its label spread over `columns`, then the estimate's fields (None becomes NaN)."""
    rows = [
        dict(zip(columns, label if len(columns) > 1 else (label,), strict=True)) | asdict(estimate)
        for label, estimate in estimates.items()
    ]
    fields = list(Estimate.__dataclass_fields__)
    frame = pd.DataFrame(rows, columns=[*columns, *fields])
    return frame.astype(dict.fromkeys(("value", "low", "high", "se", "p"), float))
