"""A study that was extended, interrupted and exported before its end, in memory."""

from dataclasses import replace

import pandas as pd

from analysis.data.export import Export
from analysis.data.history import Amendment, Happening, History
from contracts.hashing import canonical_sha256

OPENED = pd.Timestamp("2026-01-05T08:00:00Z")
HAPPENED = (
    (0, "study-opened"),
    (2, "export"),
    (3, "study-paused"),
    (4, "study-resumed"),
    (5, "study-extended"),
    (9, "study-closed"),
    (10, "export"),
)


def extended(export: Export, task: str = "seeing", before: int = 2, share: float = 1.0) -> Export:
    """`export` with people who answered one after the other between hours 1 and 8 after OPENED.

    At hour 5 the ratings per item of `task` were raised from `before` to the present number. Of the answers only the
    first `share` were given.
    """
    document = export.definition | {"tasks": [dict(t) for t in export.definition["tasks"]]}
    section = next(t for t in document["tasks"] if t["name"] == task)
    change = {"task": task, "ratings_per_item": [before, section["ratings_per_item"]]}
    section["ratings_per_item"] = before
    earlier = canonical_sha256(document)
    amendment = Amendment(
        OPENED + pd.Timedelta(hours=5), change, "the intervals were too wide", earlier, export.definition_sha256
    )
    trials = export.trials.sort_values(["participant_id", "trial_index"], ignore_index=True)
    hours = 1 + 7 * trials.index.to_numpy() / len(trials)
    given = trials.index < share * len(trials)
    trials = trials.assign(
        answered_at=(OPENED + pd.to_timedelta(hours, unit="h")).round("ms"),
        state=pd.Series(given).map({True: "answered", False: "released"}),
        response=trials["response"].where(given),
        definition_sha256=earlier,
    )
    blank = ["correct", "score", "confidence", "rt", "time_elapsed", "answered_at"]
    trials.loc[~given, blank] = None
    answered = trials[given].groupby("participant_id").size()
    people = export.participants
    counts = people["participant_id"].map(answered).fillna(0).astype(int)
    people = people.assign(
        trials_answered=counts, completed=counts == people["trials_planned"], definition_sha256=earlier
    )
    people["finished_at"] = people["finished_at"].where(people["completed"])
    happenings = tuple(Happening(OPENED + pd.Timedelta(hours=h), what) for h, what in HAPPENED)
    history = History((amendment,), happenings, is_told=True)
    return replace(export, trials=trials, participants=people, history=history)
