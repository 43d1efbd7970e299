"""Biases, balance, individuals, confusion and response times, against plain counting."""

import numpy as np
import pandas as pd
import pytest

from analysis.data.exclusions import is_identical_pair
from analysis.estimation.estimates import wilson
from analysis.robustness.balance import attention, balance, sittings
from analysis.tasks.biases import later_half
from analysis.tasks.class_discrimination.estimates import choice_biases, confusion, truth_first
from analysis.tasks.individuals import individuals, response_times
from analysis.tasks.trust.estimates import trust_biases
from contracts.tasks import KINDS


@pytest.fixture
def seeing(small):
    return small.trials[small.trials["task"] == "seeing"]


@pytest.fixture
def trusting(small):
    return small.trials[small.trials["task"] == "trusting"]


def test_the_pull_of_the_first_option_and_its_effect_on_accuracy_are_counted(seeing):
    table = choice_biases(seeing, 0.95).set_index("effect")
    first = seeing["option_order"].str.split(";").str[0]
    assert table.loc["first option chosen", "value"] == pytest.approx((first == seeing["response"]).mean())
    right_first = first == seeing["category"]
    by_place = seeing.groupby(right_first)["correct"].mean()
    assert table.loc["accuracy: correct option first − second", "value"] == pytest.approx(
        by_place[True] - by_place[False]
    )


def test_a_person_who_always_takes_the_left_shows_in_the_side_bias_and_not_in_the_score(trusting):
    left = trusting.assign(response="2", score=np.where(trusting["left_network"] == "strong", 2.0, -2.0))
    table = trust_biases(left, left.iloc[:0], ("strong", "weak"), 0.95).set_index("effect")
    assert table.loc["mean answer towards the left", "value"] == 2
    assert table.loc["score: first network on the left − on the right", "value"] == 4
    assert len(table) == 3


def test_identical_pairs_are_a_control_of_their_own(trusting):
    same = trusting.assign(right_stimulus_id=trusting["left_stimulus_id"]).iloc[:20]
    assert is_identical_pair(same).all()
    assert not is_identical_pair(trusting).any()
    table = trust_biases(trusting, same, ("strong", "weak"), 0.95).set_index("effect")
    expected = pd.to_numeric(same["response"]).mean()
    assert table.loc["identical pairs: mean answer towards the left", "value"] == pytest.approx(expected)


def test_halves_are_of_each_participant_s_own_trials(seeing):
    later = later_half(seeing)
    ends = seeing.assign(later=later).groupby(["participant_id", "later"])["trial_index"].agg(["min", "max", "size"])
    for person in seeing["participant_id"].unique():
        assert ends.loc[(person, False), "max"] < ends.loc[(person, True), "min"]
        assert abs(ends.loc[(person, False), "size"] - ends.loc[(person, True), "size"]) <= 1


def test_individuals_stand_from_the_lowest_with_intervals_of_their_own(seeing, trusting):
    table = individuals(seeing, "participant_id", KINDS["class-discrimination"], 0.95)
    assert table["value"].is_monotonic_increasing
    expected = seeing.groupby("participant_id")["correct"].mean()
    assert table.set_index("id")["value"].to_dict() == pytest.approx(expected.to_dict())
    row = table.iloc[0]
    assert (row["low"], row["high"]) == pytest.approx(wilson(row["value"], row["responses"], 0.95))
    scores = individuals(trusting, "image_id", KINDS["trust"], 0.95)
    assert scores["low"].min() >= -2
    assert scores["high"].max() <= 2
    assert len(individuals(trusting.iloc[:0], "image_id", KINDS["trust"], 0.95)) == 0


def test_confusion_counts_what_was_chosen_among_what_was_on_offer(seeing):
    table = confusion(seeing)
    assert table["responses"].sum() == len(seeing)
    assert table.groupby("shown")["share"].sum().to_numpy() == pytest.approx(1)
    right = table[table["shown"] == table["chosen"]]["responses"].sum()
    assert right == seeing["correct"].sum()
    offered = set(zip(seeing["category"], seeing["foil"], strict=True))
    assert {(r.shown, r.chosen) for r in table.itertuples() if r.shown != r.chosen} == offered


def test_times_are_quartiles_over_those_that_have_one(seeing):
    gone = seeing.assign(rt=seeing["rt"].where(np.arange(len(seeing)) % 10 > 0))
    table = response_times(gone, ["guided-backprop", "guided-grad-cam", "cam"]).set_index("method")
    assert table["missing"].sum() == gone["rt"].isna().sum()
    rt = gone.loc[gone["method"] == "guided-backprop", "rt"]
    assert table.loc["guided-backprop", "median"] == pytest.approx(rt.median())
    assert np.isnan(table.loc["cam", "median"])


def test_the_balance_of_a_simulated_study_is_what_its_assignment_promises(seeing):
    table = balance(seeing, {"share with the correct option first, by method": truth_first(seeing)}, 3).set_index(
        "what"
    )
    assert table.loc["ratings per item", ["least", "most", "planned"]].tolist() == [3, 3, 3]
    assert table.loc["a participant's most frequent method minus the rarest", "most"] <= 2
    side = [w for w in table.index if w.startswith("share with the correct")]
    assert 0 < table.loc[side[0], "least"] <= table.loc[side[0], "most"] < 1


def test_browser_events_are_counted_by_person(small):
    people = small.participants["participant_id"]
    events = pd.DataFrame(
        {"event_id": list("abc"), "participant_id": [people[0], people[0], people[1]], "event": ["blur"] * 3}
    )
    assert sittings(small.participants, events).to_dict("records") == [{"event": "blur", "people": 2, "times": 3}]


def test_attention_checks_are_counted_by_how_many_were_failed(small):
    assert attention(small.participants).empty
    taken = np.array([3, 3, 3, 0] * 3)
    people = small.participants.assign(attention_checks=taken, attention_checks_passed=[3, 3, 1, 0] * 3)
    assert attention(people).to_dict("records") == [{"failed": 0, "people": 6}, {"failed": 2, "people": 3}]
