"""Trust scores by a proportional-odds model (McCullagh 1980), with the clustering of all other estimates.

P(score ≤ j) = logistic(θ_j − b_method). Responses enter as counts of method × score, so that fitting takes the same
time for a thousand responses and for a million. Estimates are maximum likelihood under independence; their covariance
is the two-way cluster-robust sandwich, which does not need the independence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from analysis.estimation.estimates import Estimate, no_estimate, with_interval
from analysis.estimation.patterns import Patterns, patterns, sandwich
from analysis.notes import Note, NotedError, no_responses

SEPARATED = 12.0  # logits: an estimate of that size is none: the likelihood has no maximum
NO_FINITE = Note("No finite estimate: one method has answers at one end of the scale only.")


class OrdinalError(NotedError):
    """The model has no finite estimates on these data."""


@dataclass(frozen=True)
class ProportionalOdds:
    """A fit to counts (M methods, K scores): thresholds (K−1,), effects (M,) with the first at 0, and per kind of
    response the gradient of its log-likelihood (M·K, P), P = K−1 + M−1; `information` (P, P) is the observed one."""

    thresholds: np.ndarray
    effects: np.ndarray
    gradients: np.ndarray
    information: np.ndarray
    loglikelihood: float

    @property
    def covariance(self) -> np.ndarray:
        """Of (thresholds, effects without the first), were all responses independent."""
        return np.linalg.inv(self.information)


def fit(counts: np.ndarray) -> ProportionalOdds:
    """Newton's method from the pooled thresholds. Every score must occur. Raises OrdinalError."""
    methods, scores = counts.shape
    if (counts.sum(axis=0) == 0).any() or (counts.sum(axis=1) == 0).any():
        raise OrdinalError(Note("A score or a method without responses has no place in the model."))
    if scores < 2:
        raise OrdinalError(Note("The responses do not vary."))
    upper, lower = _designs(methods, scores)
    weights = counts.ravel().astype(float)
    pooled = np.cumsum(counts.sum(axis=0))[:-1] / counts.sum()
    parameters = np.concatenate([special.logit(pooled), np.zeros(methods - 1)])
    value, gradients, information = _likelihood(parameters, upper, lower, weights, scores)
    for _ in range(60):
        step = np.linalg.solve(information, weights @ gradients)
        scale = 1.0
        while True:
            proposal = parameters + scale * step
            new = _likelihood(proposal, upper, lower, weights, scores)
            if new[0] >= value - 1e-10 * abs(value) or scale < 1e-8:
                break
            scale /= 2
        parameters, (value, gradients, information) = proposal, new
        if np.abs(parameters[scores - 1 :]).max(initial=0) > SEPARATED:
            raise OrdinalError(NO_FINITE)
        if np.abs(scale * step).max() < 1e-10:
            break
    effects = np.concatenate([[0.0], parameters[scores - 1 :]])
    return ProportionalOdds(parameters[: scores - 1], effects, gradients, information, float(value))


def _designs(methods: int, scores: int) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives of θ_j − b_m and of θ_(j−1) − b_m in the parameters, a row a (method, score)."""
    upper = np.zeros((methods * scores, scores - 1 + methods - 1))
    lower = np.zeros_like(upper)
    for m in range(methods):
        for j in range(scores):
            row = m * scores + j
            for design, threshold in ((upper, j), (lower, j - 1)):
                if 0 <= threshold < scores - 1:
                    design[row, threshold] = 1
                    if m:
                        design[row, scores - 1 + m - 1] = -1
    return upper, lower


def _likelihood(
    parameters: np.ndarray, upper: np.ndarray, lower: np.ndarray, weights: np.ndarray, scores: int
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log-likelihood, its gradient by kind of response and its negative Hessian; −inf where thresholds cross."""
    column = np.arange(len(weights)) % scores
    above, below = special.expit(upper @ parameters), special.expit(lower @ parameters)
    above, below = np.where(column == scores - 1, 1.0, above), np.where(column == 0, 0.0, below)
    share = above - below
    if (share <= 0).any():
        return -np.inf, upper, np.eye(len(parameters))
    density = [f * (1 - f) for f in (above, below)]
    slope = [d * (1 - 2 * f) for d, f in zip(density, (above, below), strict=True)]
    gradients = (density[0][:, None] * upper - density[1][:, None] * lower) / share[:, None]
    second = upper.T @ ((weights * slope[0] / share)[:, None] * upper)
    second -= lower.T @ ((weights * slope[1] / share)[:, None] * lower)
    information = gradients.T @ (weights[:, None] * gradients) - second
    return float(weights @ np.log(share)), gradients, information


def odds_ratio(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Log odds ratio of a higher score with method `a` than with `b`, over all five cuts of the scale at once."""
    fitted = _fit_to(trials, methods, (a, b))
    if isinstance(fitted, Estimate):
        return fitted
    model, data, used, scores = fitted
    weights = np.zeros(len(model.information))
    for name, sign in ((a, 1.0), (b, -1.0)):
        if used.index(name):
            weights[len(scores) - 1 + used.index(name) - 1] = sign
    value = float(model.effects[used.index(a)] - model.effects[used.index(b)])
    return with_interval(value, sandwich(data, model.gradients @ model.covariance @ weights), confidence)


def implied_score_difference(
    trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float
) -> Estimate:
    """Difference of the mean scores that the model implies for `a` and `b` (delta method)."""
    fitted = _fit_to(trials, methods, (a, b))
    if isinstance(fitted, Estimate):
        return fitted
    model, data, used, scores = fitted
    value, slope = 0.0, np.zeros(len(model.information))
    upper, lower = _designs(len(used), len(scores))
    parameters = np.concatenate([model.thresholds, model.effects[1:]])
    for name, sign in ((a, 1.0), (b, -1.0)):
        rows = slice(used.index(name) * len(scores), (used.index(name) + 1) * len(scores))
        above, below = special.expit(upper[rows] @ parameters), special.expit(lower[rows] @ parameters)
        above[-1], below[0] = 1.0, 0.0
        share_slope = (above * (1 - above))[:, None] * upper[rows] - (below * (1 - below))[:, None] * lower[rows]
        value += sign * float(np.dot(scores, above - below))
        slope += sign * np.array(scores) @ share_slope
    return with_interval(value, sandwich(data, model.gradients @ model.covariance @ slope), confidence)


def _fit_to(
    trials: pd.DataFrame, methods: Sequence[str], compared: tuple[str, str]
) -> tuple[ProportionalOdds, Patterns, list[str], list[float]] | Estimate:
    """The fit to all methods and scores that occur, or why there is none."""
    used = [m for m in methods if (trials["method"] == m).any()]
    scores = sorted(trials["score"].unique())
    if missing := [m for m in compared if m not in used]:
        return no_estimate(no_responses(missing))
    data = patterns(trials, {"method": used, "score": scores})
    try:
        return fit(data.counts.reshape(len(used), len(scores))), data, used, scores
    except OrdinalError as error:
        return no_estimate(error.note)
