"""How simulated people choose among four: P(prediction found) = 1/4 + 3/4 · logistic(a_method ± lean + person + image
+ image × method).

The lean is added where the prediction is right and taken away where it is wrong; a_method is such that the mean over
both sorts is the one asked for. Where they do not find it, any other class is equally likely. The correct class is
found by the same formula with a lean of its own, independently. Controls tell nothing: a_method is −∞, and both answers
are any of four classes: exactly 25 % for right and for wrong predictions. Confidence is one of five steps, a binomial
that is higher after an answer that is right.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from analysis.tasks.belief import image_numbers
from analysis.tasks.distinction.estimates import FACTS, PLACES
from analysis.tasks.kind import Seen, Simulation, any_option
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
from contracts.methods import CONTROLS
from contracts.tasks import CLASS, SURE
from contracts.tiles import Tiled

LEAN, CLASS_LEAN = 0.5, 0.8  # logits
SHARES = {"grad-cam": 0.418} | dict.fromkeys(CONTROLS, FACTS.null)  # HIVE, ImageNet: the mean of 48.0 and 35.6 %
OTHER_SHARE = 0.4
NOTHING = -60.0  # in place of −∞
SURE_WRONG, SURE_RIGHT = 0.45, 0.55  # of each of four further steps of confidence


def mean_share(world: Psychometrics, method: str) -> float:
    """The share of predictions found over participants and images, half of them predicted rightly."""
    return world.mean(FACTS.name, method, SHARES, OTHER_SHARE)


def found(logits: np.ndarray) -> np.ndarray:
    """The probability of the right one of four at `logits`."""
    return np.asarray(known_or_guessed(special.expit(logits), FACTS.null))


def share_of_both(location: float, sd: float) -> float:
    """The mean of the shares found among right and among wrong predictions."""
    known = (marginal_share(location + LEAN, sd) + marginal_share(location - LEAN, sd)) / 2
    return float(known_or_guessed(known, FACTS.null))


def logit(world: Psychometrics, method: str) -> float:
    """a_method."""
    share = mean_share(world, method)
    if share == FACTS.null:
        return NOTHING
    return location_for(share_of_both, share, world.total_sd, (FACTS.null, 0.999), "share of predictions found")


def draw(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whether each prediction is found (n,); a coin says whether it is right."""
    return rng.random(len(logits)) < found(logits + LEAN * rng.choice((-1, 1), len(logits)))


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[str, float]:
    """The tile chosen as the predicted one, and the response time in ms."""
    tiled = Tiled.read(seen.foil)
    return _tile(person, seen, tiled.place(tiled.predicted), LEAN, rng), response_time(person, rng)


def further(
    person: SimulatedPerson, seen: Seen, question: str, options: Sequence[str], rng: np.random.Generator
) -> tuple[str, float | None]:
    """The tile of the correct class; of the steps of confidence any."""
    if question != CLASS:
        return any_option(person, seen, question, options, rng)
    tiled = Tiled.read(seen.foil)
    return _tile(person, seen, tiled.place(tiled.correct), CLASS_LEAN, rng), response_time(person, rng)


def _tile(person: SimulatedPerson, seen: Seen, right: str, lean: float, rng: np.random.Generator) -> str:
    world = person.parameters
    at = logit(world, seen.method) + person.ability + image_logit(world, FACTS.name, seen.image_id, seen.method)
    at += lean if Tiled.read(seen.foil).is_right else -lean
    if rng.random() < found(np.array(at)):
        return right
    others = [place for place in PLACES if place != right]
    return others[int(rng.integers(len(others)))]


def columns(shown: pd.DataFrame, foil: np.ndarray, logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """`shown` with answers, further ones too; every other image is predicted rightly."""
    is_right = image_numbers(shown) % 2 == 0
    sign = np.where(is_right, 1, -1)
    offered = [_offered(*each) for each in zip(shown["category"], foil, is_right, strict=True)]
    predicted, correct = (np.array([t.place(getattr(t, name)) for t in offered]) for name in ("predicted", "correct"))
    is_found = rng.random(len(shown)) < found(logits + LEAN * sign)
    is_classed = rng.random(len(shown)) < found(logits + CLASS_LEAN * sign)
    orders = rng.permuted(np.tile(PLACES, (len(shown), 1)), axis=1)
    return shown.assign(
        foil=[str(tiled) for tiled in offered],
        stimulus_id=stimulus_ids(shown, shown["network"]),
        option_order=[";".join(order) for order in orders],
        response=_chosen(predicted, is_found, rng),
        correct=is_found,
        **{
            SURE: (1 + rng.binomial(4, np.where(is_found, SURE_RIGHT, SURE_WRONG))).astype(str),
            CLASS: _chosen(correct, is_classed, rng),
        },
    )


def _offered(predicted: str, other: str, is_right: bool) -> Tiled:
    names = (predicted, other, "a third class", "a fourth class")
    return Tiled.of(predicted, predicted if is_right else other, names)


def _chosen(right: np.ndarray, is_right: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The right tile, or any other one (n,)."""
    further_on = rng.integers(1, len(PLACES), len(right))
    other = (right.astype(int) - 1 + further_on) % len(PLACES) + 1
    return np.where(is_right, right, other.astype(str))


SIMULATION = Simulation(
    logit=logit,
    mean=mean_share,
    without_effect=OTHER_SHARE,
    draw=draw,
    answer=answer,
    columns=columns,
    further=further,
    asked=(SURE, CLASS),
)
