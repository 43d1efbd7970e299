"""Was the design followed? Ratings, trials, methods and sides, counted."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.data.exclusions import is_identical_pair
from analysis.data.export import Export
from analysis.notes import marked

COLUMNS = ("what", "least", "most", "planned")


def balance(trials: pd.DataFrame, sides: Mapping[str, pd.Series], planned_ratings: int | None) -> pd.DataFrame:
    """Minimum and maximum of what the assignment balances, over the responses analysed; `planned` where it is fixed.

    Three rows of counts, then a row of shares for each of `sides`: of the trials in which it is true.
    """
    items = trials.groupby("item_id").size()
    people = trials.groupby("participant_id").size()
    spread = method_spread(trials)
    rows = [
        (marked("ratings per item"), *_ends(items), planned_ratings),
        (marked("responses of a participant"), *_ends(people), None),
        (marked("a participant's most frequent method minus the rarest"), *_ends(spread), None),
        *((name, *_ends(is_first.groupby(trials["method"]).mean()), 0.5) for name, is_first in sides.items()),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(COLUMNS[1:], float))


def method_spread(trials: pd.DataFrame) -> pd.Series:
    """By participant: trials with the most frequent method less those with the rarest that their condition showed."""
    groups = [rows for _, rows in trials.groupby(trials["condition"].fillna(""))]
    counts = [pd.crosstab(rows["participant_id"], rows["method"]) for rows in groups]
    spreads = [table.max(axis=1) - table.min(axis=1) for table in counts]
    return pd.concat(spreads) if spreads else pd.Series(dtype=float)


def dropout(export: Export) -> pd.DataFrame:
    """Where people stopped, by method: of the trials planned for those who did not finish, a row per task and method.

    `planned` and `answered` trials, and `stopped`: people whose first unanswered trial would have shown this method.
    """
    unfinished = export.participants.loc[~export.participants["completed"], "participant_id"]
    trials = export.trials[export.trials["participant_id"].isin(unfinished) & ~is_identical_pair(export.trials)]
    open_ = trials[trials["state"] != "answered"].sort_values("trial_index").drop_duplicates("participant_id")
    keys = [(task.name, method) for task in export.tasks for method in task.methods] if len(trials) else []
    by = ["task", "method"]
    counts = {
        "planned": trials.groupby(by).size(),
        "answered": trials[trials["state"] == "answered"].groupby(by).size(),
        "stopped": open_.groupby(by).size(),
    }
    rows = [(*key, *(int(count.get(key, 0)) for count in counts.values())) for key in keys]
    return pd.DataFrame(rows, columns=[*by, *counts])


def _ends(values: pd.Series) -> tuple[float, float]:
    return (float(values.min()), float(values.max())) if len(values) else (np.nan, np.nan)


def sittings(participants: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """What browsers noticed: rows `event` (blur, focus, …), how many `people`, how many `times` in all."""
    there = events[events["participant_id"].isin(participants["participant_id"])]
    table = there.groupby("event").agg(people=("participant_id", "nunique"), times=("event_id", "size"))
    return table.reset_index()


def attention(participants: pd.DataFrame) -> pd.DataFrame:
    """How many participants failed how many attention checks: rows `failed`, `people`; empty where there were none."""
    checked = participants[participants["attention_checks"] > 0]
    failed = checked["attention_checks"] - checked["attention_checks_passed"]
    counts = failed.astype(int).value_counts().sort_index()
    return pd.DataFrame({"failed": counts.index.to_numpy(), "people": counts.to_numpy()})
