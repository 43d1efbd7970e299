"""How simulated people choose a sentence: logit P(right) = a_method + ability + image + image×method.

With controls a_method is such that exactly half of the answers are right. Studies simulated in memory have two
sentences of the category's name.
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
from analysis.tasks.sentence_fit.estimates import FACTS
from contracts.foil_text import BETWEEN
from contracts.methods import CONTROLS
from contracts.sentences import written

SHARES = {"grad-cam": 0.62} | dict.fromkeys(CONTROLS, FACTS.null)
OTHER_SHARE = 0.6


def true_share(world: Psychometrics, method: str) -> float:
    """Of right sentences over participants and images."""
    return world.mean(FACTS.name, method, SHARES, OTHER_SHARE)


def logit(world: Psychometrics, method: str) -> float:
    """a_method."""
    return location_of(true_share(world, method), world.total_sd)


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[str, float]:
    """The sentence chosen and the response time in ms."""
    at = logit(person.parameters, seen.method)
    is_right = answers_rightly(person, at, FACTS.name, seen.image_id, seen.method, rng)
    return FACTS.both_options(seen.category, seen.foil)[is_right], response_time(person, rng)


def columns(shown: pd.DataFrame, foil: np.ndarray, logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """`shown` with answers, the right sentence first or second by a coin."""
    is_right, first = right_or_wrong(logits, rng), rng.random(len(shown)) < 0.5
    right = [written([name], [other]) for name, other in zip(shown["category"], foil, strict=True)]
    wrong = [written([other], [name]) for name, other in zip(shown["category"], foil, strict=True)]
    both = list(zip(right, wrong, first, is_right, strict=True))
    return shown.assign(
        foil=[BETWEEN.join((w, r)) for r, w, *_ in both],
        stimulus_id=stimulus_ids(shown, shown["network"]),
        option_order=[";".join((r, w) if is_first else (w, r)) for r, w, is_first, _ in both],
        response=[r if is_so else w for r, w, _, is_so in both],
        correct=is_right,
    )


SIMULATION = Simulation(
    logit=logit,
    mean=true_share,
    without_effect=OTHER_SHARE,
    draw=right_or_wrong,
    answer=answer,
    columns=columns,
)
