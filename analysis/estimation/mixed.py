"""Right answers by a logit model with crossed random effects of participants and images.

y ~ logistic(x·β + σ_p u_participant + σ_i v_image), u and v standard normal, fitted by maximising Laplace's
approximation of the marginal likelihood (Breslow & Clayton 1993; the criterion of lme4's glmer with nAGQ = 1), with its
exact gradient. It is the sensitivity analysis of the primary estimates: other assumptions, the same question.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import linalg, optimize, special

from analysis.estimation.estimates import Estimate, Variance, no_estimate, with_interval
from analysis.notes import Note, NotedError, no_responses

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()  # expectation under a standard normal
MOST_EFFECTS = 2000  # participants + images: the fit works on a dense matrix of that order
FLAT = Note("The likelihood is flat: these data cannot tell the effects apart.")


class MixedError(NotedError):
    """The model cannot be fitted to these data."""


@dataclass(frozen=True)
class CrossedLogit:
    """Fixed effects (P,), the two standard deviations, and the covariance of all (P + 2, P + 2) in that order."""

    effects: np.ndarray
    participant_sd: float
    image_sd: float
    covariance: np.ndarray
    deviance: float  # −2 × the approximate marginal log-likelihood


class _Curvature:
    """[[D, B], [Bᵀ, E]] with diagonal D (people) and E (images), by the Schur complement of D: matrices stay small."""

    def __init__(self, diagonal: np.ndarray, between: np.ndarray) -> None:
        people = len(between)
        self.people, self.images = diagonal[:people], diagonal[people:]
        self.reduced = between / self.people[:, None]
        self.complement = np.diag(self.images) - between.T @ self.reduced
        self.inverted = np.linalg.inv(self.complement)

    @property
    def log_determinant(self) -> float:
        return float(np.log(self.people).sum() + np.linalg.slogdet(self.complement)[1])

    def solve(self, right: np.ndarray) -> np.ndarray:
        people = len(self.people)
        images = self.inverted @ (right[people:] - self.reduced.T @ right[:people])
        return np.concatenate([right[:people] / self.people - self.reduced @ images, images])

    def inverse(self) -> tuple[np.ndarray, np.ndarray]:
        """The inverse's diagonal (Q,) and its block between people and images."""
        across = -self.reduced @ self.inverted
        own = 1 / self.people - (across * self.reduced).sum(axis=1)
        return np.concatenate([own, np.diag(self.inverted)]), across


class _Laplace:
    """Deviance and gradient at (β, σ_p, σ_i); keeps the last modes as the next start."""

    def __init__(self, y: np.ndarray, x: np.ndarray, participant: np.ndarray, image: np.ndarray) -> None:
        self.y, self.x = y, x
        self.sizes = int(participant.max()) + 1, int(image.max()) + 1
        self.codes = participant, image + self.sizes[0]
        self.modes = np.zeros(sum(self.sizes))

    def scales(self, sds: np.ndarray) -> np.ndarray:
        return np.repeat(sds, self.sizes)

    def scaled(self, scales: np.ndarray, between: np.ndarray) -> np.ndarray:
        return scales[: self.sizes[0], None] * between * scales[self.sizes[0] :]

    def predictor(self, parameters: np.ndarray, modes: np.ndarray) -> np.ndarray:
        effects = self.scales(parameters[-2:]) * modes
        return self.x @ parameters[:-2] + effects[self.codes[0]] + effects[self.codes[1]]

    def gather(self, values: np.ndarray) -> np.ndarray:
        """Zᵀ·values: sums over each participant's and each image's rows, (Q,) or (Q, P)."""
        if values.ndim == 2:
            return np.column_stack([self.gather(column) for column in values.T])
        total = sum(self.sizes)
        people, images = (np.bincount(codes, weights=values, minlength=total) for codes in self.codes)
        return people + images

    def between(self, weights: np.ndarray) -> np.ndarray:
        """The block of Zᵀ·diag(weights)·Z between people and images (people, images); its other blocks are diagonal."""
        cell = self.codes[0] * self.sizes[1] + self.codes[1] - self.sizes[0]
        return np.bincount(cell, weights=weights, minlength=self.sizes[0] * self.sizes[1]).reshape(self.sizes)

    def penalised(self, parameters: np.ndarray, modes: np.ndarray) -> float:
        eta = self.predictor(parameters, modes)
        return float(2 * np.sum(np.logaddexp(0, eta) - self.y * eta) + modes @ modes)

    def find_modes(self, parameters: np.ndarray) -> np.ndarray:
        scales = self.scales(parameters[-2:])
        modes, value = self.modes, self.penalised(parameters, self.modes)
        for _ in range(50):
            mean = special.expit(self.predictor(parameters, modes))
            gradient = scales * self.gather(self.y - mean) - modes
            weights = mean * (1 - mean)
            curvature = _Curvature(1 + scales**2 * self.gather(weights), self.scaled(scales, self.between(weights)))
            step = curvature.solve(gradient)
            while (new := self.penalised(parameters, modes + step)) > value + 1e-9 and np.abs(step).max() > 1e-12:
                step = step / 2
            modes, value = modes + step, new
            if np.abs(step).max() < 1e-9:
                break
        self.modes = modes
        return modes

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        modes, scales = self.find_modes(parameters), self.scales(parameters[-2:])
        mean = special.expit(self.predictor(parameters, modes))
        weights = mean * (1 - mean)
        diagonal, between = self.gather(weights), self.between(weights)
        curvature = _Curvature(1 + scales**2 * diagonal, self.scaled(scales, between))
        deviance = self.penalised(parameters, modes) + curvature.log_determinant
        own, across = curvature.inverse()
        first, second = self.codes
        leverage = scales[first] ** 2 * own[first] + scales[second] ** 2 * own[second]
        leverage += 2 * scales[first] * scales[second] * across[first, second - self.sizes[0]]
        pull = leverage * weights * (1 - 2 * mean)  # ∂ log det / ∂ η, row by row
        residual = self.y - mean
        back = scales * self.gather(pull)  # the same through the modes
        gradient = np.empty(len(parameters))
        by_mode = curvature.solve(back)
        gradient[:-2] = self.x.T @ (pull - 2 * residual) - self.gather(weights[:, None] * self.x).T @ (scales * by_mode)
        shared = across * between
        trace = own * scales * diagonal
        trace += np.concatenate([shared @ scales[self.sizes[0] :], scales[: self.sizes[0]] @ shared])
        sums, drawn = self.gather(residual), self.gather(pull)
        start = 0
        for k, size in enumerate(self.sizes):
            block = slice(start, start + size)
            start += size
            direct = -2 * sums[block] @ modes[block] + drawn[block] @ modes[block] + 2 * trace[block].sum()
            other = between.T @ modes[block] if k == 0 else between @ modes[block]
            inside = diagonal[block] * modes[block]
            moved = -scales * np.concatenate([inside, other] if k == 0 else [other, inside])
            moved[block] += sums[block]
            gradient[len(parameters) - 2 + k] = direct + by_mode @ moved
        return deviance, gradient


def fit(y: np.ndarray, x: np.ndarray, participant: np.ndarray, image: np.ndarray) -> CrossedLogit:
    """`y` (n,) of 0 and 1, `x` (n, P) of full rank, cluster codes (n,) from 0 without gaps. Raises MixedError."""
    effects = int(participant.max()) + int(image.max()) + 2
    if effects > MOST_EFFECTS:
        raise MixedError(
            Note(
                "{n} participants and images; the random-effects model is fitted to {most}.",
                {"n": effects, "most": MOST_EFFECTS},
            )
        )
    laplace = _Laplace(y, x, participant, image)
    start = np.concatenate([np.zeros(x.shape[1]), [0.5, 0.5]])
    found = optimize.minimize(laplace, start, jac=True, method="BFGS", options={"gtol": 1e-4 * np.sqrt(len(y))})
    if np.abs(found.x[:-2]).max() > 12:
        raise MixedError(Note("No finite estimate: in one condition all answers are right, or all wrong."))
    hessian = _hessian(laplace, found.x)
    try:
        covariance = 2 * linalg.inv(hessian)
    except linalg.LinAlgError:
        raise MixedError(FLAT) from None
    if (np.diag(covariance) <= 0).any():
        raise MixedError(FLAT)
    sds = np.abs(found.x[-2:])
    return CrossedLogit(found.x[:-2], float(sds[0]), float(sds[1]), covariance, float(found.fun))


def _hessian(laplace: _Laplace, at: np.ndarray) -> np.ndarray:
    """Central differences of the exact gradient."""
    step, rows = 1e-4, []
    for k in range(len(at)):
        shift = np.zeros(len(at))
        shift[k] = step
        rows.append((laplace(at + shift)[1] - laplace(at - shift)[1]) / (2 * step))
    hessian = np.array(rows)
    return (hessian + hessian.T) / 2


def marginal_difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Accuracy with `a` minus accuracy with `b` that the model implies for new participants and images.

    Effects are averaged over the random effects by Gauss–Hermite quadrature; the interval is the delta method's.
    """
    used = [m for m in methods if (trials["method"] == m).any()]
    if missing := [m for m in (a, b) if m not in used]:
        return no_estimate(no_responses(missing))
    participant, image = (pd.factorize(trials[c])[0] for c in ("participant_id", "image_id"))
    people, images = int(participant.max()) + 1, int(image.max()) + 1
    if min(people, images) < 2:
        return no_estimate(Note("Random effects need two participants and two images."))
    method = pd.Categorical(trials["method"], categories=used).codes
    x = (method[:, None] == np.arange(len(used))).astype(float)
    try:
        model = fit(trials["correct"].to_numpy(float), x, participant, image)
    except MixedError as error:
        return no_estimate(error.note)
    sd = float(np.hypot(model.participant_sd, model.image_sd))
    slope, value = np.zeros(len(used) + 2), 0.0
    for name, sign in ((a, 1.0), (b, -1.0)):
        share = special.expit(model.effects[used.index(name)] + sd * NODES)
        density = share * (1 - share)
        value += sign * float(NODE_WEIGHTS @ share)
        slope[used.index(name)] = sign * float(NODE_WEIGHTS @ density)
        by_sd = sign * float(NODE_WEIGHTS @ (density * NODES)) / max(sd, 1e-12)
        slope[-2:] += by_sd * np.array([model.participant_sd, model.image_sd])
    variance = float(slope @ model.covariance @ slope)
    spread = Variance(variance, "random effects", min(people, images) - 1, len(trials), people, images)
    return with_interval(value, spread, confidence)
