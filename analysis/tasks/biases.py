"""Response bias and order effects: the place of an option or network, the time in the session; expected near zero."""

import numpy as np
import pandas as pd

from analysis.estimation.cells import cells_by
from analysis.estimation.estimates import Estimate, difference, no_estimate
from analysis.notes import Note


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
