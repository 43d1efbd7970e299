"""Means of people in conditions, against pandas: their variance is summed over conditions."""

import numpy as np
import pandas as pd
import pytest

from analysis.estimation.cells import cells_by
from analysis.estimation.estimates import NO_NOTE, Variance, combination, layout, variance
from tests.analysis.estimation.fitted import between_people, frame, in_conditions


@pytest.fixture
def trials():
    return in_conditions(frame("ordinal.csv"))


def of_method(trials, method):
    """What the cell of one method gives, and its rows; the other methods' cells stay beside it."""
    cells = cells_by(trials, trials["score"].to_numpy(), {"method": "abc"})
    weights = np.eye(3)["abc".index(method)]
    return cells, weights, trials[trials["method"] == method]


def test_a_mean_s_variance_between_people_is_summed_over_conditions(trials):
    for method in "abc":
        cells, weights, rows = of_method(trials, method)
        got, mean = variance(cells, weights), rows["score"].mean()
        oracle = between_people(rows, (rows["score"] - mean) / len(rows))
        assert (got.by_participant, got.by_image, got.by_pair) == pytest.approx(oracle.variances)
        assert got.participant_df == pytest.approx(oracle.people_df)
        assert got.df == pytest.approx(min(oracle.people_df, rows["image_id"].nunique() - 1))
        counts = len(rows), rows["participant_id"].nunique(), rows["image_id"].nunique()
        assert (got.responses, got.participants, got.images) == counts


def test_answers_spread_equally_over_people_in_conditions_are_not_called_unequal():
    """Each of 10 people answered each of 20 images once: two conditions leave fewer degrees of freedom, rightly."""
    people, images = np.repeat(np.arange(10), 20), np.tile(np.arange(20), 10)
    score = np.random.default_rng(0).normal(size=200) + people % 3
    equal = pd.DataFrame({"participant_id": people, "image_id": images, "condition": people % 2, "method": "a"})
    cells = cells_by(equal, score, {"method": "a"})
    found = combination(cells, np.ones(1), 0.95)
    assert found.df < 9
    assert (variance(cells, np.ones(1)).is_unequal, found.note) == (False, NO_NOTE)
    early = (people < 8) & (images > 0)
    few = cells_by(equal[~early], score[~early], {"method": "a"})
    assert variance(few, np.ones(1)).is_unequal
    assert str(combination(few, np.ones(1), 0.95).note).startswith("Responses are spread very unequally")


def test_conditions_count_only_where_the_cells_involved_have_their_people(trials):
    """Nobody of two conditions answered by method b: then one condition is left, and it is like a study without any."""
    trials = trials[(trials["method"] != "b") | (trials["condition"] == "b")]
    cells, weights, _ = of_method(trials, "b")
    assert variance(cells, weights) == variance(*of_method(trials.drop(columns="condition"), "b")[:2])
    assert variance(cells, weights).participant_df is None
    assert len(cells.by_condition) == 3
    assert [len(sizes.each) for sizes in (c.sizes(np.array([1])) for c in cells.by_condition)] == [9, 0, 0]


@pytest.mark.parametrize(("people", "rule"), [(1, "none"), (2, "two-way")])
def test_a_condition_of_one_person_has_no_interval_and_one_of_two_has(people, rule):
    scores = frame("ordinal.csv")
    alone = scores.assign(condition=np.where(scores["participant_id"] < people, "a", "b"), all="all")
    got = variance(cells_by(alone, alone["score"].to_numpy(), {"all": ("all",)}), np.ones(1))
    assert got.rule == rule
    assert people == 2 or repr(got) == repr(Variance(None, "none", 0, 600, 24, 18))


@pytest.mark.parametrize(("condition", "number"), [(None, 0), ([0, 0, 0, 0], 0), ([0, 1, 1, 0], 2), ([2, 1, 1, 0], 3)])
def test_people_are_set_apart_where_there_are_several_conditions(condition, number):
    codes = np.arange(4)
    told = None if condition is None else np.array(condition)
    apart = layout(np.zeros(4, int), codes, codes, ["all"], told).by_condition
    assert len(apart) == number
    assert [rows.tolist() for rows, _ in apart] == [np.flatnonzero(told == k).tolist() for k in range(number)]


def test_a_frame_without_rows_may_have_a_column_of_conditions(trials):
    assert cells_by(trials[:0], np.zeros(0), {"method": "abc"}).by_condition == ()
