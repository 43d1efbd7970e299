"""95 % intervals over images, for figures that no people gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from scipy.stats import norm, t

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean or share with its 95 % interval over `n` images; the bounds are None where one image gives none."""

    value: float
    low: float | None
    high: float | None
    n: int


def of_mean(values: Sequence[float], least: float = -inf, most: float = inf) -> Interval | None:
    """The mean of one value for each image, Student's t, cut to the possible values; None where there is no image."""
    if not values:
        return None
    found = np.asarray(values, float)
    mean, n = float(found.mean()), len(found)
    if n < 2:
        return Interval(mean, None, None, n)
    half = float(t.ppf((1 + LEVEL) / 2, n - 1)) * float(found.std(ddof=1)) / sqrt(n)
    return Interval(mean, max(mean - half, least), min(mean + half, most), n)


def of_share(hits: int, n: int) -> Interval | None:
    """The share `hits` / `n`, Wilson's score interval (1927, JASA 22:209-212); None where `n` is 0."""
    if n == 0:
        return None
    z, share = float(norm.ppf((1 + LEVEL) / 2)), hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(centre - half, 0.0), min(centre + half, 1.0), n)  # sums are rounded


def in_words(found: Interval | None, digits: int = 2, percent: bool = False) -> str:
    """As "0.41 (0.36 to 0.46)", in percent as "8.6 % (6.9 to 10.7)"; an en dash where there is nothing."""
    if found is None:
        return "–"
    factor, sign = (100, " %") if percent else (1, "")
    told = f"{factor * found.value:.{digits}f}{sign}"
    if found.low is None or found.high is None:
        return f"{told} (one image)"
    return f"{told} ({factor * found.low:.{digits}f} to {factor * found.high:.{digits}f})"
