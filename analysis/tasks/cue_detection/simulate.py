"""How simulated people say what a network relies on: by the model of analysis/tasks/belief.py.

They lean to saying the object: belief is added for networks that rely on it, and taken away for those that rely on the
cue. People who do not name the cue say the object in 70 % of cases, that they cannot tell in 20 %, and the other cue in
10 %. In studies simulated in memory every second network relies on the cue; of a single network, every second image.
"""

import numpy as np
import pandas as pd

from analysis.tasks.belief import draw, image_numbers, leaning, location_of_both
from analysis.tasks.cue_detection.estimates import ANSWERS, CUE, FACTS, FOILS, planted
from analysis.tasks.kind import Seen, Simulation
from analysis.tasks.psychometrics import (
    Psychometrics,
    SimulatedPerson,
    answers_rightly,
    response_time,
    right_or_wrong,
    stimulus_ids,
)
from contracts.methods import CONTROLS
from contracts.tasks import OBJECT, UNSURE

SHARES = {"grad-cam": 0.65} | dict.fromkeys(CONTROLS, FACTS.null)  # means of hits and correct rejections
OTHER_SHARE = 0.6
INSTEAD = (0.7, 0.2, 0.1)  # the object, unsure, the other cue


def mean_share(world: Psychometrics, method: str) -> float:
    """(H + 1 − F)/2 over participants and images."""
    return world.mean(FACTS.name, method, SHARES, OTHER_SHARE)


def logit(world: Psychometrics, method: str) -> float:
    """a_method."""
    return location_of_both(mean_share(world, method), world.total_sd)


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[str, float]:
    """One of the answers, and the response time in ms."""
    relies = FOILS[seen.foil] == CUE
    at = logit(person.parameters, seen.method) + float(leaning(not relies))
    is_right = answers_rightly(person, at, FACTS.name, seen.image_id, seen.method, rng)
    return _answers(np.array([seen.foil]), np.array([is_right == relies]), rng)[0], response_time(person, rng)


def _answers(foils: np.ndarray, named: np.ndarray, rng: np.random.Generator) -> list[str]:
    """The answers (n,) of people who named the cue or not."""
    cues = [planted(foil) for foil in foils]
    instead = rng.choice(len(INSTEAD), len(cues), p=INSTEAD)
    others = [next(a for a in ANSWERS if a not in (OBJECT, UNSURE, cue)) for cue in cues]
    return [
        cue if is_named else (OBJECT, UNSURE, other)[place]
        for cue, other, is_named, place in zip(cues, others, named, instead, strict=True)
    ]


def columns(shown: pd.DataFrame, _foil: np.ndarray, logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """`shown` with answers."""
    network = pd.factorize(shown["network"], sort=True)[0]
    relies = (network if network.any() else image_numbers(shown)) % 2 == 1
    is_right = right_or_wrong(logits + leaning(~relies), rng)
    of_cue, of_object = (next(foil for foil, sort in FOILS.items() if (sort == CUE) == is_cue) for is_cue in (1, 0))
    foils = np.where(relies, of_cue, of_object)
    return shown.assign(
        foil=foils,
        stimulus_id=stimulus_ids(shown, shown["network"]),
        option_order=";".join(ANSWERS),
        response=_answers(foils, is_right == relies, rng),
        correct=is_right,
    )


SIMULATION = Simulation(
    logit=logit,
    mean=mean_share,
    without_effect=OTHER_SHARE,
    draw=draw,
    answer=answer,
    columns=columns,
)
