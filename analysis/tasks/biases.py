"""What should make no difference: where an option or a network stood, and when in the session it came."""

import numpy as np
import pandas as pd

from analysis.estimation.cells import cells_by, estimate_table
from analysis.estimation.estimates import Estimate, combination, difference, no_estimate, proportion
from contracts.tasks import DIFFERENCE_BOUNDS


def is_identical_pair(trials: pd.DataFrame) -> pd.Series:
    """Trust trials that show one visualization on both sides: controls, whose mean answer must be 0."""
    left = trials["left_stimulus_id"]
    return left.notna() & (left == trials["right_stimulus_id"])


def later_half(trials: pd.DataFrame) -> np.ndarray:
    """Whether each trial lies in the second half of its participant's trials of the task (n,)."""
    by_person = trials.groupby("participant_id")["trial_index"]
    return (by_person.rank(method="first") > by_person.transform("size") / 2).to_numpy()


def choice_biases(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Class discrimination: pull of the first option, its effect on accuracy, and learning or tiring."""
    bounds = DIFFERENCE_BOUNDS["class-discrimination"]
    first = trials["option_order"].str.split(";").str[0]
    chose_first = (trials["response"] == first).to_numpy()
    frame = trials.assign(all="all", truth_first=first == trials["category"], later=later_half(trials))
    everything = cells_by(frame, chose_first, {"all": ("all",)})
    correct = trials["correct"].to_numpy()
    rows = {
        "first option chosen": proportion(everything, "all", confidence, 0.5),
        "accuracy: right option first − second": _difference(frame, correct, "truth_first", confidence, bounds),
        "accuracy: second half − first half": _difference(frame, correct, "later", confidence, bounds),
    }
    return estimate_table(rows, ["effect"])


def trust_biases(trials: pd.DataFrame, controls: pd.DataFrame, first_network: str, confidence: float) -> pd.DataFrame:
    """Trust: pull of the left side, sides swapped, order in the session, and identical pairs where there are any."""
    frame = trials.assign(left=trials["left_network"] == first_network, later=later_half(trials))
    score, bounds = trials["score"].to_numpy(), DIFFERENCE_BOUNDS["trust"]
    rows = {
        "mean answer towards the left": _mean_answer(trials, confidence),
        "score: first network left − right": _difference(frame, score, "left", confidence, bounds),
        "score: second half − first half": _difference(frame, score, "later", confidence, bounds),
    }
    if len(controls):
        rows["identical pairs: mean answer towards the left"] = _mean_answer(controls, confidence)
    return estimate_table(rows, ["effect"])


def _mean_answer(trials: pd.DataFrame, confidence: float) -> Estimate:
    towards_left = pd.to_numeric(trials["response"]).to_numpy(float)
    cells = cells_by(trials.assign(all="all"), towards_left, {"all": ("all",)})
    return combination(cells, np.ones(1), confidence, bounds=(-2, 2))


def _difference(
    frame: pd.DataFrame, values: np.ndarray, column: str, confidence: float, bounds: tuple[float, float]
) -> Estimate:
    """Mean where `column` is true minus mean where it is false."""
    if not frame[column].any() or frame[column].all():
        return no_estimate("one of the two sides has no responses.")
    return difference(cells_by(frame, values, {column: (True, False)}), True, False, confidence, bounds)
