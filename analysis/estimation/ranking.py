"""More than two networks: Bradley–Terry strengths with ties (Davidson 1970) over all pairs that were compared.

P(i preferred to j) = π_i / (π_i + π_j + ν√(π_i π_j)), P(neither) = ν√(π_i π_j) / (the same). "Clearly" and "slightly"
count alike; the five-point answers themselves are in the mean score. On the log scale, with a tie as half a win to
either side, this is a log-linear model of three outcomes a pair, so its likelihood is concave and Newton's method ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import special

from analysis.estimation.cells import estimate_table
from analysis.estimation.estimates import Estimate, no_estimate, with_interval
from analysis.estimation.patterns import patterns, sandwich
from analysis.notes import Note, NotedError

OUTCOMES = (1.0, 0.0, -1.0)  # the pair's first preferred, neither, its second
INFINITE = 15.0  # logits


class RankingError(NotedError):
    """The comparisons do not order the networks."""


@dataclass(frozen=True)
class Strengths:
    """Log strengths (N,) that sum to 0, log ν (−inf without ties), and what a covariance is made of: the gradient of
    each outcome's log-likelihood (pairs·3, P) in all N strengths (and log ν), and a generalised inverse (P, P)."""

    strengths: np.ndarray
    log_ties: float
    gradients: np.ndarray
    inverse: np.ndarray


def fit(counts: np.ndarray, pairs: Sequence[tuple[int, int]], networks: int) -> Strengths:
    """`counts` (pairs, 3): first preferred, neither, second preferred. Raises RankingError."""
    _require_connected(counts, pairs, networks)
    has_ties = bool(counts[:, 1].sum())
    design = np.zeros((len(pairs), 3, networks + has_ties))
    for row, (i, j) in enumerate(pairs):
        design[row, 0, i] = design[row, 2, j] = 1.0
        design[row, 1, [i, j]] = 0.5
        if has_ties:
            design[row, 1, networks] = 1.0
    possible = np.array([True, has_ties, True])
    parameters = np.zeros(design.shape[2])
    for _ in range(100):
        share = special.softmax(np.where(possible, design @ parameters, -np.inf), axis=1)
        expected = np.einsum("po,pok->pk", share, design)
        centred = design - expected[:, None, :]
        weights = counts.sum(axis=1)[:, None] * share
        information = np.einsum("po,pok,pol->kl", weights, centred, centred)
        inverse = np.linalg.pinv(information, rcond=1e-10)  # strengths are known up to a constant: their mean is kept
        step = inverse @ np.einsum("po,pok->k", counts, centred)
        parameters = parameters + step / max(1.0, np.abs(step).max() / 2)
        if np.abs(parameters).max() > INFINITE:
            raise RankingError(Note("The preferences are so one-sided that the strengths have no finite estimate."))
        if np.abs(step).max() < 1e-11:
            break
    log_ties = float(parameters[networks]) if has_ties else -np.inf
    return Strengths(parameters[:networks], log_ties, centred.reshape(-1, design.shape[2]), inverse)


def _require_connected(counts: np.ndarray, pairs: Sequence[tuple[int, int]], networks: int) -> None:
    """Finite estimates need a path of wins or ties from every network to every other (Ford 1957)."""
    reach = np.eye(networks, dtype=bool)
    for (i, j), (first, ties, second) in zip(pairs, counts, strict=True):
        reach[i, j] |= first + ties > 0
        reach[j, i] |= second + ties > 0
    for middle in range(networks):
        reach |= reach[:, [middle]] & reach[[middle], :]
    if not reach.all():
        raise RankingError(Note("Some network was never preferred to, or never compared with, some of the others."))


def ranking(trials: pd.DataFrame, networks: Sequence[str], confidence: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(strengths, pairs) from trust trials, both with two-way clustered intervals.

    Log strength of each network around their mean, the strongest first, with its `rank`; and for each pair of networks
    the log odds of a preference for its first, with how many answers preferred the `first`, were `equal` or preferred
    the `second`.
    """
    compared = _turned(trials, networks)
    pairs = sorted(set(zip(compared["first"], compared["second"], strict=True)))
    data = patterns(compared.assign(pair=list(zip(compared["first"], compared["second"], strict=True))),
                    {"pair": pairs, "outcome": OUTCOMES})  # fmt: skip
    every_pair = list(combinations(range(len(networks)), 2))
    counted = dict(zip(pairs, data.counts.reshape(-1, 3), strict=True))
    answers = np.array([counted.get(pair, np.zeros(3, int)) for pair in every_pair])
    told = dict(zip(("first", "equal", "second"), answers.T, strict=True))
    try:
        model = fit(data.counts.reshape(-1, 3), pairs, len(networks))
    except RankingError as error:
        none = no_estimate(error.note)
        return (
            estimate_table(dict.fromkeys(networks, none), ["network"]).assign(rank=np.nan),
            estimate_table({(networks[i], networks[j]): none for i, j in every_pair}, ["a", "b"]).assign(**told),
        )

    def estimate(weights: np.ndarray) -> Estimate:
        padded = np.concatenate([weights, np.zeros(len(model.inverse) - len(weights))])
        spread = sandwich(data, model.gradients @ model.inverse @ padded)
        return with_interval(float(weights @ model.strengths), spread, confidence)

    one = np.eye(len(networks))
    order = sorted(range(len(networks)), key=lambda i: -model.strengths[i])
    strengths = estimate_table({networks[i]: estimate(one[i]) for i in order}, ["network"])
    differences = {(networks[i], networks[j]): estimate(one[i] - one[j]) for i, j in every_pair}
    ranks = 1.0 + np.arange(len(networks))
    return strengths.assign(rank=ranks), estimate_table(differences, ["a", "b"]).assign(**told)


def _turned(trials: pd.DataFrame, networks: Sequence[str]) -> pd.DataFrame:
    """Each comparison with its networks in the order of `networks`, and its outcome towards the first of them."""
    left, right = (
        pd.Categorical(trials[f"{side}_network"], categories=list(networks)).codes for side in ("left", "right")
    )
    towards_left = np.sign(pd.to_numeric(trials["response"]).to_numpy(float))
    outcome = np.where(left < right, towards_left, -towards_left)
    return trials.assign(first=np.minimum(left, right), second=np.maximum(left, right), outcome=outcome)
