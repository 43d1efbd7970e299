"""The share of right halves, and how easy people found it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.data.checks import refuse
from analysis.estimation.cells import cells_by, estimate_table, mean, of_all, share, table
from analysis.estimation.estimates import Estimate, difference
from analysis.tasks.biases import halves, later_half
from analysis.tasks.kind import TaskRows
from tests.third_kind.facts import EASE, HALVES, KIND

MIDDLE, EASIEST = 3, (1, 5)


def tables(rows: TaskRows) -> dict[str, pd.DataFrame]:
    methods, trials, confidence = {"method": rows.task.methods}, rows.trials, rows.confidence
    eased = rows.answers[rows.answers["question"] == EASE].drop(columns="participant_id")
    eased = eased.merge(trials, on="trial_id", suffixes=("_given", ""))
    return {
        "halves": table(trials, trials["correct"].to_numpy(), methods, share(confidence, KIND.null)),
        "ease": table(eased, eased["response_given"].astype(float), methods, mean(confidence, EASIEST, MIDDLE)),
        "biases": biases(trials, confidence),
    }


def biases(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    frame, correct = trials.assign(later=later_half(trials)), trials["correct"].to_numpy()
    effects = {
        "upper half chosen": of_all(trials, chose_upper(trials), share(confidence, KIND.null)),
        "right halves: second half − first half": halves(frame, correct, "later", confidence, KIND.difference_bounds),
    }
    return estimate_table(effects, ["effect"])


def share_difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    cells = cells_by(trials, trials["correct"].to_numpy(), {"method": methods})
    return difference(cells, a, b, confidence, KIND.difference_bounds)


def chose_upper(trials: pd.DataFrame) -> np.ndarray:
    return (trials["response"] == HALVES[0]).to_numpy()


def check(answered: pd.DataFrame, _networks: Sequence[str]) -> None:
    refuse(~answered["response"].isin(HALVES), answered, "response is no half")
    is_right = answered["response"] != answered["foil"]
    refuse(answered["correct"] != is_right, answered, "correct is not whether response is the right half")
