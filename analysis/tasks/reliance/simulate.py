"""How simulated people take advice: logit P(final answer right) = a_method ± lean + person + image + image × method.

The lean to advice is added where it is right and taken away where it is wrong. Of final answers that are right after
right advice, the share KEPT was right before; of those that are wrong after wrong advice, the share LOST was. So, with
F₁ and F₀ the shares of right final answers after right and after wrong advice,
RAIR = F₁(1 − KEPT) / (1 − F₁·KEPT) and RSR = F₀ / (F₀ + (1 − F₀)·LOST). Controls tell nothing beyond the advice, so
they are at the numbers of advice alone.

Page by page, people answer first: rightly with the probability OWN_SHARE (person and image differ), keep what the
advice confirms, and follow advice that contradicts them so that RAIR and RSR are those above.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.tasks.kind import Seen, Simulation, any_option
from analysis.tasks.psychometrics import (
    Psychometrics,
    SimulatedPerson,
    answers_rightly,
    location_for,
    location_of,
    marginal_share,
    response_time,
    right_or_wrong,
    stimulus_ids,
)
from analysis.tasks.reliance.estimates import FACTS
from contracts.foil_text import BETWEEN
from contracts.methods import CONTROLS, PHOTOGRAPH
from contracts.tasks import OWN

LEAN = 0.6  # logits
KEPT, LOST = 0.83, 0.3
OWN_SHARE = 0.6
ALONE = 0.575
SHARES = {"grad-cam": 0.6} | dict.fromkeys((PHOTOGRAPH, *CONTROLS), ALONE)
OTHER_SHARE = 0.59


def mean_share(world: Psychometrics, method: str) -> float:
    """The share of right final answers over participants and images, half of them with right advice."""
    return world.mean(FACTS.name, method, SHARES, OTHER_SHARE)


def share_of_both(location: float, sd: float) -> float:
    """The mean of the shares of right final answers after right and after wrong advice."""
    return (marginal_share(location + LEAN, sd) + marginal_share(location - LEAN, sd)) / 2


def logit(world: Psychometrics, method: str) -> float:
    """a_method."""
    return location_for(share_of_both, mean_share(world, method), world.total_sd, (0.001, 0.999), "share right")


def true_rair(world: Psychometrics, method: str) -> float:
    """Of wrong own answers, the share that right advice corrects."""
    right = marginal_share(logit(world, method) + LEAN, world.total_sd)
    return right * (1 - KEPT) / (1 - right * KEPT)


def true_rsr(world: Psychometrics, method: str) -> float:
    """Of right own answers, the share that is kept against wrong advice."""
    right = marginal_share(logit(world, method) - LEAN, world.total_sd)
    return right / (right + (1 - right) * LOST)


def draw(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whether each final answer is right (n,); a coin says whether the advice is."""
    return right_or_wrong(logits + LEAN * rng.choice((-1, 1), len(logits)), rng)


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[str, float]:
    """The final answer and the response time in ms; without an own answer they make up their mind first."""
    own = seen.own or _own(person, seen, rng)
    final = own if own == seen.category or not seen.is_advised else _against(person, seen, own, rng)
    return final, response_time(person, rng)


def _against(person: SimulatedPerson, seen: Seen, own: str, rng: np.random.Generator) -> str:
    """The final answer where advice contradicts the own one."""
    world, right = person.parameters, FACTS.both_options(seen.category, seen.foil)[1]
    is_right, method = seen.category == right, seen.method
    follows = true_rair(world, method) if is_right else 1 - true_rsr(world, method)
    at = location_for(marginal_share, follows, world.participant_sd, (0.0001, 0.9999), "share that follows advice")
    return seen.category if right_or_wrong(np.array([at + person.leaning]), rng)[0] else own


def _own(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> str:
    wrong, right = FACTS.both_options(seen.category, seen.foil)
    world = person.parameters
    sd = float(np.sqrt(world.participant_sd**2 + world.image_sd**2 + world.image_method_sd**2))
    at = location_of(OWN_SHARE, sd)
    return right if answers_rightly(person, at, FACTS.name, seen.image_id, OWN, rng) else wrong


def further(
    person: SimulatedPerson, seen: Seen, question: str, options: Sequence[str], rng: np.random.Generator
) -> tuple[str, float | None]:
    """The own answer; of the other questions any option."""
    if question == OWN:
        return _own(person, seen, rng), response_time(person, rng)
    return any_option(person, seen, question, options, rng)


def columns(shown: pd.DataFrame, foil: np.ndarray, logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """`shown` with final answers and `own` ones; for every other image the advice is right."""
    advised = shown["image_id"].str[-1].astype(int).to_numpy() % 2 == 0
    final = right_or_wrong(logits + np.where(advised, LEAN, -LEAN), rng)
    chance = rng.random(len(final))
    own = np.where(advised, final & (chance < KEPT), final | (chance < LOST))
    category = shown["category"].to_numpy(str)
    right, wrong = np.where(advised, category, foil), np.where(advised, foil, category)
    return shown.assign(
        foil=[BETWEEN.join(pair) for pair in zip(wrong, right, strict=True)],
        stimulus_id=stimulus_ids(shown, shown["network"]),
        option_order=[";".join(sorted(pair)) for pair in zip(wrong, right, strict=True)],
        response=np.where(final, right, wrong),
        correct=final,
        own=np.where(own, right, wrong),
    )


SIMULATION = Simulation(
    logit=logit,
    mean=mean_share,
    without_effect=ALONE,
    draw=draw,
    answer=answer,
    columns=columns,
    further=further,
    asked=(OWN,),
)
