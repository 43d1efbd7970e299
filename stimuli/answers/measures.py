"""Numbers of one map, and their mean with an interval over pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import spearmanr

from stimuli.evaluate.metrics.pointing import hit

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in the map's pixels from 0, the last two outside."""
SAMPLES = 2000  # of the bootstrap


@dataclass(frozen=True)
class Mean:
    """The mean of `count` pictures with its 95 % percentile interval of the bootstrap over pictures; `undefined`:
    pictures without a value. None where there is no value, or no interval of a single one."""

    value: float | None
    low: float | None
    high: float | None
    count: int
    undefined: int


@dataclass(frozen=True)
class Figure:
    """A row of the table: what, of which method, the paper's figure and ours."""

    label: str
    method: str
    paper: float | None
    mean: Mean


def mean_of(values: Sequence[float | None], seed: int = 1) -> Mean:
    """The mean of the values that are there, one a picture."""
    there = np.array([value for value in values if value is not None], float)
    undefined = len(values) - len(there)
    if len(there) < 2:
        return Mean(float(there[0]) if len(there) else None, None, None, len(there), undefined)
    drawn = np.random.default_rng(seed).integers(len(there), size=(SAMPLES, len(there)))
    low, high = np.percentile(there[drawn].mean(1), (2.5, 97.5))
    return Mean(float(there.mean()), float(low), float(high), len(there), undefined)


def inside(boxes: Sequence[Box], shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool: the pixels whose centre is in one of `boxes`."""
    y, x = np.arange(shape[0])[:, None] + 0.5, np.arange(shape[1])[None, :] + 0.5
    found = np.zeros(shape[:2], bool)
    for left, top, right, bottom in boxes:
        found |= (y > top) & (y < bottom) & (x > left) & (x < right)
    return found


def points_at(heat: np.ndarray, boxes: Sequence[Box]) -> float | None:
    """The share of the largest pixels of `heat` (H, W) that are in one of `boxes`: 0 or 1 but for ties.

    None for a constant map or no box.
    """
    if not boxes or heat.min() == heat.max():
        return None
    return hit(torch.from_numpy(heat), tuple(boxes), tolerance=0)


def box_ratio(heat: np.ndarray, boxes: Sequence[Box]) -> float | None:
    """Mean of `heat` (H, W) inside the boxes ÷ mean outside (the paper's section 8.1); 1 for a uniform map.

    None where it is not defined: no box, nothing outside of them, or no heat there.
    """
    within = inside(boxes, heat.shape)
    if not within.any() or within.all() or not heat[~within].sum() > 0:
        return None
    return float(heat[within].mean() / heat[~within].mean())


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Spearman's, over pixels, equal values with their mean rank. None where a map is constant."""
    if one.min() == one.max() or other.min() == other.max():
        return None
    return float(spearmanr(one, other, axis=None).statistic)
