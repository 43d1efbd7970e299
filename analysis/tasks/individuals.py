"""Single participants and single images, to show outliers (caterpillar plots)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.estimation.estimates import wilson
from contracts.tasks import Kind


def individuals(trials: pd.DataFrame, cluster: str, facts: Kind, confidence: float) -> pd.DataFrame:
    """Mean of the analysed value for each `cluster` (`participant_id` or `image_id`), from the lowest: a row each.

    Within one cluster the responses are taken for independent: shares get Wilson's interval, scores Student's.
    """
    groups = trials.groupby(cluster)[facts.value].agg(["mean", "std", "size"])
    table = groups.rename(columns={"mean": "value", "size": "responses"}).reset_index(names="id")
    table = table.sort_values(["value", "id"], kind="stable", ignore_index=True)
    bounds = [_bounds(row, facts, confidence) for row in table.itertuples()]
    low, high = zip(*bounds, strict=True) if bounds else ((), ())
    table = table.assign(low=np.array(low, float), high=np.array(high, float))
    return table[["id", "value", "low", "high", "responses"]]


def _bounds(row: Any, facts: Kind, confidence: float) -> tuple[float, float]:
    if facts.has_truth:
        return wilson(row.value, row.responses, confidence)
    if row.responses < 2:
        return np.nan, np.nan
    reach = row.std / np.sqrt(row.responses) * special.stdtrit(row.responses - 1, 0.5 + confidence / 2)
    return max(row.value - reach, facts.least), min(row.value + reach, facts.most)


def response_times(trials: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Quartiles of `rt` (ms) by method, and how many responses have none."""
    rows = []
    for method in methods:
        rt = trials.loc[trials["method"] == method, "rt"]
        quartiles = rt.quantile([0.25, 0.5, 0.75]) if rt.notna().any() else [np.nan] * 3
        rows.append((method, *quartiles, int(rt.notna().sum()), int(rt.isna().sum())))
    columns = ["method", "lower_quartile", "median", "upper_quartile", "responses", "missing"]
    return pd.DataFrame(rows, columns=columns)
