"""Simulated participants: a stated psychometric model, in NumPy alone.

Class discrimination: logit P(correct) = a_method + ability + image + image×method, the last three normal with the
standard deviations of `Psychometrics`. Trust: the score towards the stronger network follows a proportional-odds
model, P(score > k) = logistic(b_method + leaning + image + image×method − threshold_k).
`a_method` and `b_method` are solved, by Gauss–Hermite quadrature and bracketing, so that the accuracy or mean score
over participants and images is the one asked for: a logit model's conditional accuracy is not its marginal one.
Response times are log-normal. Image effects are a function of the seed and the image's name alone, so that all
participants of a simulated study meet the same images.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy import optimize, special, stats

from analysis.paper import GRAD_CAM

THRESHOLDS = np.array([-2.5, -1.5, 0.0, 1.5])  # between the scores −2 | −1 | 0 | 1 | 2, on the logit scale
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()  # expectation under a standard normal


class SimulationError(Exception):
    """The simulation cannot be made as asked; the message says which number is impossible and why."""


@dataclass(frozen=True)
class Psychometrics:
    """What is true of simulated people and images. Defaults: the paper's figures, spreads of ordinary size."""

    accuracy: Mapping[str, float] = field(default_factory=lambda: GRAD_CAM.accuracies)
    other_accuracy: float = 0.55  # of methods that `accuracy` does not name
    trust: Mapping[str, float] = field(default_factory=lambda: GRAD_CAM.trust_scores)
    other_trust: float = 1.1
    participant_sd: float = 0.5  # logits
    image_sd: float = 0.5
    image_method_sd: float = 0.3
    rt_median_ms: float = 2500.0
    rt_sd: float = 0.5  # of log rt within a person
    rt_participant_sd: float = 0.3  # of log rt between persons
    seed: int = 0  # decides the image effects

    @property
    def total_sd(self) -> float:
        """Standard deviation of all random effects together, in logits."""
        return float(np.sqrt(self.participant_sd**2 + self.image_sd**2 + self.image_method_sd**2))

    def accuracy_logit(self, method: str) -> float:
        """a_method: where the marginal accuracy is the one asked for."""
        return location_for_accuracy(self.accuracy.get(method, self.other_accuracy), self.total_sd)

    def trust_logit(self, method: str) -> float:
        """b_method: where the marginal mean score is the one asked for."""
        return location_for_score(self.trust.get(method, self.other_trust), self.total_sd)


@dataclass(frozen=True)
class SimulatedPerson:
    """One simulated participant: effects in logits, pace as a factor on response times."""

    ability: float
    leaning: float
    pace: float
    parameters: Psychometrics


def draw_participant(rng: np.random.Generator, parameters: Psychometrics | None = None) -> SimulatedPerson:
    """A new person from the population that `parameters` describes."""
    parameters = parameters or Psychometrics()
    ability, leaning = rng.normal(0, parameters.participant_sd, 2)
    pace = np.exp(rng.normal(0, parameters.rt_participant_sd))
    return SimulatedPerson(float(ability), float(leaning), float(pace), parameters)


def answer_discrimination(
    person: SimulatedPerson, image_id: str, method: str, category: str, foil: str, rng: np.random.Generator
) -> tuple[str, float]:
    """The category chosen (`category`, the truth, or `foil`) and the response time in ms."""
    p = person.parameters
    logit = p.accuracy_logit(method) + person.ability + _image_logit(p, "class-discrimination", image_id, method)
    is_correct = rng.random() < special.expit(logit)
    return category if is_correct else foil, _rt(person, rng)


def answer_trust(person: SimulatedPerson, image_id: str, method: str, rng: np.random.Generator) -> tuple[int, float]:
    """The score towards the task's first (stronger) network, −2…2, and the response time in ms."""
    p = person.parameters
    logit = p.trust_logit(method) + person.leaning + _image_logit(p, "trust", image_id, method)
    return int(ordinal_scores(np.array([logit]), rng)[0]), _rt(person, rng)


def ordinal_scores(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scores −2…2 (n,) of the proportional-odds model at `logits` (n,)."""
    latent = logits + rng.logistic(size=logits.shape)
    return np.searchsorted(THRESHOLDS, latent) - 2


def _image_logit(parameters: Psychometrics, kind: str, image_id: str, method: str) -> float:
    shared = _standard_normal(parameters.seed, kind, image_id)
    own = _standard_normal(parameters.seed, kind, image_id, method)
    return parameters.image_sd * shared + parameters.image_method_sd * own


def _standard_normal(*key: object) -> float:
    """A standard normal that depends on `key` alone."""
    digest = hashlib.sha256("\x1f".join(map(str, key)).encode()).digest()
    uniform = (int.from_bytes(digest[:8], "big") + 0.5) / 2**64
    return float(stats.norm.ppf(uniform))


def _rt(person: SimulatedPerson, rng: np.random.Generator) -> float:
    p = person.parameters
    return round(float(p.rt_median_ms * person.pace * np.exp(rng.normal(0, p.rt_sd))), 1)


def marginal_accuracy(location: float, sd: float) -> float:
    """E[logistic(location + sd·Z)], Z standard normal."""
    return float(NODE_WEIGHTS @ special.expit(location + sd * NODES))


def marginal_score(location: float, sd: float) -> float:
    """Mean score of the proportional-odds model under a normal effect of standard deviation `sd`."""
    exceeded = special.expit(location - THRESHOLDS[:, None] + sd * NODES)  # (thresholds, nodes)
    return float((exceeded @ NODE_WEIGHTS).sum() - 2)


@lru_cache(maxsize=256)
def location_for_accuracy(accuracy: float, sd: float) -> float:
    """The location at which `marginal_accuracy` is `accuracy`. Raises SimulationError outside (0.001, 0.999)."""
    if not 0.001 < accuracy < 0.999:
        raise SimulationError(f"a simulated accuracy lies between 0.001 and 0.999, not at {accuracy}")
    return optimize.brentq(lambda location: marginal_accuracy(location, sd) - accuracy, -60, 60)


@lru_cache(maxsize=256)
def location_for_score(score: float, sd: float) -> float:
    """The location at which `marginal_score` is `score`. Raises SimulationError outside (−1.99, 1.99)."""
    if not -1.99 < score < 1.99:
        raise SimulationError(f"a simulated mean trust score lies between -1.99 and 1.99, not at {score}")
    return optimize.brentq(lambda location: marginal_score(location, sd) - score, -60, 60)
