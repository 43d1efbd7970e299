"""How simulated people judge predictions: by the model of analysis/tasks/belief.py.

People are fairly confident in 55 % of what they judge rightly and in 45 % of the rest.
"""

import numpy as np
import pandas as pd

from analysis.tasks.agreement.estimates import DEGREES, FACTS, FOILS, RIGHT
from analysis.tasks.belief import draw, image_numbers, leaning, location_of_both
from analysis.tasks.kind import Seen, Simulation
from analysis.tasks.psychometrics import (
    Psychometrics,
    SimulatedPerson,
    image_logit,
    response_time,
    right_or_wrong,
    stimulus_ids,
)
from contracts.methods import CONTROLS

SURE = (0.45, 0.55)  # fairly confident, where judged wrongly and rightly
SHARES = {"grad-cam": 0.578} | dict.fromkeys(CONTROLS, FACTS.null)  # HIVE, ImageNet: the mean of 70.8 and 44.8 %
OTHER_SHARE = 0.57


def mean_share(world: Psychometrics, method: str) -> float:
    """The share judged rightly over participants and images, half of them predicted rightly."""
    return world.mean(FACTS.name, method, SHARES, OTHER_SHARE)


def logit(world: Psychometrics, method: str) -> float:
    """a_method."""
    return location_of_both(mean_share(world, method), world.total_sd)


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[str, float]:
    """The degree chosen and the response time in ms."""
    world, is_right = person.parameters, FOILS[seen.foil] == RIGHT
    at = logit(world, seen.method) + person.ability + image_logit(world, FACTS.name, seen.image_id, seen.method)
    judged = right_or_wrong(np.array([at + leaning(is_right)]), rng)
    return str(_degrees(judged, np.array([is_right]), rng)[0]), response_time(person, rng)


def _degrees(judged_rightly: np.ndarray, is_right: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The answers (n,) of people who judged rightly or not and are fairly or somewhat sure."""
    is_sure = rng.random(len(judged_rightly)) < np.array(SURE)[judged_rightly.astype(int)]
    believes = judged_rightly == is_right
    return np.array(DEGREES)[np.where(believes, 1 - is_sure, 2 + is_sure)]


def columns(shown: pd.DataFrame, _foil: np.ndarray, logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """`shown` with answers; every other image is predicted rightly."""
    is_right = image_numbers(shown) % 2 == 0
    judged = right_or_wrong(logits + leaning(is_right), rng)
    foil_of_right, foil_of_wrong = FOILS
    return shown.assign(
        foil=np.where(is_right, foil_of_right, foil_of_wrong),
        stimulus_id=stimulus_ids(shown, shown["network"]),
        option_order=";".join(DEGREES),
        response=_degrees(judged, is_right, rng),
        correct=judged,
    )


SIMULATION = Simulation(
    logit=logit,
    mean=mean_share,
    without_effect=OTHER_SHARE,
    draw=draw,
    answer=answer,
    columns=columns,
)
