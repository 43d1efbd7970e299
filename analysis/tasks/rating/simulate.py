"""How simulated people rate: by proportional odds, P(score > k) = logistic(b_method + leaning + image + image×method −
threshold_k), the same for every network: the model knows no defects. With control maps the mean is exactly the middle
of the scale. On a scale of other than five points they choose the nearest one. Reasons are ticked at random."""

import numpy as np
import pandas as pd

from analysis.tasks.kind import Seen, Simulation
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
from analysis.tasks.rating.estimates import FACTS
from contracts.methods import CONTROLS

THRESHOLDS = np.array([-2.0, -0.7, 0.7, 2.0])  # between the scores 1 | 2 | 3 | 4 | 5, on the logit scale
RATINGS = {"grad-cam": 3.4} | dict.fromkeys(CONTROLS, FACTS.null)
OTHER_RATING = 3.3
_VALUES = FACTS.questions[0].values


def mean_rating(world: Psychometrics, method: str) -> float:
    """The mean rating over participants, images and networks."""
    return world.mean(FACTS.name, method, RATINGS, OTHER_RATING)


def marginal_rating(location: float, sd: float) -> float:
    """Mean rating under a normal effect of standard deviation `sd`."""
    return FACTS.least + marginal_degree(location, sd, THRESHOLDS)


def logit(world: Psychometrics, method: str) -> float:
    """b_method: where the marginal mean rating is the one asked for."""
    return location_for(marginal_rating, mean_rating(world, method), world.total_sd, (1.01, 4.99), "mean rating")


def draw(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ratings 1 … 5 (n,) at `logits` (n,)."""
    return int(FACTS.least) + degrees(logits, THRESHOLDS, rng)


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[str, float]:
    """The point chosen and the response time in ms."""
    world = person.parameters
    at = logit(world, seen.method) + person.leaning + image_logit(world, FACTS.name, seen.image_id, seen.method)
    score, points = int(draw(np.array([at]), rng)[0]), len(seen.options or _VALUES)
    point = 1 + np.floor((score - FACTS.least) / FACTS.length * (points - 1) + 0.5)
    return str(int(point)), response_time(person, rng)


def columns(shown: pd.DataFrame, _foil: np.ndarray, logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """`shown` with answers on five points."""
    score = draw(logits, rng)
    return shown.assign(
        stimulus_id=stimulus_ids(shown, shown["network"]),
        option_order=";".join(_VALUES),
        response=score.astype(str),
        score=score.astype(float),
    )


SIMULATION = Simulation(
    logit=logit,
    mean=mean_rating,
    without_effect=OTHER_RATING,
    draw=draw,
    answer=answer,
    columns=columns,
)
