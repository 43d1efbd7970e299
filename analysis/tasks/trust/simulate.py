"""How simulated people answer trust: by proportional odds, P(score > k) = logistic(b_method + leaning + image +
image×method − threshold_k), the score being positive towards that of the two networks which the task names first."""

import numpy as np
import pandas as pd

from analysis.paper import GRAD_CAM
from analysis.tasks.design import TaskDesign
from analysis.tasks.kind import Between, Seen, Simulation
from analysis.tasks.psychometrics import (
    Psychometrics,
    SimulatedPerson,
    degrees,
    image_logit,
    location_for,
    marginal_degree,
    response_time,
    stimulus_ids,
)
from contracts.methods import CONTROLS
from contracts.tasks import KINDS

_FACTS = KINDS["trust"]
OTHER_SCORE = 1.1  # of methods that the paper did not measure
SCORES = {**GRAD_CAM.trust_scores, **dict.fromkeys(CONTROLS, _FACTS.null)}
PAPER_SIZE = TaskDesign("trusting", _FACTS.name, ("guided-backprop", "guided-grad-cam"), images=45, ratings=18)
THRESHOLDS = np.array([-2.5, -1.5, 0.0, 1.5])  # between the scores −2 | −1 | 0 | 1 | 2, on the logit scale


def true_mean_score(world: Psychometrics, method: str) -> float:
    """The mean score over participants and images."""
    return world.mean(_FACTS.name, method, SCORES, OTHER_SCORE)


def logit(world: Psychometrics, method: str) -> float:
    """b_method: where the marginal mean score is the one asked for."""
    return location_for(
        marginal_score, true_mean_score(world, method), world.total_sd, (-1.99, 1.99), "mean trust score"
    )


def marginal_score(location: float, sd: float) -> float:
    """Mean score of the proportional-odds model under a normal effect of standard deviation `sd`."""
    return marginal_degree(location, sd, THRESHOLDS) - 2


def draw(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scores −2…2 (n,) of the proportional-odds model at `logits` (n,)."""
    return degrees(logits, THRESHOLDS, rng) - 2


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[int, float]:
    """The score towards the (stronger) network that the task names first and the response time in ms."""
    world = person.parameters
    at = logit(world, seen.method) + person.leaning + image_logit(world, _FACTS.name, seen.image_id, seen.method)
    return int(draw(np.array([at]), rng)[0]), response_time(person, rng)


def placed(score: int, first_is_left: bool) -> str:
    """The option chosen: its value is positive towards the left."""
    return str(score if first_is_left else -score)


def columns(shown: pd.DataFrame, _foil: np.ndarray, logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """`shown` with answers, the first network on the left or the right by a coin."""
    score = draw(logits, rng)
    strong_left = rng.random(len(shown)) < 0.5
    networks = shown["network"], shown["other_network"]
    first, second = (stimulus_ids(shown, network) for network in networks)
    return shown.drop(columns="network").assign(
        left_stimulus_id=np.where(strong_left, first, second),
        right_stimulus_id=np.where(strong_left, second, first),
        left_network=np.where(strong_left, networks[0], networks[1]),
        right_network=np.where(strong_left, networks[1], networks[0]),
        option_order=";".join(_FACTS.questions[0].values),
        response=np.where(strong_left, score, -score).astype(str),
        score=score,
    )


def logits_between(world: Psychometrics, difference: float) -> float:
    """By how many logits the mean score moves from 0 to `difference`."""
    sd, possible = world.total_sd, (-1.99, 1.99)
    at = [location_for(marginal_score, score, sd, possible, "mean trust score") for score in (0.0, difference)]
    return at[1] - at[0]


SIMULATION = Simulation(
    logit=logit,
    mean=true_mean_score,
    without_effect=1.0,
    draw=draw,
    answer=answer,
    placed=placed,
    columns=columns,
    paper_size=PAPER_SIZE,
    between=Between(equal=float(THRESHOLDS[1:3].mean()), logits=logits_between),
)
