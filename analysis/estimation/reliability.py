"""How far the items of a score agree. Rows are people, columns are items, each turned to point the same way."""

import numpy as np
from scipy.optimize import least_squares

from analysis.notes import Note, NotedError

FEWEST_PEOPLE = 3


class ReliabilityError(NotedError):
    """A coefficient is not defined for these answers."""


def cronbach_alpha(answers: np.ndarray) -> float:
    """Cronbach's α: k / (k − 1) · (1 − Σ variances of items / variance of their sum). Raises ReliabilityError."""
    _require(answers, 2)
    items, total = answers.var(axis=0, ddof=1), answers.sum(axis=1).var(ddof=1)
    k = answers.shape[1]
    return float(k / (k - 1) * (1 - items.sum() / total))


def spearman_brown(answers: np.ndarray) -> float:
    """2r / (1 + r) of two items, for which α is biased (Eisinga, te Grotenhuis & Pelzer, 2013)."""
    _require(answers, 2)
    r = np.corrcoef(answers, rowvar=False)[0, 1]
    if r <= -1:
        raise ReliabilityError(Note("Not defined: the two items are opposites of each other."))
    return float(2 * r / (1 + r))


def mcdonald_omega(answers: np.ndarray) -> float:
    """McDonald's ω of the sum of three items or more: (Σλ)² / ((Σλ)² + Σθ), by one factor fitted to the correlations.

    λ are loadings and θ remaining variances of the answers; least squares (minres). Raises ReliabilityError.
    """
    _require(answers, 3)
    correlations, spread = np.corrcoef(answers, rowvar=False), answers.std(axis=0, ddof=1)
    loadings = _one_factor(correlations)
    loadings = loadings if loadings.sum() >= 0 else -loadings
    if (loadings <= 0).any() or (loadings**2 > 1 + 1e-9).any():
        raise ReliabilityError(Note("ω is not defined: the items do not fit one factor."))
    common = float((loadings * spread).sum() ** 2)
    return common / (common + float(((1 - loadings**2) * spread**2).sum()))


def _one_factor(correlations: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(correlations)
    above = np.triu_indices(len(correlations), 1)
    start = vectors[:, -1] * np.sqrt(values[-1])
    fit = least_squares(lambda x: (correlations - np.outer(x, x))[above], start, xtol=1e-12, ftol=1e-12, gtol=1e-12)
    return np.asarray(fit.x)


def _require(answers: np.ndarray, fewest_items: int) -> None:
    people, items = answers.shape
    if items < fewest_items:
        raise ReliabilityError(Note("Not defined for so few items."))
    if people < FEWEST_PEOPLE:
        raise ReliabilityError(Note("Fewer than 3 people answered every item."))
    if (answers.var(axis=0) == 0).any():
        raise ReliabilityError(Note("Not defined: everybody gave the same answer to an item."))
