"""Krippendorff's α: how far the raters of an item agree beyond what chance would give.

Krippendorff (2019), Content Analysis, 4th ed., ch. 12; any number of raters, missing ratings allowed.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.estimation.cells import estimate_table
from analysis.estimation.estimates import Estimate, no_estimate
from analysis.notes import Note

DRAWS, SEED = 1000, 2019
_AT_ONCE = 50  # draws computed together


def distances(frequencies: np.ndarray, metric: str) -> np.ndarray:
    """Squared differences δ² between the K values (K, K): "nominal", "ordinal" (needs their `frequencies`) or
    "interval" (values one step apart). `frequencies` (..., K) of several draws give those of each for "ordinal"."""
    k = frequencies.shape[-1]
    if metric == "nominal":
        return 1.0 - np.eye(k)
    position = frequencies.cumsum(axis=-1) - frequencies / 2 if metric == "ordinal" else np.arange(k, dtype=float)
    return (position[..., :, None] - position[..., None, :]) ** 2


def alpha(counts: np.ndarray, metric: str) -> float:
    """α of `counts` (units, K values): how many raters gave each value. NaN when nothing can disagree."""
    return float(_alpha_of(_coincidences(counts).sum(axis=0), metric))


def _coincidences(counts: np.ndarray) -> np.ndarray:
    """Each unit's share of the coincidence matrix (units, K, K); a unit with one rating has none."""
    raters = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1])
    return pairs / np.maximum(raters - 1, 1)[:, None, None]


def _alpha_of(coincidences: np.ndarray, metric: str) -> np.ndarray:
    """α of each coincidence matrix (..., K, K); NaN where nothing can disagree."""
    frequencies = coincidences.sum(axis=-1)
    total = frequencies.sum(axis=-1)
    delta = distances(frequencies, metric)
    expected = np.einsum("...i,...ij,...j->...", frequencies, delta, frequencies)
    observed = (coincidences * delta).sum(axis=(-2, -1))
    return 1 - (total - 1) * observed / np.where(expected > 0, expected, np.nan)


def raters(
    trials: pd.DataFrame, methods: Sequence[str], value: np.ndarray, metric: str, confidence: float
) -> pd.DataFrame:
    """α by method and over all of them, its interval from drawing the images anew (1,000 times).

    `value` (n,) is what is agreed on; raters are participants, units are items.
    """
    frame = trials.assign(value=value)
    rows = {method: _of(frame[frame["method"] == method], metric, confidence) for method in methods}
    return estimate_table(rows | {"all": _of(frame, metric, confidence)}, ["method"])


def _of(frame: pd.DataFrame, metric: str, confidence: float) -> Estimate:
    frame = frame[frame.groupby("item_id")["value"].transform("size") > 1]
    item, items = pd.factorize(frame["item_id"])
    code, values = pd.factorize(frame["value"], sort=True)
    if len(items) == 0:
        return no_estimate(Note("No item has two responses."))
    counts = np.bincount(item * len(values) + code, minlength=len(items) * len(values)).reshape(len(items), -1)
    image, images = pd.factorize(frame["image_id"].to_numpy()[np.unique(item, return_index=True)[1]])
    parts = np.zeros((len(images), len(values), len(values)))
    np.add.at(parts, image, _coincidences(counts))
    found = float(_alpha_of(parts.sum(axis=0), metric))
    size = len(frame), frame["participant_id"].nunique(), len(images)
    if np.isnan(found):
        return no_estimate(Note("All responses are the same, so there is nothing to agree on."))
    if len(images) < 2:
        return Estimate(found, None, None, None, 0, None, *size, "none", Note("No interval: one image."))
    draws = np.random.default_rng(SEED).multinomial(len(images), np.full(len(images), 1 / len(images)), size=DRAWS)
    together = np.split(draws, DRAWS // _AT_ONCE)
    drawn = np.concatenate([_alpha_of(np.tensordot(some, parts, 1), metric) for some in together])
    drawn = drawn[np.isfinite(drawn)]
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(found, float(low), float(high), float(drawn.std(ddof=1)), len(images) - 1, None, *size, "bootstrap")
