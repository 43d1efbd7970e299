"""How simulated people predict the network's answer: logit P(right) = a_method + person + image + image × method.

The method is that of the examples that they learned from. Controls teach nothing that the photographs do not: a_method
is that of no explanation, so Utility is exactly 1. How many examples were seen makes no difference.
"""

import numpy as np
import pandas as pd

from analysis.tasks.kind import Seen, Simulation
from analysis.tasks.psychometrics import (
    Psychometrics,
    SimulatedPerson,
    answers_rightly,
    location_of,
    response_time,
    right_or_wrong,
    stimulus_ids,
)
from analysis.tasks.simulatability.estimates import FACTS
from contracts.methods import CONTROLS, PHOTOGRAPH

# Colin et al. (2022), Table 1, Husky/Wolf: means of three sessions, of 77.6, 85.7, 84.1 % and of 55.7, 66.2, 62.9 %.
UNEXPLAINED = 0.616
SHARES = {"grad-cam": 0.825} | dict.fromkeys((PHOTOGRAPH, *CONTROLS), UNEXPLAINED)
OTHER_SHARE = 0.7


def mean_share(world: Psychometrics, method: str) -> float:
    """The share predicted rightly over participants and images."""
    return world.mean(FACTS.name, method, SHARES, OTHER_SHARE)


def logit(world: Psychometrics, method: str) -> float:
    """a_method."""
    return location_of(mean_share(world, method), world.total_sd)


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[str, float]:
    """The class chosen and the response time in ms."""
    at = logit(person.parameters, seen.method)
    is_right = answers_rightly(person, at, FACTS.name, seen.image_id, seen.method, rng)
    return seen.category if is_right else seen.foil, response_time(person, rng)


def columns(shown: pd.DataFrame, foil: np.ndarray, logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """`shown` with answers."""
    is_right = right_or_wrong(logits, rng)
    category = shown["category"].to_numpy(str)
    return shown.assign(
        foil=foil,
        stimulus_id=stimulus_ids(shown, shown["network"]),
        option_order=[";".join(sorted(pair)) for pair in zip(category, foil, strict=True)],
        response=np.where(is_right, category, foil),
        correct=is_right,
    )


SIMULATION = Simulation(
    logit=logit,
    mean=mean_share,
    without_effect=UNEXPLAINED,
    draw=right_or_wrong,
    answer=answer,
    columns=columns,
)
