"""Simulated participants: a stated psychometric model, in NumPy alone.

What people answer follows a logit model whose parts are a constant of the method, the person, the person×method, the
image and the image×method, the last four normal with the standard deviations of `Psychometrics`; each kind of task says
what it makes of a logit. The constants are solved, by Gauss–Hermite quadrature and bracketing, so that the accuracy or
mean score over participants and images is the one asked for: a logit model's conditional accuracy is not its marginal
one. Response times are log-normal. Image effects are a function of the seed and the image's name alone, so that all
participants of a simulated study meet the same images.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()  # expectation under a standard normal


class SimulationError(Exception):
    """The simulation cannot be made as asked; the message says which number is impossible and why."""


@dataclass(frozen=True)
class Psychometrics:
    """What is true of simulated people and images. The defaults are spreads of ordinary size.

    `means`: kind of task → method → the mean value over participants and images. Of kinds that it does not name the
    kind's own figures are true.
    """

    means: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    participant_sd: float = 0.5  # logits
    image_sd: float = 0.5
    image_method_sd: float = 0.3
    participant_method_sd: float = 0.0  # of studies simulated in memory
    rt_median_ms: float = 2500.0
    rt_sd: float = 0.5  # of log rt within a person
    rt_participant_sd: float = 0.3  # of log rt between persons
    seed: int = 0  # decides the image effects

    def mean(self, kind: str, method: str, usual: Mapping[str, float], other: float) -> float:
        """Of a method; `usual`: those of a kind that `means` does not name, `other`: of any further method."""
        return self.means.get(kind, usual).get(method, other)

    @property
    def total_sd(self) -> float:
        """Standard deviation of all random effects together, in logits."""
        spreads = self.participant_sd, self.participant_method_sd, self.image_sd, self.image_method_sd
        return float(np.sqrt(sum(spread**2 for spread in spreads)))


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


def known_or_guessed(known: Any, chance: float) -> Any:
    """The share of right answers where a share is `known`, a number or any array, and the others are guessed."""
    return chance + (1 - chance) * known


def image_logit(parameters: Psychometrics, kind: str, image_id: str, method: str) -> float:
    """The effect of an image, alike for all methods, and of the image with this method."""
    shared = _standard_normal(parameters.seed, kind, image_id)
    own = _standard_normal(parameters.seed, kind, image_id, method)
    return parameters.image_sd * shared + parameters.image_method_sd * own


def _standard_normal(*key: object) -> float:
    """A standard normal that depends on `key` alone."""
    digest = hashlib.sha256("\x1f".join(map(str, key)).encode()).digest()
    uniform = (int.from_bytes(digest[:8], "big") + 0.5) / 2**64
    return float(stats.norm.ppf(uniform))


def response_time(person: SimulatedPerson, rng: np.random.Generator) -> float:
    """Milliseconds, log-normal."""
    p = person.parameters
    return round(float(p.rt_median_ms * person.pace * np.exp(rng.normal(0, p.rt_sd))), 1)


@lru_cache(maxsize=512)
def location_for(
    marginal: Callable[[float, float], float], wanted: float, sd: float, possible: tuple[float, float], what: str
) -> float:
    """The location at which `marginal(location, sd)` is `wanted`. Raises SimulationError for what is not `possible`."""
    low, high = possible
    if not low < wanted < high:
        raise SimulationError(f"a simulated {what} must be between {low} and {high}; {wanted} is not")
    return optimize.brentq(lambda location: marginal(location, sd) - wanted, -60, 60)


def location_of(share: float, sd: float) -> float:
    """The location at which the share of right answers is `share`. Raises SimulationError near 0 and 1."""
    return location_for(marginal_share, share, sd, (0.001, 0.999), "share of right answers")


def marginal_share(location: float, sd: float) -> float:
    """E[logistic(location + sd·Z)], Z standard normal: the share of right answers of a logit model."""
    return float(NODE_WEIGHTS @ special.expit(location + sd * NODES))


def marginal_degree(location: float, sd: float, thresholds: np.ndarray) -> float:
    """Mean of 0 … len(thresholds) by proportional odds, P(degree > k) = logistic(location + sd·Z − threshold_k)."""
    exceeded = special.expit(location - thresholds[:, None] + sd * NODES)  # (thresholds, nodes)
    return float((exceeded @ NODE_WEIGHTS).sum())


def degrees(logits: np.ndarray, thresholds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Degrees 0 … len(thresholds) (n,) of the proportional-odds model at `logits` (n,)."""
    return np.searchsorted(thresholds, logits + rng.logistic(size=logits.shape))


def answers_rightly(
    person: "SimulatedPerson", at: float, task: str, image: str, method: str, rng: np.random.Generator
) -> bool:
    """Whether this person is right about an image: logit P = `at` (the method's) + person + image + image × method."""
    own = person.ability + image_logit(person.parameters, task, image, method)
    return bool(right_or_wrong(np.array([at + own]), rng)[0])


def right_or_wrong(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Right or wrong (n,) at `logits` (n,)."""
    return rng.random(len(logits)) < special.expit(logits)


def stimulus_ids(shown: pd.DataFrame, network: str | pd.Series) -> pd.Series:
    """Names of simulated visualizations."""
    return shown["image_id"] + "-" + shown["category"] + "-" + shown["method"] + "-" + network
