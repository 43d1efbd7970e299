"""Do people know when they are right? Accuracy by stated confidence, and over-confidence.

Confidence is asked in four steps from "a guess" to "certain". A guess between two categories is right half of the
time, so the steps are read as stated chances of 50, 66.7, 83.3 and 100 %; over-confidence is the mean stated chance
minus accuracy (calibration-in-the-large; Lichtenstein, Fischhoff & Phillips 1982). The reading of the two middle steps
is a convention; the table by step does not depend on it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.estimation.cells import estimate_table, mean, of_all, table
from analysis.tasks.class_discrimination.estimates import CHANCE, accuracy_table

STEPS = (1, 2, 3, 4)
STATED = dict(zip(STEPS, np.linspace(CHANCE, 1, len(STEPS)).tolist(), strict=True))  # the chance of being right
GAPS = (CHANCE - 1, 1.0)  # from a guess that is right to certainty that is wrong


def by_confidence(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Accuracy at each step of stated confidence, with the chance `stated`; empty where no one was asked."""
    asked = _asked(trials)
    if asked.empty:
        return accuracy_table(asked, {"step": ()}, confidence).assign(stated=pd.Series(dtype=float))
    table = accuracy_table(asked, {"step": STEPS}, confidence)
    return table.assign(stated=table["step"].map(STATED))


def overconfidence(trials: pd.DataFrame, methods: Sequence[str], confidence: float) -> pd.DataFrame:
    """Mean stated chance of being right minus accuracy, by method and overall; empty where no one was asked."""
    asked = _asked(trials)
    if asked.empty:
        return estimate_table({}, ["method"])
    gap = (asked["step"].map(STATED) - asked["correct"]).to_numpy(float)
    estimator = mean(confidence, GAPS)
    by_method = table(asked, gap, {"method": methods}, estimator)
    return pd.concat([by_method, estimate_table({"all": of_all(asked, gap, estimator)}, ["method"])], ignore_index=True)


def _asked(trials: pd.DataFrame) -> pd.DataFrame:
    asked = trials[trials["confidence"].notna()]
    return asked.assign(step=asked["confidence"].astype(int))
