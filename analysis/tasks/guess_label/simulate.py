"""How simulated people guess among five: P(right) = 1/5 + 4/5 · logistic(a_method + person + image + image × method).

Where they do not find it, any other label is equally likely. a_method is such that the mean over participants and
images is the one asked for; for exactly 20 % it is −∞. People see the photograph with every method and guess from it as
well, so with a control map, which tells nothing, they are exactly where they are without an explanation.
"""

import numpy as np
import pandas as pd
from scipy import special

from analysis.tasks.guess_label.estimates import FACTS
from analysis.tasks.kind import Seen, Simulation
from analysis.tasks.psychometrics import (
    Psychometrics,
    SimulatedPerson,
    image_logit,
    known_or_guessed,
    location_for,
    marginal_share,
    response_time,
    stimulus_ids,
)
from contracts.label_choice import LabelChoice
from contracts.methods import CONTROLS, PHOTOGRAPH

UNEXPLAINED, OTHER_SHARE = 0.5, 0.4  # chosen; as far apart as published (“roughly 10 %”), taken as percentage points
SHARES = {"grad-cam": OTHER_SHARE} | dict.fromkeys((PHOTOGRAPH, *CONTROLS), UNEXPLAINED)
NOTHING = -60.0  # in place of −∞
MADE_UP = ("first label", "second label", "third label", "fourth label")


def mean_share(world: Psychometrics, method: str) -> float:
    """The share of labels guessed over participants and images."""
    return world.mean(FACTS.name, method, SHARES, OTHER_SHARE)


def found(logits: np.ndarray) -> np.ndarray:
    """The probability of the right one of five at `logits`."""
    return np.asarray(known_or_guessed(special.expit(logits), FACTS.null))


def share_found(location: float, sd: float) -> float:
    """The share guessed where effects spread by `sd` logits round `location`."""
    return float(known_or_guessed(marginal_share(location, sd), FACTS.null))


def logit(world: Psychometrics, method: str) -> float:
    """a_method."""
    share = mean_share(world, method)
    if share == FACTS.null:
        return NOTHING
    return location_for(share_found, share, world.total_sd, (FACTS.null, 0.999), "share of labels guessed")


def draw(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whether each label is guessed (n,)."""
    return rng.random(len(logits)) < found(logits)


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[str, float]:
    """The label chosen and the response time in ms."""
    world = person.parameters
    at = logit(world, seen.method) + person.ability + image_logit(world, FACTS.name, seen.image_id, seen.method)
    others = LabelChoice.read(seen.foil).others
    is_found = rng.random() < found(np.array(at))
    return seen.category if is_found else others[int(rng.integers(len(others)))], response_time(person, rng)


def columns(shown: pd.DataFrame, foil: np.ndarray, logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """`shown` with answers; the photograph shows what `foil` says."""
    is_found = draw(logits, rng)
    choices = [LabelChoice(each, MADE_UP) for each in foil]
    offered = np.array([choice.options(given) for choice, given in zip(choices, shown["category"], strict=True)])
    wrong = np.array(MADE_UP)[rng.integers(len(MADE_UP), size=len(shown))]
    return shown.assign(
        foil=list(map(str, choices)),
        stimulus_id=stimulus_ids(shown, shown["network"]),
        option_order=[";".join(order) for order in rng.permuted(offered, axis=1)],
        response=np.where(is_found, shown["category"], wrong),
        correct=is_found,
    )


SIMULATION = Simulation(
    logit=logit,
    mean=mean_share,
    without_effect=OTHER_SHARE,
    draw=draw,
    answer=answer,
    columns=columns,
)
