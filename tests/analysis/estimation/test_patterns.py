"""Counts of kinds of response by cluster, and sandwiches made of them, against pandas."""

import numpy as np
import pandas as pd
import pytest

from analysis.estimation.estimates import Variance
from analysis.estimation.patterns import patterns, sandwich
from tests.analysis.estimation.fitted import frame


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
