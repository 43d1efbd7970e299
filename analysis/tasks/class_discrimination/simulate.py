"""How simulated people answer class discrimination: logit P(correct) = a_method + ability + image + image×method."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from analysis.tasks.kind import Seen, Simulation
from analysis.tasks.psychometrics import (
    NODE_WEIGHTS,
    NODES,
    Psychometrics,
    SimulatedPerson,
    image_logit,
    location_for,
    response_time,
    stimulus_ids,
)
from contracts.tasks import KINDS

_NAME = KINDS["class-discrimination"].name


def true_accuracy(world: Psychometrics, method: str) -> float:
    """The accuracy over participants and images."""
    return world.accuracy.get(method, world.other_accuracy)


def logit(world: Psychometrics, method: str) -> float:
    """a_method: where the marginal accuracy is the one asked for."""
    return location_for(marginal_accuracy, true_accuracy(world, method), world.total_sd, (0.001, 0.999), "accuracy")


def marginal_accuracy(location: float, sd: float) -> float:
    """E[logistic(location + sd·Z)], Z standard normal."""
    return float(NODE_WEIGHTS @ special.expit(location + sd * NODES))


def draw(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Right or wrong (n,) at `logits` (n,)."""
    return rng.random(len(logits)) < special.expit(logits)


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[str, float]:
    """The category chosen (the truth or the foil) and the response time in ms."""
    world = person.parameters
    at = logit(world, seen.method) + person.ability + image_logit(world, _NAME, seen.image_id, seen.method)
    is_correct = draw(np.array([at]), rng)[0]
    return seen.category if is_correct else seen.foil, response_time(person, rng)


def columns(
    shown: pd.DataFrame, foil: np.ndarray, logits: np.ndarray, _networks: Sequence[str], rng: np.random.Generator
) -> pd.DataFrame:
    """`shown` with answers, the right option first or second by a coin."""
    is_correct = draw(logits, rng)
    truth_first = rng.random(len(shown)) < 0.5
    category = shown["category"].to_numpy()
    return shown.assign(
        foil=foil,
        stimulus_id=stimulus_ids(shown, shown["network"]),
        option_order=np.where(truth_first, category + ";" + foil, foil + ";" + category),
        response=np.where(is_correct, category, foil),
        correct=is_correct,
    )


SIMULATION = Simulation(logit, true_accuracy, draw, answer, lambda chosen, _first_is_left: chosen, columns)
