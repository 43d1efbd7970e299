"""One participant and one image at a time: who and what stands apart (caterpillar plots)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from analysis.estimation.estimates import wilson


def individuals(trials: pd.DataFrame, cluster: str, value: str, confidence: float) -> pd.DataFrame:
    """Mean of `value` for each `cluster` (`participant_id` or `image_id`), from the lowest: a row each.

    Within one cluster the responses are taken for independent: shares get Wilson's interval, scores Student's.
    """
    groups = trials.groupby(cluster)[value].agg(["mean", "std", "size"])
    table = groups.rename(columns={"mean": "value", "size": "responses"}).reset_index(names="id")
    table = table.sort_values(["value", "id"], kind="stable", ignore_index=True)
    bounds = [_bounds(row, value == "correct", confidence) for row in table.itertuples()]
    low, high = zip(*bounds, strict=True) if bounds else ((), ())
    table = table.assign(low=np.array(low, float), high=np.array(high, float))
    return table[["id", "value", "low", "high", "responses"]]


def _bounds(row: object, is_share: bool, confidence: float) -> tuple[float, float]:
    if is_share:
        return wilson(row.value, row.responses, confidence)
    if row.responses < 2:
        return np.nan, np.nan
    reach = row.std / np.sqrt(row.responses) * special.stdtrit(row.responses - 1, 0.5 + confidence / 2)
    return max(row.value - reach, -2.0), min(row.value + reach, 2.0)


def confusion(trials: pd.DataFrame) -> pd.DataFrame:
    """How often each category was chosen for each category shown: rows `shown`, `chosen`, `responses`, `share`.

    Only pairs that were on offer together stand here: a category meets no other foil than its image's second one.
    """
    offered = trials[["category", "foil"]].drop_duplicates().set_axis(["shown", "chosen"], axis=1)
    right = offered.assign(chosen=offered["shown"])
    pairs = pd.concat([offered, right]).drop_duplicates().sort_values(["shown", "chosen"], ignore_index=True)
    given = trials.groupby(["category", "response"]).size().rename("responses")
    table = pairs.merge(given, how="left", left_on=["shown", "chosen"], right_index=True)
    table["responses"] = table["responses"].fillna(0).astype(int)
    return table.assign(share=table["responses"] / table.groupby("shown")["responses"].transform("sum"))


def response_times(trials: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Quartiles of `rt` (ms) by method, and how many responses have none."""
    rows = []
    for method in methods:
        rt = trials.loc[trials["method"] == method, "rt"]
        quartiles = rt.quantile([0.25, 0.5, 0.75]) if rt.notna().any() else [np.nan] * 3
        rows.append((method, *quartiles, int(rt.notna().sum()), int(rt.isna().sum())))
    columns = ["method", "lower_quartile", "median", "upper_quartile", "responses", "missing"]
    return pd.DataFrame(rows, columns=columns)
