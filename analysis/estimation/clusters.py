"""Responses summed within clusters, and the degrees of freedom that clusters give."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

DENSE = 16  # clusters × cells for each response, up to which arrays are faster than sparse ones
UNEQUAL = 2 / 3  # of the clusters: an effective number below this takes their place


@dataclass(frozen=True)
class Sizes:
    """Of the clusters that have responses in some cells."""

    each: np.ndarray  # responses of each cluster
    clusters: int
    responses: int
    df: float  # `degrees_of_freedom`


@dataclass(frozen=True)
class Grouping:
    """Which of C cells and G clusters n responses belong to. Sizes are kept, because many analyses share a design."""

    counts: np.ndarray | sparse.csr_array  # (C, G) responses
    cell: np.ndarray  # (n,)
    cluster: np.ndarray  # (n,)
    _sizes: dict[bytes, Sizes] = field(default_factory=dict)

    def sizes(self, cells: np.ndarray) -> Sizes:
        """Of the clusters with responses in `cells` (indices)."""
        key = cells.tobytes()
        if key not in self._sizes:
            self._sizes[key] = sizes_of(np.asarray(self.counts[cells].sum(axis=0)).ravel())
        return self._sizes[key]

    def of(self, residuals: np.ndarray) -> "Clustering":
        """Residuals (n,) summed within clusters and cells."""
        if isinstance(self.counts, sparse.csr_array):
            sparse_sums = sparse.csr_array((residuals, (self.cell, self.cluster)), shape=self.counts.shape)
            return Clustering(self, (sparse_sums @ sparse_sums.T).toarray())
        place = self.cell * self.counts.shape[1] + self.cluster
        sums = np.bincount(place, weights=residuals, minlength=self.counts.size).reshape(self.counts.shape)
        return Clustering(self, sums @ sums.T)


@dataclass(frozen=True)
class Clustering:
    """The products (C, C) of the clusters' sums of residuals in two cells each, summed over clusters."""

    grouping: Grouping
    products: np.ndarray

    def sizes(self, cells: np.ndarray) -> Sizes:
        return self.grouping.sizes(cells)


def degrees_of_freedom(clusters: int, responses: int, squares: float) -> float:
    """Of G clusters: G − 1, or the effective number less one (at least 1) where that is much smaller.

    The effective number is Kish's (1965): n² over the sum of squared cluster sizes, G for clusters of equal size.
    """
    effective = responses**2 / squares if clusters else 0.0
    return clusters - 1 if effective >= UNEQUAL * clusters else max(effective - 1, 1.0)


def sizes_of(each: np.ndarray) -> Sizes:
    """Of clusters (G,) with this number of responses each; a cluster without one does not count."""
    each = each[each > 0]
    clusters, responses = len(each), int(each.sum())
    return Sizes(each, clusters, responses, degrees_of_freedom(clusters, responses, float(each @ each)))


def dense(codes: np.ndarray) -> np.ndarray:
    """Renumber codes 0…m−1, without a sort while their range stays proportionate to their number."""
    if codes.size and codes.max() < 20 * codes.size:
        present = np.zeros(codes.max() + 1, bool)
        present[codes] = True
        return (np.cumsum(present) - 1)[codes]
    return np.unique(codes, return_inverse=True)[1]


def grouping(cell: np.ndarray, cluster: np.ndarray, n_cells: int) -> Grouping:
    n_clusters = int(cluster.max()) + 1 if cluster.size else 0
    shape = n_cells, n_clusters
    if n_cells * n_clusters > DENSE * len(cell):
        counts = sparse.csr_array((np.ones(len(cell), np.int64), (cell, cluster)), shape=shape)
        return Grouping(counts, cell, cluster)
    place = cell * n_clusters + cluster
    return Grouping(np.bincount(place, minlength=n_cells * n_clusters).reshape(shape), cell, cluster)


def satterthwaite(parts: Sequence[float], sizes: Sequence[Sizes]) -> float:
    """Degrees of freedom of the sum of independent variances, `parts`, from clusters of these sizes."""
    squares = sum(part**2 / each.df for part, each in zip(parts, sizes, strict=True))
    return sum(parts) ** 2 / squares if squares else min(each.df for each in sizes)


def with_conditions(parts: Sequence[float], sizes: Sequence[Sizes], df: float, images: int) -> tuple[float, bool]:
    """Degrees of freedom of the variance between people in conditions, whose `parts` are added up; and whether these or
    the `df` of the images are fewer than responses spread equally would give."""
    equal = satterthwaite(parts, [replace(each, df=each.clusters - 1) for each in sizes])
    of_people = satterthwaite(parts, sizes)
    return of_people, min(of_people, df) < min(equal, images - 1)
