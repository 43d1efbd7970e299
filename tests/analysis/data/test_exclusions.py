"""Every response that is not analysed is accounted for, under the name of the rule that left it out."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.config import ExclusionsConfig
from analysis.data.exclusions import apply_exclusions
from analysis.results import records


def altered(export, **tables):
    """The export with cells set: table → {(row, column): value}."""
    frames = {}
    for table, cells in tables.items():
        frames[table] = getattr(export, table).copy()
        for (row, column), value in cells.items():
            frames[table].loc[row, column] = value
    return replace(export, **frames)


def out(kept):
    """step → (participants, trials) that went out at it, steps without loss left away."""
    rows = kept.flow.itertuples()
    return {str(r.step): (r.participants_out, r.trials_out) for r in rows if r.participants_out or r.trials_out}


def test_without_rules_every_planned_and_answered_response_is_kept(small):
    kept = apply_exclusions(small, ExclusionsConfig())
    assert len(kept.trials) == 168
    assert out(kept) == {}


def test_unanswered_and_overflow_trials_are_left_out_and_counted(small):
    gaps = {(0, "state"): "open", (1, "state"): "released", (2, "is_overflow"): True}
    kept = apply_exclusions(altered(small, trials=gaps), ExclusionsConfig())
    assert out(kept) == {"Trial not answered": (0, 2), "Response beyond the ratings planned (overflow)": (0, 1)}
    assert len(kept.trials) == 165


def test_each_participant_goes_by_the_first_rule_that_names_them(small):
    flags = {(0, "excluded"): True, (0, "completed"): False, (0, "exclusion_reason"): "pilot", (1, "completed"): False}
    study = altered(small, participants=flags)
    kept = apply_exclusions(study, ExclusionsConfig(incomplete=True))
    assert out(kept) == {"Excluded in the study by the researcher": (1, 14), "Did not finish the study": (1, 14)}
    assert kept.excluded.set_index("participant_id")["reason"].map(str).to_dict() == {"p00000": "pilot", "p00001": ""}
    assert set(kept.trials["participant_id"]) == set(small.participants["participant_id"]) - {"p00000", "p00001"}
    assert list(out(apply_exclusions(study, ExclusionsConfig()))) == ["Excluded in the study by the researcher"]


def test_hasty_participants_go_by_their_median_in_the_task_where_it_is_low(small):
    trials = small.trials.copy()
    hasty = (trials["participant_id"] == "p00003") & (trials["task"] == "trusting")
    trials.loc[hasty, "rt"] = 150.0
    kept = apply_exclusions(replace(small, trials=trials), ExclusionsConfig(min_median_rt_ms=200))
    assert records(kept.excluded) == [
        {
            "participant_id": "p00003",
            "rule": "Median response time below 200 ms in a task",
            "reason": "150 ms in trusting",
        }
    ]


def test_slow_participants_go_by_their_median_and_a_time_that_was_too_long_counts_as_longest(small):
    trials = small.trials.copy()
    in_trusting = trials["task"] == "trusting"
    trials.loc[in_trusting & (trials["participant_id"] == "p00003"), "rt"] = 70_000.0
    away = in_trusting & (trials["participant_id"] == "p00004")
    trials.loc[away, ["rt", "rt_missing"]] = [np.nan, "too-long"]
    early = in_trusting & (trials["participant_id"] == "p00005")
    trials.loc[early, ["rt", "rt_missing"]] = [np.nan, "before-onset"]
    rules = ExclusionsConfig(max_median_rt_ms=60_000, min_median_rt_ms=1)
    kept = apply_exclusions(replace(small, trials=trials), rules)
    assert kept.excluded.set_index("participant_id")["reason"].map(str).to_dict() == {
        "p00005": "0 ms in trusting",
        "p00003": "70000 ms in trusting",
        "p00004": "more than an hour in trusting",
    }


def test_a_participant_without_response_times_cannot_be_called_hasty(small):
    trials = small.trials.assign(rt=small.trials["rt"].where(small.trials["participant_id"] != "p00003"))
    kept = apply_exclusions(replace(small, trials=trials), ExclusionsConfig(min_median_rt_ms=1))
    assert kept.excluded.empty


def test_the_flow_adds_up(small):
    study = altered(
        small, participants={(4, "excluded"): True}, trials={(0, "state"): "open", (9, "is_overflow"): True}
    )
    flow = apply_exclusions(study, ExclusionsConfig(incomplete=True, min_median_rt_ms=2500)).flow
    assert flow["trials_left"].iloc[-1] == 168 - flow["trials_out"].sum()
    assert flow["participants_left"].iloc[-1] == 12 - flow["participants_out"].sum()
    assert flow["participants_out"].iloc[-1] == 0


@pytest.mark.parametrize("rules", [ExclusionsConfig(), ExclusionsConfig(incomplete=True, min_median_rt_ms=1)])
def test_a_study_that_nobody_joined_has_an_empty_flow(small, rules):
    empty = replace(small, participants=small.participants[:0], trials=small.trials[:0])
    kept = apply_exclusions(empty, rules)
    assert kept.trials.empty
    assert (kept.flow.drop(columns="step") == 0).all(axis=None)


def test_inattentive_people_go_from_the_failures_named_on_and_those_who_failed_comprehension(small):
    checks = {(0, "attention_checks"): 3, (0, "attention_checks_passed"): 1, (1, "attention_checks"): 3}
    checks |= {(1, "attention_checks_passed"): 2, (2, "comprehension"): 0, (3, "comprehension"): 1}
    study = altered(small, participants=checks)
    kept = apply_exclusions(study, ExclusionsConfig(failed_attention_checks=2, failed_comprehension=True))
    assert out(kept) == {"Failed attention checks: at least 2": (1, 14), "Failed a comprehension check": (1, 14)}
    reasons = kept.excluded.set_index("participant_id")["reason"].map(str)
    assert reasons.to_dict() == {"p00000": "2 of 3 failed", "p00002": ""}
    assert out(apply_exclusions(study, ExclusionsConfig())) == {}
