"""Signs of careless responding that a definition can make rules of: the side of the answers, and response times."""

import math

import numpy as np
import pandas as pd

from contracts.export import BEFORE_ONSET, TOO_LONG

FEW = 6  # answers in a task; with fewer, one side or a run means nothing


def times(trials: pd.DataFrame) -> pd.Series:
    """rt in ms; one that is missing because it was too long is longer than all others, one before the onset shorter."""
    extremes = trials["rt_missing"].map({TOO_LONG: math.inf, BEFORE_ONSET: 0.0}).astype(float)
    return trials["rt"].fillna(extremes)


def same_side(trials: pd.DataFrame) -> pd.Series:
    """Share of the answers on the most frequent side, by (participant_id, task) of FEW answers or more."""
    sided = _judged(trials)
    return sided.groupby(["participant_id", "task"])["side"].agg(lambda side: side.value_counts(normalize=True).max())


def longest_run(trials: pd.DataFrame) -> pd.Series:
    """Most answers in a row on one side, by (participant_id, task) of FEW answers or more."""
    sided = _judged(trials).sort_values(["participant_id", "task", "trial_index"])
    keys = sided[["participant_id", "task", "side"]]
    run = (keys != keys.shift()).any(axis=1).cumsum()
    return sided.groupby(["participant_id", "task", run]).size().groupby(level=[0, 1]).max()


def _judged(trials: pd.DataFrame) -> pd.DataFrame:
    """Answered trials with `side`: −1 in the first half of the options as shown, 1 in the second, 0 in the middle."""
    answered = trials[trials["state"] == "answered"]
    sides = [_side(*pair) for pair in zip(answered["response"], answered["option_order"].str.split(";"), strict=True)]
    answered = answered.assign(side=pd.Series(sides, answered.index, float)).dropna(subset="side")
    counts = answered.groupby(["participant_id", "task"])["side"].transform("size")
    return answered[counts >= FEW]


def _side(response: str, options: list[str]) -> float:
    if response not in options:
        return np.nan
    return float(np.sign(options.index(response) - (len(options) - 1) / 2))
