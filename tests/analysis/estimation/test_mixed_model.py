"""The maximal logit model in every field: dense matrices, scipy's minimiser and quadrature, numerical differences."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, special, stats

from analysis.estimation import mixed
from analysis.estimation.estimates import no_estimate
from analysis.estimation.limits import TOO_MANY
from analysis.notes import NO_NOTE, Note, no_responses
from tests.analysis.estimation.fitted import frame, slope_of


@pytest.fixture
def answers():
    return frame("binary.csv")


def arrays(answers):
    method = pd.factorize(answers["method"], sort=True)[0]
    return answers["correct"].to_numpy(float), method, *(answers[c].to_numpy() for c in ("participant_id", "image_id"))


@pytest.mark.parametrize(("a", "b"), [("c", "a"), ("a", "b")])
def test_a_marginal_difference_averages_over_new_people_and_images(answers, a, b):
    """Oracle: adaptive quadrature, the slope by differences, the model's own covariance."""
    model = mixed.fit(*arrays(answers))
    sd = np.sqrt(np.sum(model.sds**2))

    def share(effect):
        return integrate.quad(lambda z: special.expit(effect + sd * z) * stats.norm.pdf(z), -9, 9, epsabs=1e-12)[0]

    def gap(effects):
        return share(effects["abc".index(a)]) - share(effects["abc".index(b)])

    slope = slope_of(gap, model.effects)
    se = np.sqrt(slope @ model.covariance @ slope)
    got = mixed.marginal_difference(answers, "abc", a, b, 0.9)
    reach = stats.t.ppf(0.95, 17) * se
    assert got.value == pytest.approx(gap(model.effects), abs=1e-8)
    assert (got.se, got.low, got.high) == pytest.approx((se, got.value - reach, got.value + reach), rel=1e-5)
    assert (got.df, got.responses, got.participants, got.images) == (17, 600, 24, 18)
    assert (got.rule, got.note) == ("random effects", NO_NOTE)


def test_with_a_covariate_shares_are_averaged_over_all_answers(answers):
    """Oracle: adaptive quadrature for each answer's covariate, the slope by differences, the model's covariance."""
    x = np.repeat([-1.0, 0.5, 2.0], len(answers) // 3)[:, None]
    y, method, participant, image = arrays(answers)
    model = mixed.fit(y, method, participant, image, x)
    sd = np.sqrt(np.sum(model.sds**2))

    def share(at):
        return integrate.quad(lambda z: special.expit(at + sd * z) * stats.norm.pdf(z), -9, 9, epsabs=1e-12)[0]

    def gap(effects):
        return sum(share(effects[2] + effects[3] * v) - share(effects[0] + effects[3] * v) for v in (-1, 0.5, 2)) / 3

    slope = slope_of(gap, model.effects)
    got = mixed.marginal_contrast(answers, method, np.array([-1.0, 0.0, 1.0]), 0.9, x)
    assert got.value == pytest.approx(gap(model.effects), abs=1e-8)
    assert got.se == pytest.approx(np.sqrt(slope @ model.covariance @ slope), rel=1e-5)


def test_a_contrast_is_of_the_model_in_which_methods_share_effects():
    """Oracle: adaptive quadrature of that model, which tests/analysis/estimation/test_mixed.py compares with lme4's."""
    answers = frame("by_method.csv")
    model = mixed.fit(*arrays(answers), groups=(0, 0, 1))
    assert len(model.sds) == 5
    sd = np.sqrt(np.sum(model.sds**2))
    share = [
        integrate.quad(lambda z, at=at: special.expit(at + sd * z) * stats.norm.pdf(z), -9, 9, epsabs=1e-12)[0]
        for at in model.effects
    ]
    level, weights = arrays(answers)[1], np.array([1.0, 0.0, -1.0])
    got = mixed.marginal_contrast(answers, level, weights, 0.9, groups=(0, 0, 1))
    assert got.value == pytest.approx(share[0] - share[2], abs=1e-8)
    assert abs(got.value - mixed.marginal_contrast(answers, level, weights, 0.9).value) > 1e-4


def test_answers_may_be_whole_numbers(answers):
    y, *codes = arrays(answers)
    assert mixed.fit(y.astype(int), *codes) is mixed.fit(y, *codes), "the one fit serves both"


def test_too_many_answers_are_left_out_and_said(answers, monkeypatch):
    monkeypatch.setattr("analysis.estimation.limits.MOST_RESPONSES", 599)
    assert mixed.marginal_difference(answers, "abc", "a", "b", 0.95) == no_estimate(TOO_MANY)
    assert mixed.spreads(answers, "abc")["note"].tolist() == [TOO_MANY] * 4


def test_a_marginal_difference_names_the_methods_without_answers(answers):
    only = answers[answers["method"] == "a"]
    assert mixed.marginal_difference(only, "abc", "c", "b", 0.95) == no_estimate(no_responses(("c", "b")))
    assert mixed.marginal_difference(only, "abc", "a", "b", 0.95) == no_estimate(no_responses("b"))


def test_a_marginal_difference_needs_two_people_and_two_images_and_a_finite_fit(answers):
    note = Note("Random effects need two participants and two images.")
    for single in ("participant_id", "image_id"):
        assert mixed.marginal_difference(answers.assign(**{single: 1}), "abc", "c", "b", 0.95) == no_estimate(note)
    assert mixed.marginal_contrast(answers[:0], np.zeros(0, int), np.array([1.0, -1.0]), 0.95) == no_estimate(note)
    note = Note("No finite estimate: in one condition all answers are right, or all wrong.")
    for method, answer in (("a", 1), ("c", 0)):
        all_same = answers.assign(correct=answers["correct"].where(answers["method"] != method, answer))
        assert mixed.marginal_difference(all_same, "abc", "a", "c", 0.95) == no_estimate(note)
    two = answers[answers["participant_id"] < 2]
    got = mixed.marginal_difference(two, "abc", "a", "b", 0.95)
    assert (got.df, got.participants) == (1, 2)
    assert got.value == pytest.approx(mixed.marginal_difference(two, "cba", "a", "b", 0.95).value, abs=1e-4)


def test_one_fit_serves_all_comparisons(answers, monkeypatch):
    mixed.marginal_difference(answers, "abc", "a", "b", 0.95)
    monkeypatch.setattr(mixed.optimize, "minimize", None)
    assert mixed.marginal_difference(answers, "abc", "c", "a", 0.95).value is not None


def test_exactly_as_many_effects_as_it_can_hold_are_fitted(answers, monkeypatch):
    """(24 + 18) × 3 methods."""
    monkeypatch.setattr(mixed, "MOST_EFFECTS", 126)
    mixed._fit.cache_clear()
    assert mixed.fit(*arrays(answers)).effects.shape == (3,)
    monkeypatch.setattr(mixed, "MOST_EFFECTS", 125)
    mixed._fit.cache_clear()
    with pytest.raises(
        mixed.MixedError, match=r"^126 effects of participants and images by method; .* fitted to 125.$"
    ):
        mixed.fit(*arrays(answers))


def test_people_and_images_that_never_met_are_no_obstacle(answers):
    """The last of each, too."""
    last = (answers["participant_id"] == 23) & (answers["image_id"] > 12)
    model = mixed.fit(*arrays(answers[~last]))
    assert model.effects == pytest.approx(mixed.fit(*arrays(answers)).effects, abs=0.1)


def dense_laplace(answers, parameters):
    """(deviance, covariance of the effects) by scipy's minimiser and dense matrices: the definition of Laplace's
    approximation with four separate effects, as lme4 has them."""
    y, method, participant, image = arrays(answers)
    codes = participant, participant * 3 + method, image, image * 3 + method
    z = np.column_stack([np.eye(code.max() + 1)[code] for code in codes])
    x = np.eye(3)[method]
    scales = np.repeat(parameters[3:], [code.max() + 1 for code in codes])

    def penalised(u):
        eta = x @ parameters[:3] + z @ (scales * u)
        return 2 * np.sum(np.logaddexp(0, eta) - y * eta) + u @ u

    def slope(u):
        eta = x @ parameters[:3] + z @ (scales * u)
        return 2 * scales * (z.T @ (special.expit(eta) - y)) + 2 * u

    found = optimize.minimize(penalised, np.zeros(len(scales)), jac=slope, method="L-BFGS-B", tol=1e-14)
    share = special.expit(x @ parameters[:3] + z @ (scales * found.x))
    weighted = (share * (1 - share))[:, None]
    scaled = z * scales
    hessian = np.eye(len(scales)) + scaled.T @ (weighted * scaled)
    crossed = scaled.T @ (weighted * x)
    covariance = np.linalg.inv(x.T @ (weighted * x) - crossed.T @ np.linalg.solve(hessian, crossed))
    return found.fun + np.linalg.slogdet(hessian)[1], covariance


@pytest.mark.parametrize("parameters", [[0.1, 0.2, 0.3, 0.6, 0.4, 0.5, 0.3], [-0.5, 1.0, 0.2, 2.5, 0.0, 1.5, 0.7]])
def test_the_deviance_and_the_covariance_are_those_of_the_definition(answers, parameters):
    y, method, *sides = arrays(answers)
    laplace = mixed._Laplace(y, method, tuple(sides), np.zeros((len(answers), 0)), (mixed._parts(3), mixed._parts(3)))
    at = np.array(parameters)
    deviance, covariance = dense_laplace(answers, at)
    assert laplace(at)[0] == pytest.approx(deviance, abs=1e-3)
    assert laplace.covariance(at) == pytest.approx(covariance, abs=1e-4)
