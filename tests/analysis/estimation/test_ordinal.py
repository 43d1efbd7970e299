"""The proportional-odds model, against R's ordinal::clm, statsmodels and the case of two answers."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.estimation.estimates import Variance
from analysis.estimation.ordinal import OrdinalError, fit, implied_score_difference, odds_ratio
from analysis.estimation.patterns import patterns, sandwich
from analysis.tasks.trust.estimates import score_difference
from tests.analysis.oracles.r import FOLDER, recorded


@pytest.fixture
def answers():
    """600 scores of 24 participants to 18 images by three methods."""
    frame = pd.read_csv(FOLDER / "ordinal.csv")
    return frame.rename(columns={"participant": "participant_id", "image": "image_id"})


def test_estimates_and_standard_errors_are_those_of_ordinal_clm(answers):
    expected = recorded("proportional_odds.R")
    model = fit(pd.crosstab(answers["method"], answers["score"]).to_numpy())
    cuts = ("-2|-1", "-1|0", "0|1", "1|2")
    names = (*cuts, "methodb", "methodc")
    estimates = np.concatenate([model.thresholds, model.effects[1:]])
    assert estimates == pytest.approx([expected[name] for name in names], abs=1e-6)
    errors = np.sqrt(np.diag(model.covariance))
    assert errors == pytest.approx([expected[f"se_{name}"] for name in names], rel=1e-5)
    assert model.loglikelihood == pytest.approx(expected["loglikelihood"], abs=1e-6)


def test_with_two_answers_it_is_the_logit_model_with_its_two_way_clustered_covariance(answers):
    """Oracle: statsmodels' Logit, clustered by participant and image at once."""
    two = answers.assign(score=(answers["score"] > 0).astype(float))
    got = odds_ratio(two, "abc", "c", "a", 0.95)
    x = (two["method"].to_numpy()[:, None] == np.array(list("abc"))).astype(float)
    groups = two[["participant_id", "image_id"]].to_numpy()
    model = sm.GLM(two["score"], x, family=sm.families.Binomial())
    covariance = model.fit(
        tol=1e-12, cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True}
    ).cov_params()
    w = np.array([-1, 0, 1.0])
    n, k = len(two), 3
    assert got.value == pytest.approx(w @ model.fit(tol=1e-12).params)
    # statsmodels multiplies by (n − 1)/(n − k) besides.
    assert got.se**2 == pytest.approx(w @ np.asarray(covariance) @ w * (n - k) / (n - 1), rel=1e-6)
    assert got.rule == "two-way"


def test_the_comparison_turns_its_sign_with_its_sides_and_does_not_depend_on_the_reference(answers):
    there, back = odds_ratio(answers, "abc", "a", "c", 0.95), odds_ratio(answers, "cba", "c", "a", 0.95)
    assert (there.value, there.low, there.se) == pytest.approx((-back.value, -back.high, back.se))


def test_the_implied_difference_of_mean_scores_is_near_the_plain_one(answers):
    implied = implied_score_difference(answers, "abc", "c", "a", 0.95)
    plain = score_difference(answers, "abc", "c", "a", 0.95)
    assert implied.value == pytest.approx(plain.value, abs=plain.se / 2)
    assert implied.se == pytest.approx(plain.se, rel=0.15)


def test_two_methods_that_share_no_answer_have_no_finite_odds_ratio(answers):
    apart = answers[answers["method"] != "b"]
    apart = apart.assign(score=np.where(apart["method"] == "a", 0 - (apart["image_id"] % 2), 1 + apart["image_id"] % 2))
    assert "No finite estimate" in str(odds_ratio(apart, "abc", "a", "c", 0.95).note)
    assert str(odds_ratio(apart, "abc", "a", "b", 0.95).note) == "No responses in b."
    assert str(odds_ratio(apart.assign(score=1), "abc", "a", "c", 0.95).note) == "The responses do not vary."
    with pytest.raises(OrdinalError, match="without responses"):
        fit(np.array([[1, 0], [2, 0]]))


def test_patterns_count_what_each_cluster_gave(answers):
    data = patterns(answers, {"method": "abc", "score": [-2, -1, 0, 1, 2]})
    table = answers.groupby(["participant_id", "method", "score"]).size().unstack([1, 2], fill_value=0)
    table = table.reindex(columns=pd.MultiIndex.from_tuples(data.labels), fill_value=0).to_numpy()
    np.testing.assert_array_equal(data.by_participant, table.T @ table)
    assert data.counts.sum() == 600
    only = sandwich(data, np.zeros(15))
    assert isinstance(only, Variance)
    assert (only.participants, only.images, only.value) == (24, 18, 0.0)
