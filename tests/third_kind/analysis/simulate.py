"""How simulated people answer: right or wrong by a logit model, and easier where the method is better."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.tasks.kind import Seen, Simulation
from analysis.tasks.psychometrics import (
    Psychometrics,
    SimulatedPerson,
    image_logit,
    location_for,
    marginal_share,
    response_time,
    right_or_wrong,
    stimulus_ids,
)
from tests.third_kind.facts import HALVES, KIND

SHARES, OTHER_SHARE = {"guided-grad-cam": 0.8}, 0.6


def mean_share(world: Psychometrics, method: str) -> float:
    return world.mean(KIND.name, method, SHARES, OTHER_SHARE)


def logit(world: Psychometrics, method: str) -> float:
    possible = (0.001, 0.999)
    return location_for(marginal_share, mean_share(world, method), world.total_sd, possible, "share of right halves")


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[str, float]:
    world, (upper, lower) = person.parameters, HALVES
    at = logit(world, seen.method) + person.ability + image_logit(world, KIND.name, seen.image_id, seen.method)
    right = lower if seen.foil == upper else upper
    return right if right_or_wrong(np.array([at]), rng)[0] else seen.foil, response_time(person, rng)


def ease(
    person: SimulatedPerson, seen: Seen, _question: str, options: Sequence[str], rng: np.random.Generator
) -> tuple[str, float]:
    share = mean_share(person.parameters, seen.method)
    return options[int(rng.binomial(len(options) - 1, share))], response_time(person, rng)


def columns(shown: pd.DataFrame, _foil: np.ndarray, logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    is_right, upper = right_or_wrong(logits, rng), shown["image_id"].str[-1].astype(int) % 2 == 0
    right, wrong = (np.where(upper == side, *HALVES) for side in (True, False))
    return shown.assign(
        foil=wrong,
        stimulus_id=stimulus_ids(shown, shown["network"]),
        option_order=";".join(HALVES),
        response=np.where(is_right, right, wrong),
        correct=is_right,
    )


SIMULATION = Simulation(
    logit=logit,
    mean=mean_share,
    without_effect=0.6,
    draw=right_or_wrong,
    answer=answer,
    columns=columns,
    further=ease,
)
