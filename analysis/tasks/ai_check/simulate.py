"""How simulated people judge labels: by the model of analysis/tasks/belief.py, whatever the network's confidence is.

In studies simulated in memory the network's confidence is spread over 0.3 to 0.99, higher for right labels.
"""

import numpy as np
import pandas as pd

from analysis.tasks.ai_check.estimates import FACTS, FOILS, NO, YES
from analysis.tasks.belief import draw, image_numbers, leaning, location_of_both
from analysis.tasks.kind import Seen, Simulation
from analysis.tasks.psychometrics import (
    Psychometrics,
    SimulatedPerson,
    answers_rightly,
    response_time,
    right_or_wrong,
    stimulus_ids,
)
from analysis.tasks.verdicts import RIGHT
from contracts.methods import CONTROLS, PHOTOGRAPH

SHARES = {PHOTOGRAPH: 0.62, "grad-cam": 0.61} | dict.fromkeys(CONTROLS, FACTS.null)  # about as published of dogs
OTHER_SHARE = 0.6
LEAST, LENGTH = 0.3, 0.69  # of the network's confidence


def mean_share(world: Psychometrics, method: str) -> float:
    """The share judged rightly over participants and images, half of them with a right label."""
    return world.mean(FACTS.name, method, SHARES, OTHER_SHARE)


def logit(world: Psychometrics, method: str) -> float:
    """a_method."""
    return location_of_both(mean_share(world, method), world.total_sd)


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[str, float]:
    """Yes or no, and the response time in ms."""
    is_right = FOILS[seen.foil] == RIGHT
    at = logit(person.parameters, seen.method) + float(leaning(is_right))
    judged = answers_rightly(person, at, FACTS.name, seen.image_id, seen.method, rng)
    return YES if judged == is_right else NO, response_time(person, rng)


def columns(shown: pd.DataFrame, _foil: np.ndarray, logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """`shown` with answers; every other image has a right label."""
    number = image_numbers(shown)
    is_right = number % 2 == 0
    judged = right_or_wrong(logits + leaning(is_right), rng)
    place = (number // 2 * 0.618) % 1  # evenly over 0 … 1
    return shown.assign(
        foil=np.where(is_right, *FOILS),
        network_confidence=(LEAST + LENGTH * np.where(is_right, np.sqrt(place), place**2)).round(4),
        stimulus_id=stimulus_ids(shown, shown["network"]),
        option_order=f"{YES};{NO}",
        response=np.where(judged == is_right, YES, NO),
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
