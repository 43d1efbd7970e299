"""How simulated people answer class discrimination: logit P(correct) = a_method + ability + image + image×method."""

import numpy as np
import pandas as pd
from scipy import special

from analysis.estimation.estimates import Estimate, cell_means
from analysis.paper import GRAD_CAM
from analysis.tasks.class_discrimination.estimates import FACTS, sensitivity
from analysis.tasks.design import TaskDesign
from analysis.tasks.kind import Seen, SimulatedValues, Simulation
from analysis.tasks.psychometrics import (
    Psychometrics,
    SimulatedPerson,
    answers_rightly,
    location_of,
    response_time,
    right_or_wrong,
    stimulus_ids,
)
from contracts.methods import CONTROLS

OTHER_ACCURACY = 0.55  # of methods that the paper did not measure
ACCURACIES = {**GRAD_CAM.accuracies, **dict.fromkeys(CONTROLS, FACTS.null)}
PAPER_SIZE = TaskDesign(
    "seeing",
    FACTS.name,
    ("deconvolution", "guided-backprop", "deconvolution-grad-cam", "guided-grad-cam"),
    images=45,
    ratings=9,
)


def true_accuracy(world: Psychometrics, method: str) -> float:
    """The accuracy over participants and images."""
    return world.mean(FACTS.name, method, ACCURACIES, OTHER_ACCURACY)


def logit(world: Psychometrics, method: str) -> float:
    """a_method: where the marginal accuracy is the one asked for."""
    return location_of(true_accuracy(world, method), world.total_sd)


def answer(person: SimulatedPerson, seen: Seen, rng: np.random.Generator) -> tuple[str, float]:
    """The category chosen (the truth or the foil) and the response time in ms."""
    at = logit(person.parameters, seen.method)
    is_correct = answers_rightly(person, at, FACTS.name, seen.image_id, seen.method, rng)
    return seen.category if is_correct else seen.foil, response_time(person, rng)


def columns(shown: pd.DataFrame, foil: np.ndarray, logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """`shown` with answers, the right option first or second by a coin."""
    is_correct = right_or_wrong(logits, rng)
    truth_first = rng.random(len(shown)) < 0.5
    category = shown["category"].to_numpy()
    return shown.assign(
        foil=foil,
        stimulus_id=stimulus_ids(shown, shown["network"]),
        option_order=np.where(truth_first, category + ";" + foil, foil + ";" + category),
        response=np.where(is_correct, category, foil),
        correct=is_correct,
    )


def d_primes(
    simulated: SimulatedValues, confidence: float, rng: np.random.Generator
) -> dict[tuple[str, str], tuple[Estimate, float]]:
    """d′ of each method. The right option is placed at random and has no pull, so the truth is 2·z(accuracy)."""
    truth_second = (rng.random(len(simulated.values)) < 0.5).astype(int)
    chose_first = (simulated.values ^ truth_second.astype(bool)).astype(float)
    labels = tuple((m, first) for m in simulated.methods for first in (True, False))
    cell = 2 * simulated.method + truth_second
    cells = cell_means(chose_first, cell, simulated.participant, simulated.image, labels)
    return {
        ("d-prime", m): (sensitivity(cells, m, "d-prime", confidence), 2 * special.ndtri(simulated.means[m]))
        for m in simulated.methods
    }


SIMULATION = Simulation(
    logit=logit,
    mean=true_accuracy,
    without_effect=0.55,
    draw=right_or_wrong,
    answer=answer,
    columns=columns,
    further_estimates=d_primes,
    paper_size=PAPER_SIZE,
)
