"""Right answers by a logit model with random effects of participants and images that differ between methods.

y ~ logistic(β_method + u_participant + u_participant:method + v_image + v_image:method), the four normal: the maximal
model of a design in which every participant and image meets several methods (Barr, Levy, Scheepers & Tily 2013), in
lme4's words 0 + method + (1 | participant) + (1 | participant:method) + (1 | image) + (1 | image:method). It is fitted
by maximising Laplace's approximation of the marginal likelihood (Breslow & Clayton 1993; the criterion of glmer with
nAGQ = 1), with its exact gradient. It is the sensitivity analysis of the primary estimates: other assumptions, the same
question.

Numeric covariates of an answer add fixed slopes, γ·x, alike for all methods. Where each participant meets one method
alone, only σ² + τ² of the participants is determined, and nothing else depends on how it is divided.

Where methods are in groups, such as a method with two sorts of image, participants have a further effect of each group:
+ (1 | participant:group).

Two effects that add up in one cell (participant, method) are held as one, so a participant has M effects with
covariance σ²·J + τ²·I, where J is all ones, and with groups + υ²·B, where B is one within a group. The
larger side is eliminated by the Schur complement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import optimize, special

from analysis.estimation.estimates import Estimate, Variance, no_estimate, with_interval
from analysis.estimation.limits import too_many
from analysis.notes import NO_NOTE, Note, NotedError, marked, no_responses

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()  # expectation under a standard normal
MOST_EFFECTS = 2000  # (participants + images) × methods
RIDGE = 1e-6  # of the effects' variance: a standard deviation of 0.001 logits instead of none keeps matrices regular
INFINITE = 12.0  # logits
LOGISTIC_VARIANCE = np.pi**2 / 3  # of an answer in the latent variable
SOURCES = (
    marked("participants, the same for all methods"),
    marked("participants, by method"),
    marked("images, the same for all methods"),
    marked("images, by method"),
)


class MixedError(NotedError):
    """The model cannot be fitted to these data."""


@dataclass(frozen=True)
class MaximalLogit:
    """Effects of the M methods, then slopes of the C covariates (M + C,), their covariance (M + C, M + C), and the
    standard deviations in SOURCES' order, after the second that of participants by group where there are groups."""

    effects: np.ndarray
    covariance: np.ndarray  # with the standard deviations as estimated, as lme4's vcov(use.hessian = FALSE)
    sds: np.ndarray
    deviance: float  # −2 × the approximate marginal log-likelihood


class _Prior:
    """G clusters with M effects each, of covariance Σ sₖ²·Bₖ + RIDGE·I: its inverse Q and log determinant."""

    def __init__(self, sds: np.ndarray, clusters: int, parts: np.ndarray) -> None:
        """`sds` (K,) of `parts` (K, M, M), which say how effects are alike."""
        covariance = np.tensordot(sds**2, parts, 1) + RIDGE * np.eye(parts.shape[1])
        self.sds, self.clusters, self.parts = sds, clusters, parts
        self.precision = np.linalg.inv(covariance)
        self.log_determinant = clusters * float(np.linalg.slogdet(covariance)[1])

    def slope(self, modes: np.ndarray, blocks: np.ndarray, pulled: np.ndarray) -> np.ndarray:
        """Of the deviance in sₖ, from modes (G, M), their covariances (G, M, M) and what pulls on them (G, M)."""
        q, g = self.precision, modes @ self.precision
        inner = self.clusters * q - q @ blocks.sum(axis=0) @ q + (pulled @ q - g).T @ g
        return 2 * self.sds * np.einsum("kij,ji->k", self.parts, inner)


class _Curvature:
    """The Hessian of the penalised likelihood in the modes: blocks of the larger side, of the smaller, and between."""

    def __init__(self, priors: tuple[_Prior, _Prior], weights: tuple[np.ndarray, np.ndarray], across: np.ndarray):
        larger, smaller = (
            p.precision + w[:, :, None] * np.eye(w.shape[1]) for p, w in zip(priors, weights, strict=True)
        )
        self.across = across  # (larger, methods, smaller)
        self.larger, self.inverse = larger, np.linalg.inv(larger)
        clusters, methods = weights[1].shape
        reduced = np.zeros((clusters, methods, clusters, methods))
        reduced[np.arange(clusters), :, np.arange(clusters), :] = smaller
        for k in range(methods):
            for m in range(methods):
                reduced[:, k, :, m] -= across[:, k].T @ (self.inverse[:, k, m, None] * across[:, m])
        self.size = clusters * methods
        self.reduced = reduced.reshape(self.size, self.size)

    @property
    def log_determinant(self) -> float:
        return float(np.linalg.slogdet(self.larger)[1].sum() + np.linalg.slogdet(self.reduced)[1])

    def solve(self, larger: np.ndarray, smaller: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The inverse times a vector, given and returned by side."""
        own = np.einsum("pkm,pm->pk", self.inverse, larger)
        left = smaller - np.einsum("pki,pk->ik", self.across, own)
        found = np.linalg.solve(self.reduced, left.ravel()).reshape(smaller.shape)
        return own - np.einsum("pkm,pmi,im->pk", self.inverse, self.across, found, optimize=True), found

    def covariances(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the inverse: blocks (G, M, M) of either side, and (larger, M, smaller) between cells of one method."""
        _, methods, smaller = self.across.shape
        inverse = np.linalg.inv(self.reduced).reshape(smaller, methods, smaller, methods)
        seen = np.stack([np.tensordot(self.across[:, k], inverse[:, k], 1) for k in range(methods)], axis=1)
        between = -np.einsum("pkm,pmik->pki", self.inverse, seen)
        inner = np.einsum("pkim,pmi->pkm", seen, self.across)
        own = self.inverse + self.inverse @ inner @ self.inverse
        return own, inverse[np.arange(smaller), :, np.arange(smaller), :], between


class _Laplace:
    """Deviance and gradient at (β, γ, s₀ and s₁ of the larger side, of the smaller); keeps the modes as next start."""

    def __init__(
        self,
        y: np.ndarray,
        method: np.ndarray,
        sides: tuple[np.ndarray, np.ndarray],
        x: np.ndarray,
        parts: tuple[np.ndarray, np.ndarray],
    ) -> None:
        larger, smaller = sides
        self.y, self.smaller, self.parts = y, smaller, parts
        self.methods = int(method.max()) + 1
        self.x = np.column_stack([np.eye(self.methods)[method], x])
        self.fixed = self.x.shape[1]
        self.sizes = int(larger.max()) + 1, int(smaller.max()) + 1
        self.codes = larger * self.methods + method, smaller * self.methods + method
        self.modes = tuple(np.zeros((size, self.methods)) for size in self.sizes)

    def priors(self, parameters: np.ndarray) -> tuple[_Prior, _Prior]:
        first, second = np.split(parameters[self.fixed :], [len(self.parts[0])])
        return _Prior(first, self.sizes[0], self.parts[0]), _Prior(second, self.sizes[1], self.parts[1])

    def predictor(self, parameters: np.ndarray, modes: tuple[np.ndarray, ...]) -> np.ndarray:
        larger, smaller = (mode.ravel()[codes] for mode, codes in zip(modes, self.codes, strict=True))
        return self.x @ parameters[: self.fixed] + larger + smaller

    def gather(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums over the rows of each cell, by side (G, M)."""
        larger, smaller = (
            np.bincount(codes, weights=values, minlength=size * self.methods).reshape(size, self.methods)
            for codes, size in zip(self.codes, self.sizes, strict=True)
        )
        return larger, smaller

    def penalised(self, parameters: np.ndarray, modes: tuple[np.ndarray, ...]) -> float:
        eta = self.predictor(parameters, modes)
        penalty = sum(np.sum(m @ p.precision * m) for m, p in zip(modes, self.priors(parameters), strict=True))
        return float(2 * np.sum(np.logaddexp(0, eta) - self.y * eta) + penalty)

    def curvature(self, parameters: np.ndarray, weights: np.ndarray) -> _Curvature:
        shape = self.sizes[0], self.methods, self.sizes[1]
        place = self.codes[0] * self.sizes[1] + self.smaller
        across = np.bincount(place, weights=weights, minlength=int(np.prod(shape))).reshape(shape)
        return _Curvature(self.priors(parameters), self.gather(weights), across)

    def find_modes(self, parameters: np.ndarray) -> tuple[np.ndarray, ...]:
        modes, value = self.modes, self.penalised(parameters, self.modes)
        for _ in range(50):
            mean = special.expit(self.predictor(parameters, modes))
            sides = zip(self.gather(self.y - mean), modes, self.priors(parameters), strict=True)
            steps = self.curvature(parameters, mean * (1 - mean)).solve(*(g - m @ p.precision for g, m, p in sides))
            largest = max(np.abs(step).max() for step in steps)
            scale = 1.0
            while True:
                new = tuple(mode + scale * step for mode, step in zip(modes, steps, strict=True))
                if (reached := self.penalised(parameters, new)) <= value + 1e-9 or scale * largest < 1e-12:
                    break
                scale /= 2
            modes, value = new, reached
            if scale * largest < 1e-8:
                break
        self.modes = modes
        return modes

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        modes, priors = self.find_modes(parameters), self.priors(parameters)
        mean = special.expit(self.predictor(parameters, modes))
        weights, residual = mean * (1 - mean), self.y - mean
        curvature = self.curvature(parameters, weights)
        deviance = self.penalised(parameters, modes) + curvature.log_determinant
        deviance += sum(prior.log_determinant for prior in priors)
        *blocks, between = curvature.covariances()
        first, second = (np.einsum("gmm->gm", block).ravel()[c] for block, c in zip(blocks, self.codes, strict=True))
        leverage = first + second + 2 * between.ravel()[self.codes[0] * self.sizes[1] + self.smaller]
        pull = leverage * weights * (1 - 2 * mean)  # of the log determinant, on each row's η
        pulled = curvature.solve(*self.gather(pull))  # and through the modes
        by_row = pull - 2 * residual - weights * self.predictor(np.zeros(self.fixed), pulled)
        slopes = [p.slope(m, b, v) for p, m, b, v in zip(priors, modes, blocks, pulled, strict=True)]
        return deviance, np.concatenate([by_row @ self.x, *slopes])

    def covariance(self, parameters: np.ndarray) -> np.ndarray:
        """Of effects and slopes, given the standard deviations (M + C, M + C)."""
        mean = special.expit(self.predictor(parameters, self.find_modes(parameters)))
        weights = mean * (1 - mean)
        curvature, columns = self.curvature(parameters, weights), []
        for column in self.x.T:
            alone = column * weights
            moved = self.predictor(np.zeros(self.fixed), curvature.solve(*self.gather(alone)))
            columns.append((alone - weights * moved) @ self.x)
        return np.linalg.inv(np.array(columns))


def fit(
    y: np.ndarray,
    method: np.ndarray,
    participant: np.ndarray,
    image: np.ndarray,
    x: np.ndarray | None = None,
    groups: tuple[int, ...] = (),
) -> MaximalLogit:
    """`y` (n,) of 0 and 1; codes (n,) from 0 without gaps; covariates `x` (n, C). Raises MixedError.

    `groups` (M,): methods of one number share a further effect of participants.
    """
    codes = np.stack([method, participant, image]).astype(np.int64)
    covariates = b"" if x is None else np.asarray(x, float).tobytes()
    return _fit(np.asarray(y, float).tobytes(), codes.tobytes(), covariates, groups)


@lru_cache(maxsize=8)
def _fit(y: bytes, codes: bytes, covariates: bytes, groups: tuple[int, ...]) -> MaximalLogit:
    """One fit serves all comparisons of a task."""
    answers = np.frombuffer(y)
    method, *sides = np.frombuffer(codes, np.int64).reshape(3, len(answers))
    x = np.frombuffer(covariates).reshape(len(answers), -1 if covariates else 0)
    methods, sizes = int(method.max()) + 1, [int(side.max()) + 1 for side in sides]
    if (effects := sum(sizes) * methods) > MOST_EFFECTS:
        raise MixedError(
            Note(
                "{n} effects of participants and images by method; the random-effects model is fitted to {most}.",
                {"n": effects, "most": MOST_EFFECTS},
            )
        )
    shares = np.bincount(method, answers) / np.bincount(method)
    if not ((shares > 0) & (shares < 1)).all():
        raise MixedError(Note("No finite estimate: in one condition all answers are right, or all wrong."))
    turned = sizes[0] < sizes[1]
    larger, smaller = sides[::-1] if turned else sides
    parts = _parts(methods, groups), _parts(methods)
    laplace = _Laplace(answers, method, (larger, smaller), x, parts[::-1] if turned else parts)
    starts = [0.5 if place == 0 else 0.3 for part in laplace.parts for place in range(len(part))]
    start = np.concatenate([np.zeros(laplace.fixed), starts])
    options = {"gtol": 1e-4 * np.sqrt(len(answers))}
    found = optimize.minimize(laplace, start, jac=True, method="BFGS", options=options)
    if not np.abs(found.x).max() < INFINITE:
        raise MixedError(Note("No finite estimate: people or images are almost always right, or almost always wrong."))
    sds = np.abs(found.x[laplace.fixed :])
    covariance = laplace.covariance(found.x)
    effects, deviance = found.x[: laplace.fixed], float(found.fun)
    return MaximalLogit(effects, covariance, np.roll(sds, len(parts[0])) if turned else sds, deviance)


def _parts(methods: int, groups: tuple[int, ...] = ()) -> np.ndarray:
    """How a cluster's effects are alike (K, M, M): the same for all methods, by method, and of `groups` by group."""
    of = np.array(groups)
    by_group = [(of[:, None] == of).astype(float)] if len({*groups}) < len(groups) else []
    return np.stack([np.ones((methods, methods)), np.eye(methods), *by_group])


def fit_trials(
    trials: pd.DataFrame, level: np.ndarray, x: np.ndarray | None = None, groups: tuple[int, ...] = ()
) -> MaximalLogit:
    """Of `trials` with `correct`, `participant_id` and `image_id`; codes of a `level` (n,); `groups` (L,) as of `fit`.
    Raises MixedError."""
    if left_out := too_many(trials):
        raise MixedError(left_out.note)
    participant, image = (pd.factorize(trials[c])[0] for c in ("participant_id", "image_id"))
    if min(participant.max(initial=-1), image.max(initial=-1)) < 1:
        raise MixedError(Note("Random effects need two participants and two images."))
    return fit(trials["correct"].to_numpy(float), level, participant, image, x, groups)


def _used(trials: pd.DataFrame, methods: Sequence[str]) -> list[str]:
    return [m for m in methods if (trials["method"] == m).any()]


def _codes(trials: pd.DataFrame, used: Sequence[str]) -> np.ndarray:
    return np.asarray(pd.Categorical(trials["method"], categories=used).codes)


def marginal_difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Accuracy with `a` minus accuracy with `b` that the model implies for new participants and images."""
    used = _used(trials, methods)
    if missing := [m for m in (a, b) if m not in used]:
        return no_estimate(no_responses(missing))
    weights = np.array([(m == a) - float(m == b) for m in used])
    return marginal_contrast(trials, _codes(trials, used), weights, confidence)


def marginal_contrast(
    trials: pd.DataFrame,
    level: np.ndarray,
    weights: np.ndarray,
    confidence: float,
    x: np.ndarray | None = None,
    groups: tuple[int, ...] = (),
) -> Estimate:
    """The shares at the levels (L,), times `weights` (L,) that sum to 0, that the model implies for new participants
    and images, each as if all `trials` were at that level; arguments as of `fit_trials`.

    Effects are averaged over the random effects by Gauss–Hermite quadrature; the interval is the delta method's.
    """
    try:
        model = fit_trials(trials, level, x, groups)
    except MixedError as error:
        return no_estimate(error.note)
    covariates = np.zeros((1, 0)) if x is None else x
    value, slope = 0.0, np.zeros(len(model.effects))
    for code in map(int, np.flatnonzero(weights)):
        share, of_share = _share(model, code, covariates)
        value, slope = value + weights[code] * share, slope + weights[code] * of_share
    people, images = (trials[c].nunique() for c in ("participant_id", "image_id"))
    variance = float(slope @ model.covariance @ slope)
    spread = Variance(variance, "random effects", min(people, images) - 1, len(trials), people, images)
    return with_interval(value, spread, confidence)


def _share(model: MaximalLogit, code: int, covariates: np.ndarray) -> tuple[float, np.ndarray]:
    """At a level, averaged over the rows of `covariates` (n, C); and its slope in the fixed effects (M + C,)."""
    rows, inverse = np.unique(covariates, axis=0, return_inverse=True)
    counted = np.bincount(inverse.ravel()) / len(inverse)
    methods = len(model.effects) - rows.shape[1]
    at = model.effects[code] + rows @ model.effects[methods:]
    shares = special.expit(at[:, None] + np.sqrt(np.sum(model.sds**2)) * NODES)
    slopes = counted * ((shares * (1 - shares)) @ NODE_WEIGHTS)
    design = np.column_stack([np.tile(np.eye(methods)[code], (len(rows), 1)), rows])
    return float(counted @ (shares @ NODE_WEIGHTS)), slopes @ design


def spreads(trials: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """A row for each of SOURCES: `sd` and `variance` in logits, and `share` of the latent variance of an answer.

    `share` is the intraclass correlation: variance over the sum of the four and π²/3, the logistic answer's own.
    """
    try:
        sds, note = fit_trials(trials, _codes(trials, _used(trials, methods))).sds, NO_NOTE
    except MixedError as error:
        sds, note = np.full(len(SOURCES), np.nan), error.note
    shares = sds**2 / (np.sum(sds**2) + LOGISTIC_VARIANCE)
    return pd.DataFrame({"source": SOURCES, "sd": sds, "variance": sds**2, "share": shares, "note": note})
