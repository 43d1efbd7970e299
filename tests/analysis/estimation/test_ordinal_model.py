"""Proportional odds in every field: slopes by numerical differences, closed forms where there are any."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from analysis.estimation import ordinal
from analysis.estimation.estimates import no_estimate, with_interval
from analysis.estimation.patterns import patterns, sandwich
from analysis.notes import Note, no_responses
from tests.analysis.estimation.fitted import frame, slope_of


@pytest.fixture
def scores():
    return frame("ordinal.csv")


def test_an_odds_ratio_has_the_t_interval_of_its_sandwich(scores):
    got = ordinal.odds_ratio(scores, "abc", "c", "b", 0.9)
    counts = pd.crosstab(scores["method"], scores["score"]).to_numpy()
    model = ordinal.fit(counts)
    data = patterns(scores, {"method": "abc", "score": [-2, -1, 0, 1, 2]})
    weights = np.array([0, 0, 0, 0, -1.0, 1.0])
    expected = with_interval(
        model.effects[2] - model.effects[1], sandwich(data, model.gradients @ model.covariance @ weights), 0.9
    )
    assert got == expected
    assert (got.df, got.responses, got.participants, got.images) == (17, 600, 24, 18)
    assert got.p == pytest.approx(2 * stats.t.sf(abs(got.value / got.se), 17))


def implied_difference(parameters, a, b):
    """Mean score of method `a` minus that of `b`: P(score ≤ j) = logistic(θ_j − effect), effects 0, p₄, p₅."""
    effects = np.concatenate([[0.0], parameters[4:]])

    def mean(method):
        at_most = np.concatenate([[0.0], special.expit(parameters[:4] - effects[method]), [1.0]])
        return np.diff(at_most) @ np.arange(-2, 3)

    return mean(a) - mean(b)


@pytest.mark.parametrize(("a", "b"), [("c", "a"), ("b", "c")])
def test_the_implied_difference_of_mean_scores_has_the_delta_method_s_error(scores, a, b):
    model = ordinal.fit(pd.crosstab(scores["method"], scores["score"]).to_numpy())
    parameters = np.concatenate([model.thresholds, model.effects[1:]])
    places = "abc".index(a), "abc".index(b)
    slope = slope_of(lambda p: implied_difference(p, *places), parameters)
    data = patterns(scores, {"method": "abc", "score": [-2, -1, 0, 1, 2]})
    spread = sandwich(data, model.gradients @ model.covariance @ slope)
    got = ordinal.implied_score_difference(scores, "abc", a, b, 0.9)
    expected = with_interval(implied_difference(parameters, *places), spread, 0.9)
    assert got.value == pytest.approx(expected.value)
    assert (got.low, got.high, got.se, got.p) == pytest.approx(
        (expected.low, expected.high, expected.se, expected.p), rel=1e-6
    )


def test_the_log_likelihood_is_that_of_the_multinomial_and_its_slope_is_nought(scores):
    counts = pd.crosstab(scores["method"], scores["score"]).to_numpy()
    model = ordinal.fit(counts)

    def loglikelihood(parameters):
        effects = np.concatenate([[0.0], parameters[4:]])
        below = [np.concatenate([[0.0], special.expit(parameters[:4] - e), [1.0]]) for e in effects]
        return sum(row @ np.log(np.diff(at_most)) for row, at_most in zip(counts, below, strict=True))

    best = np.concatenate([model.thresholds, model.effects[1:]])
    assert model.loglikelihood == pytest.approx(loglikelihood(best))
    assert counts.ravel() @ model.gradients == pytest.approx(np.zeros(6), abs=1e-8)
    hessian = np.array([slope_of(lambda p, k=k: slope_of(loglikelihood, p)[k], best) for k in range(6)])
    assert model.information == pytest.approx(-hessian, rel=1e-3, abs=0.05)
    assert (model.effects[0], model.thresholds.shape, model.effects.shape) == (0.0, (4,), (3,))
    assert (np.diff(model.thresholds) > 0).all()


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"score": 1}, Note("The responses do not vary.")),
        ({"method": "a"}, no_responses(("c", "b"))),
    ],
)
def test_scores_that_carry_no_model_say_why(scores, change, note):
    for compare in (ordinal.odds_ratio, ordinal.implied_score_difference):
        assert compare(scores.assign(**change), "abc", "c", "b", 0.95) == no_estimate(note)


def test_methods_at_opposite_ends_of_the_scale_have_no_finite_estimate(scores):
    apart = scores[scores["method"] != "b"]
    apart = apart.assign(score=np.where(apart["method"] == "a", -(apart["image_id"] % 2), 1 + apart["image_id"] % 2))
    note = Note("No finite estimate: one method has answers at one end of the scale only.")
    for compare in (ordinal.odds_ratio, ordinal.implied_score_difference):
        assert compare(apart, "abc", "a", "c", 0.95) == no_estimate(note)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([[1, 0], [2, 0]], "^A score or a method without responses has no place in the model.$"),
        ([[1, 2], [0, 0]], "^A score or a method without responses has no place in the model.$"),
        ([[3], [4]], "^The responses do not vary.$"),
    ],
)
def test_counts_that_leave_a_parameter_free_are_refused(counts, message):
    with pytest.raises(ordinal.OrdinalError, match=message):
        ordinal.fit(np.array(counts))


def test_one_method_has_the_pooled_thresholds_and_no_effect():
    """Closed form: logit of the cumulative shares."""
    model = ordinal.fit(np.array([[10, 30, 20]]))
    assert model.thresholds == pytest.approx([np.log(10 / 50), np.log(40 / 20)])
    assert model.effects.tolist() == [0.0]


@pytest.mark.parametrize(
    "counts",
    [
        [[40, 10], [15, 35]],
        [[2, 1], [108, 3]],  # whole steps of Newton's method go too far here
        [[638, 1], [34, 53], [2, 3]],  # and here across the end of the scale
    ],
)
def test_two_scores_have_the_log_odds_of_the_table(counts):
    """Closed form: each method's log odds of the higher score, less those of the first."""
    odds = np.log(np.array(counts)[:, 1] / np.array(counts)[:, 0])
    model = ordinal.fit(np.array(counts))
    assert model.effects == pytest.approx(odds - odds[0], abs=1e-8)
    assert model.thresholds == pytest.approx([-odds[0]], abs=1e-8)


@pytest.mark.parametrize(
    "counts",
    [
        [[0, 69, 1], [23, 1, 221], [4, 1, 1605]],
        [[0, 5, 1], [130, 0, 1]],
        [[0, 1, 287, 0, 0], [1, 1, 0, 13, 6], [53, 12, 4, 0, 4]],
    ],
)
def test_where_whole_steps_go_too_far_the_fit_still_ends_at_the_top(counts):
    """The likelihood is concave in these parameters, so a slope of nought is its maximum."""
    model = ordinal.fit(np.array(counts))
    slope = np.array(counts).ravel() @ model.gradients
    assert slope == pytest.approx(np.zeros(len(slope)), abs=1e-6)
    assert np.linalg.eigvalsh(model.information).min() > 0


def test_effects_beyond_twelve_logits_are_no_estimates_but_a_rare_score_is_one():
    """Closed form: the logarithm of the odds ratio, 12.8 and then 11.98."""
    with pytest.raises(ordinal.OrdinalError, match=r"^No finite estimate"):
        ordinal.fit(np.array([[600, 1], [1, 600]]))
    assert ordinal.fit(np.array([[400, 1], [1, 400]])).effects == pytest.approx([0, 2 * np.log(400)], abs=1e-8)
    rare = ordinal.fit(np.array([[1, 10_000_000, 1]]))
    assert rare.thresholds == pytest.approx([-np.log(10_000_001), np.log(10_000_001)], rel=1e-6)
