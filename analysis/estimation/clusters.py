"""Responses summed within clusters, and the degrees of freedom that clusters give."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

DENSE = 16  # clusters × cells for each response, up to which arrays are faster than sparse ones
UNEQUAL = 2 / 3  # of the clusters: an effective number below this takes their place


@dataclass(frozen=True)
class Clustering:
    """What G clusters say of C cells: their numbers of responses there, and the products of their sums of residuals."""

    counts: np.ndarray | sparse.csr_array  # (C, G)
    products: np.ndarray  # (C, C)

    def sizes(self, cells: np.ndarray) -> np.ndarray:
        """Responses in `cells` (indices) of each cluster that has one there."""
        sizes = np.asarray(self.counts[cells].sum(axis=0)).ravel()
        return sizes[sizes > 0]


def degrees_of_freedom(clusters: int, responses: int, squares: float) -> float:
    """Of G clusters: G − 1, or the effective number less one (at least 1) where that is much smaller.

    The effective number is Kish's (1965): n² over the sum of squared cluster sizes, G for clusters of equal size.
    """
    effective = responses**2 / squares if clusters else 0.0
    return clusters - 1 if effective >= UNEQUAL * clusters else max(effective - 1, 1.0)


def df_of(sizes: np.ndarray) -> float:
    """`degrees_of_freedom` of clusters of these numbers of responses."""
    return degrees_of_freedom(len(sizes), int(sizes.sum()), float((sizes**2).sum()))


def by_condition(
    residuals: np.ndarray, cell: np.ndarray, participant: np.ndarray, n_cells: int, condition: np.ndarray | None
) -> tuple[Clustering, ...]:
    if condition is None or condition.max(initial=0) == 0:
        return ()
    groups = [condition == code for code in range(int(condition.max()) + 1)]
    return tuple(clustering(residuals[rows], cell[rows], dense(participant[rows]), n_cells) for rows in groups)


def dense(codes: np.ndarray) -> np.ndarray:
    """Renumber codes 0…m−1, without a sort while their range stays proportionate to their number."""
    if codes.size and codes.max() < 20 * codes.size:
        present = np.zeros(codes.max() + 1, bool)
        present[codes] = True
        return (np.cumsum(present) - 1)[codes]
    return np.unique(codes, return_inverse=True)[1]


def clustering(residuals: np.ndarray, cell: np.ndarray, cluster: np.ndarray, n_cells: int) -> Clustering:
    n_clusters = int(cluster.max()) + 1 if cluster.size else 0
    shape = n_cells, n_clusters
    if n_cells * n_clusters > DENSE * len(residuals):
        counts = sparse.csr_array((np.ones(len(residuals), np.int64), (cell, cluster)), shape=shape)
        sums = sparse.csr_array((residuals, (cell, cluster)), shape=shape)
        return Clustering(counts, (sums @ sums.T).toarray())
    place = cell * n_clusters + cluster
    sums = np.bincount(place, weights=residuals, minlength=n_cells * n_clusters).reshape(shape)
    return Clustering(np.bincount(place, minlength=n_cells * n_clusters).reshape(shape), sums @ sums.T)


def satterthwaite(parts: Sequence[float], sizes: Sequence[np.ndarray]) -> float:
    """Degrees of freedom of the sum of independent variances, `parts`, from clusters of these sizes."""
    squares = sum(part**2 / df_of(each) for part, each in zip(parts, sizes, strict=True))
    return sum(parts) ** 2 / squares if squares else min(df_of(each) for each in sizes)
