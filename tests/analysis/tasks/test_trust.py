"""Trust scores: means, differences and shares, against plain counting."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from analysis.tasks.trust.estimates import answer_shares, mean_score, mean_score_table, score_difference
from contracts.tasks import SCORES

METHODS = ("guided-backprop", "guided-grad-cam")


@pytest.fixture
def trials(small):
    return small.trials[small.trials["task"] == "trusting"]


def test_the_mean_score_is_the_mean_of_the_scores(trials):
    expected = trials.groupby("method")["score"].mean()
    table = mean_score_table(trials, {"method": METHODS}, 0.95).set_index("method")
    assert table["value"].to_dict() == pytest.approx(expected.to_dict())
    difference = score_difference(trials, METHODS, *METHODS, 0.95)
    assert difference.value == pytest.approx(expected[METHODS[0]] - expected[METHODS[1]])


def test_an_interval_never_leaves_the_scale(trials):
    one = trials.assign(score=np.where(np.arange(len(trials)) == 0, 0.0, 2.0))
    table = mean_score_table(one, {"method": METHODS}, 0.999)
    assert table["high"].max() <= 2
    assert mean_score_table(trials.assign(score=-one["score"]), {"method": METHODS}, 0.999)["low"].min() >= -2


def test_the_shares_of_the_five_answers_are_those_counted_and_sum_to_one(trials):
    table = answer_shares(trials, METHODS, 0.95)
    counted = trials.groupby("method")["score"].value_counts(normalize=True)
    for row in table.itertuples():
        assert row.value == pytest.approx(counted.get((row.method, row.score), 0.0))
    assert table.groupby("method")["value"].sum().to_numpy() == pytest.approx(1)
    assert table["score"].tolist() == list(SCORES) * 2


def test_the_same_answer_throughout_has_a_mean_and_the_exact_interval(trials):
    """Of 6 images of 6: Clopper and Pearson's interval of a share, stretched to the scale."""
    table = mean_score_table(trials.assign(score=2.0), {"method": METHODS}, 0.95)
    low, _ = proportion_confint(6, 6, method="beta")
    assert table["value"].tolist() == [2.0, 2.0]
    assert table["low"].to_numpy() == pytest.approx(4 * low - 2)
    assert (table["high"] == 2).all()
    assert table["note"].map(str).str.contains("exact binomial").all()


def test_an_export_s_mean_score_is_that_of_the_primary_analysis(small, trials):
    assert mean_score(small).equals(mean_score_table(trials, {"method": METHODS}, 0.95))
