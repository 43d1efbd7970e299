"""The crossed logit model in every field: dense matrices, scipy's minimiser and quadrature, numerical differences."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, special, stats

from analysis.estimation import mixed
from analysis.estimation.estimates import no_estimate
from analysis.notes import NO_NOTE, Note, no_responses
from tests.analysis.estimation.fitted import frame, slope_of


@pytest.fixture
def answers():
    return frame("binary.csv")


@pytest.mark.parametrize(("a", "b"), [("c", "a"), ("a", "b")])
def test_a_marginal_difference_averages_over_new_people_and_images(answers, a, b):
    """Oracle: adaptive quadrature, the slope by differences, the model's own covariance."""
    x = (answers["method"].to_numpy()[:, None] == np.array(list("abc"))).astype(float)
    codes = (answers[c].to_numpy() for c in ("participant_id", "image_id"))
    model = mixed.fit(answers["correct"].to_numpy(float), x, *codes)

    def share(effect, sd):
        return integrate.quad(lambda z: special.expit(effect + sd * z) * stats.norm.pdf(z), -9, 9, epsabs=1e-12)[0]

    def gap(p):
        sd = np.hypot(p[3], p[4])
        return share(p["abc".index(a)], sd) - share(p["abc".index(b)], sd)

    at = np.array([*model.effects, model.participant_sd, model.image_sd])
    slope = slope_of(gap, at)
    se = np.sqrt(slope @ model.covariance @ slope)
    got = mixed.marginal_difference(answers, "abc", a, b, 0.9)
    reach = stats.t.ppf(0.95, 17) * se
    assert got.value == pytest.approx(gap(at), abs=1e-8)
    assert (got.se, got.low, got.high) == pytest.approx((se, gap(at) - reach, gap(at) + reach), rel=1e-5)
    assert (got.df, got.responses, got.participants, got.images) == (17, 600, 24, 18)
    assert (got.rule, got.note) == ("random effects", NO_NOTE)


def test_a_marginal_difference_names_the_methods_without_answers(answers):
    only = answers[answers["method"] == "a"]
    assert mixed.marginal_difference(only, "abc", "c", "b", 0.95) == no_estimate(no_responses(("c", "b")))
    assert mixed.marginal_difference(only, "abc", "a", "b", 0.95) == no_estimate(no_responses("b"))


def test_a_marginal_difference_needs_two_people_and_two_images_and_a_finite_fit(answers):
    note = Note("Random effects need two participants and two images.")
    for single in ("participant_id", "image_id"):
        assert mixed.marginal_difference(answers.assign(**{single: 1}), "abc", "c", "b", 0.95) == no_estimate(note)
    note = Note("No finite estimate: in one condition all answers are right, or all wrong.")
    for method, answer in (("a", 1), ("c", 0)):
        all_same = answers.assign(correct=answers["correct"].where(answers["method"] != method, answer))
        assert mixed.marginal_difference(all_same, "abc", "a", "c", 0.95) == no_estimate(note)
    two = answers[answers["participant_id"] < 2]
    got = mixed.marginal_difference(two, "abc", "a", "b", 0.95)
    assert (got.df, got.participants) == (1, 2)
    assert got.value == pytest.approx(mixed.marginal_difference(two, "cba", "a", "b", 0.95).value, abs=1e-4)


def test_more_people_and_images_than_the_fit_can_hold_are_refused():
    y, ones = np.tile([0.0, 1.0], 1000), np.ones((2000, 1))
    with pytest.raises(
        mixed.MixedError, match=r"^2001 participants and images; the random-effects model is fitted to 2000.$"
    ):
        mixed.fit(y, ones, np.minimum(np.arange(2000), 1998), np.arange(2000) % 2)


def arrays(answers):
    x = (answers["method"].to_numpy()[:, None] == np.array(list("abc"))).astype(float)
    return answers["correct"].to_numpy(float), x, *(answers[c].to_numpy() for c in ("participant_id", "image_id"))


def test_exactly_as_many_people_and_images_as_it_can_hold_are_fitted(answers, monkeypatch):
    monkeypatch.setattr(mixed, "MOST_EFFECTS", 42)
    assert mixed.fit(*arrays(answers)).effects.shape == (3,)
    monkeypatch.setattr(mixed, "MOST_EFFECTS", 41)
    with pytest.raises(mixed.MixedError):
        mixed.fit(*arrays(answers))


def test_people_and_images_that_never_met_are_no_obstacle(answers):
    """The last of each, too."""
    last = (answers["participant_id"] == 23) & (answers["image_id"] > 12)
    model = mixed.fit(*arrays(answers[~last]))
    assert model.effects == pytest.approx(mixed.fit(*arrays(answers)).effects, abs=0.1)


@pytest.mark.parametrize("hessian", [np.zeros((5, 5)), np.diag([1.0, 1, 1, 1, -1])])
def test_a_flat_likelihood_is_said_to_be_flat(answers, monkeypatch, hessian):
    monkeypatch.setattr(mixed, "_hessian", lambda *_: hessian)
    with pytest.raises(mixed.MixedError) as refusal:
        mixed.fit(*arrays(answers))
    assert str(refusal.value) == "The likelihood is flat: these data cannot tell the effects apart."


@pytest.mark.parametrize("seed", [0, 1])
def test_the_curvature_is_solved_and_inverted_like_the_whole_matrix(seed):
    """Oracle: numpy's dense inverse and determinant."""
    rng = np.random.default_rng(seed)
    diagonal, between = rng.uniform(5, 6, 7), rng.uniform(0, 1, (4, 3))
    whole = np.diag(diagonal)
    whole[:4, 4:], whole[4:, :4] = between, between.T
    curvature = mixed._Curvature(diagonal, between)
    right = rng.normal(size=7)
    assert curvature.solve(right) == pytest.approx(np.linalg.solve(whole, right))
    own, across = curvature.inverse()
    inverse = np.linalg.inv(whole)
    assert own == pytest.approx(np.diag(inverse))
    assert across == pytest.approx(inverse[:4, 4:])
    assert curvature.log_determinant == pytest.approx(np.linalg.slogdet(whole)[1])


def dense_laplace(answers, parameters):
    """(deviance, modes) by scipy's minimiser and dense matrices: the definition of Laplace's approximation."""
    y = answers["correct"].to_numpy(float)
    x = (answers["method"].to_numpy()[:, None] == np.array(list("abc"))).astype(float)
    z = np.column_stack([pd.get_dummies(answers[c]).to_numpy(float) for c in ("participant_id", "image_id")])
    scales = np.repeat(parameters[-2:], [24, 18])

    def penalised(u):
        eta = x @ parameters[:-2] + z @ (scales * u)
        return 2 * np.sum(np.logaddexp(0, eta) - y * eta) + u @ u

    def slope(u):
        eta = x @ parameters[:-2] + z @ (scales * u)
        return 2 * scales * (z.T @ (special.expit(eta) - y)) + 2 * u

    found = optimize.minimize(penalised, np.zeros(42), jac=slope, method="BFGS", options={"gtol": 1e-9})
    share = special.expit(x @ parameters[:-2] + z @ (scales * found.x))
    hessian = np.eye(42) + (scales * z).T @ ((share * (1 - share))[:, None] * (scales * z))
    return found.fun + np.linalg.slogdet(hessian)[1], found.x


@pytest.mark.parametrize("parameters", [[0.1, 0.2, 0.3, 0.6, 0.4], [-0.5, 1.0, 0.2, 2.5, 1.5]])
def test_the_deviance_and_the_modes_are_those_of_the_definition(answers, parameters):
    x = (answers["method"].to_numpy()[:, None] == np.array(list("abc"))).astype(float)
    codes = (answers[c].to_numpy() for c in ("participant_id", "image_id"))
    laplace = mixed._Laplace(answers["correct"].to_numpy(float), x, *codes)
    at = np.array(parameters)
    deviance, modes = dense_laplace(answers, at)
    assert laplace(at)[0] == pytest.approx(deviance, abs=1e-6)
    assert laplace.modes == pytest.approx(modes, abs=1e-5)
    numeric = [(laplace(at + h)[0] - laplace(at - h)[0]) / 2e-5 for h in 1e-5 * np.eye(5)]
    assert laplace(at)[1] == pytest.approx(numeric, rel=1e-4, abs=1e-4)


def test_the_covariance_is_twice_the_inverse_of_the_deviance_s_hessian(answers):
    """Oracle: second differences of the deviance itself."""
    x = (answers["method"].to_numpy()[:, None] == np.array(list("abc"))).astype(float)
    arrays = answers["correct"].to_numpy(float), x, *(answers[c].to_numpy() for c in ("participant_id", "image_id"))
    model, laplace = mixed.fit(*arrays), mixed._Laplace(*arrays)
    at, step = np.array([*model.effects, model.participant_sd, model.image_sd]), 1e-3
    value = lambda shift: laplace(at + shift)[0]  # noqa: E731
    moves = step * np.eye(5)
    hessian = [[value(a + b) - value(a - b) - value(b - a) + value(-a - b) for a in moves] for b in moves]
    assert np.linalg.inv(np.array(hessian) / (4 * step**2)) * 2 == pytest.approx(model.covariance, rel=0.02, abs=1e-4)
    assert np.allclose(model.covariance, model.covariance.T)
    assert model.deviance == pytest.approx(laplace(at)[0], abs=1e-6)
