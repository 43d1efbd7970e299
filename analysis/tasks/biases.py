"""Response bias and order effects: the place of an option or network, the time in the session; expected near zero."""

import numpy as np
import pandas as pd

from analysis.estimation.cells import cells_by, estimate_table, of_all, share
from analysis.estimation.estimates import Estimate, difference, no_estimate
from analysis.notes import Note
from contracts.tasks import Kind


def later_half(trials: pd.DataFrame) -> np.ndarray:
    """Whether each trial is in the second half of its participant's trials of the task (n,)."""
    by_person = trials.groupby("participant_id")["trial_index"]
    return (by_person.rank(method="first") > by_person.transform("size") / 2).to_numpy()


def halves(
    frame: pd.DataFrame, values: np.ndarray, column: str, confidence: float, bounds: tuple[float, float]
) -> Estimate:
    """Mean where `column` is true minus mean where it is false."""
    if not frame[column].any() or frame[column].all():
        return no_estimate(Note("One of the two sides has no responses."))
    return difference(cells_by(frame, values, {column: (True, False)}), True, False, confidence, bounds)


def chose_first(trials: pd.DataFrame) -> np.ndarray:
    """Whether the option that was listed first was chosen (n,)."""
    return (trials["option_order"].str.split(";").str[0] == trials["response"]).to_numpy()


def leaning_and_learning(
    trials: pd.DataFrame, facts: Kind, confidence: float, leaning: str, leans: np.ndarray, learning: str
) -> pd.DataFrame:
    """The effect called `leaning`, the share of the answers that lean (n,) against chance, and the one called
    `learning`, the share of right answers in each person's second half minus the first."""
    frame, correct = trials.assign(later=later_half(trials)), trials["correct"].to_numpy(float)
    rows = {
        leaning: of_all(trials, leans, share(confidence, facts.null)),
        learning: halves(frame, correct, "later", confidence, facts.difference_bounds),
    }
    return estimate_table(rows, ["effect"])
