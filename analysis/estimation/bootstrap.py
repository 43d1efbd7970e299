"""The pigeonhole bootstrap: participants and images drawn anew, each with replacement and apart from the other.

Owen (2007, Annals of Applied Statistics 1(2)): its variance tends to be too wide for crossed data, up to three
times too large, and never too small; the report says so.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from analysis.estimation.estimates import NO_VARIATION_NOTE, Estimate, no_estimate
from analysis.notes import Note

APART = (1.0, -1.0)  # the weights of two cells that are compared

DRAWS, SEED = 1000, 2007
CHUNK = 4_000_000  # weights held at a time
TOO_MANY_EMPTY = 0.05
ROUNDING = 1e-7  # draws that differ by less are all the same


def pigeonhole(
    values: np.ndarray,
    cell: np.ndarray,
    participant: np.ndarray,
    image: np.ndarray,
    confidence: float,
    weights: Sequence[float] = APART,
) -> Estimate:
    """The sum over cells of weight times mean of `values` (n,), with the percentile interval of 1,000 draws.

    Without `weights`, the mean in cell 0 minus that in cell 1. `cell` (n,) holds the place of a weight, or anything
    else for rows that do not count; codes (n,) run from 0.
    """
    places = range(len(weights))
    kept = np.isin(cell, places)
    values, cell, participant, image = values[kept], cell[kept], participant[kept], image[kept]
    sizes = int(participant.max(initial=-1)) + 1, int(image.max(initial=-1)) + 1
    if min(np.bincount(cell, minlength=len(weights))) == 0:
        return no_estimate(Note("No responses in one of the two."))
    sums, counts = (
        [sparse.csr_array((w[cell == c], (participant[cell == c], image[cell == c])), shape=sizes) for c in places]
        for w in (values, np.ones(len(values)))
    )
    differences = _draw(sums, counts, sizes, weights, np.random.default_rng(SEED))
    value = float(sum(weight * values[cell == c].mean() for c, weight in enumerate(weights)))
    seen = len(np.unique(participant)), len(np.unique(image))
    finite = differences[np.isfinite(differences)]
    if min(seen) < 2 or len(finite) < (1 - TOO_MANY_EMPTY) * DRAWS:
        note = Note("No interval: too few participants or images to draw from.")
        return Estimate(value, None, None, None, min(seen) - 1, None, len(values), *seen, "none", note)
    if np.ptp(finite) < ROUNDING:
        return Estimate(value, None, None, None, min(seen) - 1, None, len(values), *seen, "none", NO_VARIATION_NOTE)
    tail = (1 - confidence) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    below, above = float(np.mean(finite <= 0)), float(np.mean(finite >= 0))
    p = min(1.0, 2 * max(min(below, above), 1 / (len(finite) + 1)))
    se = float(finite.std(ddof=1))
    return Estimate(value, float(low), float(high), se, min(seen) - 1, p, len(values), *seen, "bootstrap")


def _draw(
    sums: list[sparse.csr_array],
    counts: list[sparse.csr_array],
    sizes: tuple[int, int],
    weights: Sequence[float],
    rng: np.random.Generator,
) -> np.ndarray:
    """Sums of the weighted means, (DRAWS,); NaN where a draw left a cell empty."""
    step = max(1, min(DRAWS, CHUNK // max(sizes)))
    parts = []
    for start in range(0, DRAWS, step):
        draws = min(step, DRAWS - start)
        people, images = (rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(float) for n in sizes)
        means = []
        for total, number in zip(sums, counts, strict=True):
            weighted = ((people @ total) * images).sum(axis=1)
            weight = ((people @ number) * images).sum(axis=1)
            means.append(np.divide(weighted, weight, out=np.full(draws, np.nan), where=weight > 0))
        parts.append(np.asarray(weights) @ np.array(means))
    return np.concatenate(parts)
