"""Careless responding is judged by rules of the definition: one side, long runs, impossible times. And who drops out."""

from dataclasses import replace
from itertools import groupby

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from analysis.config import ExclusionsConfig
from analysis.data.careless import longest_run, same_side
from analysis.data.exclusions import apply_exclusions
from analysis.results import records
from analysis.robustness.balance import dropout
from tests.analysis.data.test_exclusions import out


def answering(export, person, task, places):
    """The export in which `person` chose the options at `places` (as shown) in their trials of `task`, in order."""
    trials = export.trials.copy()
    hers = trials[(trials["participant_id"] == person) & (trials["task"] == task)].sort_values("trial_index").index
    for row, place in zip(hers, np.resize(places, len(hers)), strict=True):
        trials.loc[row, "response"] = trials.loc[row, "option_order"].split(";")[place]
    return replace(export, trials=trials)


def excluded(export, **rules):
    found = records(apply_exclusions(export, ExclusionsConfig(**rules)).excluded)
    return [(row["participant_id"], row["rule"], row["reason"]) for row in found]


def test_shares_and_runs_are_those_that_counting_gives(small):
    """Counted with itertools, trial by trial, over all people and both tasks."""
    shares, runs = same_side(small.trials), longest_run(small.trials)
    assert len(shares) == len(runs) == 24
    for (person, task), rows in small.trials.groupby(["participant_id", "task"]):
        side = []
        for row in rows.sort_values("trial_index").itertuples():
            options = row.option_order.split(";")
            side.append(np.sign(2 * options.index(row.response) - len(options) + 1))
        assert shares[person, task] == max(side.count(s) for s in side) / len(side)
        assert runs[person, task] == max(len(list(run)) for _, run in groupby(side))


def test_people_who_answer_on_one_side_or_in_long_runs_are_left_out_with_the_number(small):
    one_side = answering(small, "p00003", "seeing", [0])
    assert excluded(one_side, same_side=1) == [
        ("p00003", "At least 100% of a task's answers on one side", "100.0% in seeing")
    ]
    assert ("p00003", "At least 8 answers in a row on one side of a task", "8 in a row in seeing") in excluded(
        one_side, longest_run=8
    )
    turns = answering(small, "p00003", "seeing", [0, 1])
    assert longest_run(turns.trials)["p00003", "seeing"] == 1
    left = answering(small, "p00004", "trusting", [0, 1])  # clearly and slightly towards the left are one side
    assert [person for person, *_ in excluded(left, same_side=1)] == ["p00004"]


def test_a_few_answers_say_nothing_of_a_side(small):
    few = small.trials.groupby(["participant_id", "task"]).cumcount() < 5
    assert same_side(small.trials[few]).empty
    assert longest_run(small.trials[few]).empty


def test_responses_outside_the_floor_and_the_ceiling_go_and_their_people_stay(small):
    trials = small.trials.assign(rt=1000.0)
    trials.loc[0, "rt"], trials.loc[1, "rt"] = 100.0, 90_000.0
    trials.loc[[2, 3, 4], "rt"] = np.nan
    trials.loc[2, "rt_missing"], trials.loc[3, "rt_missing"] = "before-onset", "too-long"  # 4: no reason, so it stays
    kept = apply_exclusions(replace(small, trials=trials), ExclusionsConfig(min_rt_ms=200, max_rt_ms=60_000))
    assert out(kept) == {"Response time below 200 ms": (0, 2), "Response time above 60000 ms": (0, 2)}
    assert kept.excluded.empty
    assert len(kept.trials) == len(small.trials) - 4


@pytest.mark.parametrize("rule", [{"same_side": 0.5}, {"same_side": 1.1}, {"longest_run": 1}, {"min_rt_ms": 10**9}])
def test_a_rule_that_cannot_be_is_refused(rule):
    with pytest.raises(ValidationError):
        ExclusionsConfig(**rule)


def test_the_flow_and_the_dropout_tell_who_stopped_and_at_which_method(small):
    first = small.trials["participant_id"].isin(["p00000", "p00001"])
    late = small.trials["trial_index"] >= 5
    trials = small.trials.assign(state=small.trials["state"].mask(first & late, "released"))
    people = small.participants.assign(completed=~small.participants["participant_id"].isin(["p00000", "p00001"]))
    people.loc[0, "stopped_at"] = pd.Timestamp("2026-01-05T10:00:00Z")
    study = replace(small, trials=trials, participants=people)
    step = "Trial not answered (people who stopped: 1; others who did not finish: 1)"
    assert out(apply_exclusions(study, ExclusionsConfig()))[step] == (0, 18)
    table = dropout(study).set_index(["task", "method"])
    assert table["planned"].sum() == 28
    assert table["answered"].sum() == 10
    at = trials[first & (trials["trial_index"] == 5)].groupby(["task", "method"]).size()
    assert table["stopped"][table["stopped"] > 0].to_dict() == at.to_dict()
    assert dropout(small).empty
