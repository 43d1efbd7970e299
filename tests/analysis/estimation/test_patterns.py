"""Counts of kinds of response by cluster, and sandwiches made of them, against pandas."""

import numpy as np
import pandas as pd
import pytest

from analysis.estimation.estimates import Variance
from analysis.estimation.patterns import patterns, sandwich
from tests.analysis.estimation.fitted import between_people, frame, in_conditions


@pytest.fixture
def scores():
    return frame("ordinal.csv")


def test_patterns_count_each_kind_of_response_by_cluster(scores):
    levels = {"method": "cab", "score": [2, 1, 0, -1, -2]}
    data = patterns(scores, levels)
    assert data.labels == tuple((m, s) for m in "cab" for s in (2, 1, 0, -1, -2))
    counts = scores.groupby(["method", "score"]).size()
    assert data.counts.tolist() == [counts[label] for label in data.labels]
    pair = scores["participant_id"].astype(str) + "/" + scores["image_id"].astype(str)
    for products, by in ((data.by_participant, "participant_id"), (data.by_image, "image_id"), (data.by_pair, pair)):
        table = pd.crosstab(scores[by] if isinstance(by, str) else by, [scores["method"], scores["score"]])
        table = table.reindex(columns=pd.MultiIndex.from_tuples(data.labels), fill_value=0).to_numpy()
        np.testing.assert_array_equal(products, table.T @ table)
    assert (data.participants, data.images, data.pairs) == (24, 18, pair.nunique())


def test_patterns_of_no_rows_are_empty():
    none = pd.DataFrame({"participant_id": [], "image_id": [], "method": []})
    data = patterns(none, {"method": "ab"})
    assert (data.participants, data.images, data.pairs, data.counts.tolist()) == (0, 0, 0, [0, 0])
    assert repr(sandwich(data, np.ones(2))) == repr(Variance(None, "none", 0, 0, 0, 0))


def test_a_mean_s_sandwich_is_that_of_its_residuals(scores):
    """The mean score has the influence (score − mean)/n; each clustering G/(G − 1)·Σ (sums in its clusters)²."""
    data = patterns(scores, {"score": [-2, -1, 0, 1, 2]})
    mean = scores["score"].mean()
    got = sandwich(data, (np.arange(-2, 3) - mean) / 600)
    residuals = (scores["score"] - mean) / 600
    pair = scores["participant_id"] * 1000 + scores["image_id"]
    three = []
    for codes in (scores["participant_id"], scores["image_id"], pair):
        sums = residuals.groupby(codes).sum()
        three.append((sums**2).sum() * len(sums) / (len(sums) - 1))
    assert (got.by_participant, got.by_image, got.by_pair) == pytest.approx(tuple(three))
    assert (got.df, got.responses, got.participants, got.images) == (17, 600, 24, 18)


@pytest.mark.parametrize("single", ["participant_id", "image_id"])
def test_one_participant_or_one_image_has_no_sandwich(scores, single):
    data = patterns(scores.assign(**{single: 1}), {"score": [-2, -1, 0, 1, 2]})
    sizes = (1, 18) if single == "participant_id" else (24, 1)
    assert repr(sandwich(data, np.ones(5))) == repr(Variance(None, "none", 0, 600, *sizes))


def test_two_participants_and_two_images_have_one():
    four = pd.DataFrame({"participant_id": [1, 1, 2, 2], "image_id": [1, 2, 1, 2], "score": [0, 1, 1, 2]})
    got = sandwich(patterns(four, {"score": [0, 1, 2]}), np.array([-1.0, 0, 1]))
    assert (got.df, got.rule) == (1, "two-way")
    assert got.value == pytest.approx((1 + 1) * 2 + (1 + 1) * 2 - 2 * 4 / 3), "sums −1 and 1 in both, −1 0 0 1 in pairs"


def test_patterns_count_within_each_condition(scores):
    trials = in_conditions(scores)
    data = patterns(trials, {"method": "abc", "score": [-2, -1, 0, 1, 2]})
    assert len(data.by_condition) == 3
    assert len(patterns(trials[trials["condition"] != "a"], {"method": "abc"}).by_condition) == 2, "none told is one"
    assert patterns(trials, {"method": "abcd"}).by_condition[0][0].shape == (4, 4), "of which nobody gave the last"
    columns = pd.MultiIndex.from_tuples(data.labels)
    whole = np.zeros((15, 15))
    for (products, people), here in zip(data.by_condition, ("b", "none", "a"), strict=True):
        rows = trials[trials["condition"].fillna("none") == here]
        table = pd.crosstab(rows["participant_id"], [rows["method"], rows["score"]]).reindex(
            columns=columns, fill_value=0
        )
        np.testing.assert_array_equal(products, table.to_numpy().T @ table.to_numpy())
        assert people.tolist() == table.sum(axis=1).tolist()
        whole += products
    np.testing.assert_array_equal(whole, data.by_participant)
    for alike in (trials.assign(condition="b"), trials.assign(condition=None), trials.drop(columns="condition")):
        assert patterns(alike, {"method": "abc"}).by_condition == ()


@pytest.mark.parametrize("images", [18, 3], ids=["people tell the degrees of freedom", "images do"])
def test_people_in_conditions_are_alike_within_them_only(scores, images):
    """The mean score has the influence (score − mean)/n."""
    trials = in_conditions(scores)
    trials = trials[trials["image_id"] < images]
    mean, n = trials["score"].mean(), len(trials)
    got = sandwich(patterns(trials, {"score": [-2, -1, 0, 1, 2]}), (np.arange(-2, 3) - mean) / n)
    oracle = between_people(trials, (trials["score"] - mean) / n)
    assert (got.by_participant, got.by_image, got.by_pair) == pytest.approx(oracle.variances)
    assert got.df == pytest.approx(min(oracle.people_df, images - 1))
    assert (oracle.people_df < images - 1) == (images == 18)
    assert got.is_unequal == (images == 18), "of three images alike the people's numbers do not matter"
    assert (got.responses, got.participants, got.images) == (n, trials["participant_id"].nunique(), images)


def test_a_condition_of_one_person_has_no_sandwich_and_one_of_two_has(scores):
    for people, rule in ((1, "none"), (2, "two-way")):
        alone = scores.assign(condition=np.where(scores["participant_id"] < people, "a", "b"))
        got = sandwich(patterns(alone, {"score": [-2, -1, 0, 1, 2]}), np.arange(-2, 3) / 600)
        assert got.rule == rule
        assert people == 2 or repr(got) == repr(Variance(None, "none", 0, 600, 24, 18))
