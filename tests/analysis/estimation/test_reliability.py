"""Reliability of scores against closed forms, and against answers whose covariance is a known factor model's."""

import numpy as np
import pytest
from scipy import stats

from analysis.estimation import reliability
from analysis.estimation.reliability import ReliabilityError, cronbach_alpha, mcdonald_omega, spearman_brown


def answers_with(covariance):
    """Answers of 60 people with exactly this covariance."""
    drawn = np.random.default_rng(4).normal(size=(60, len(covariance)))
    whitened = np.linalg.solve(np.linalg.cholesky(np.cov(drawn, rowvar=False)), (drawn - drawn.mean(0)).T).T
    return whitened @ np.linalg.cholesky(covariance).T


def one_factor(loadings, spread):
    return np.outer(spread, spread) * (np.outer(loadings, loadings) + np.diag(1 - loadings**2))


def test_alpha_is_its_closed_form_and_omega_that_of_three_items() -> None:
    """Oracle: one factor of three items has its loadings in closed form, √(r₁₂ r₁₃ / r₂₃); α of equal items is ω."""
    rng = np.random.default_rng(4)
    factor = rng.normal(size=(400, 1))
    answers = factor * [1.0, 0.8, 0.6] + rng.normal(size=(400, 3))
    k, covariance = 3, np.cov(answers, rowvar=False)
    assert cronbach_alpha(answers) == pytest.approx(k / (k - 1) * (1 - np.trace(covariance) / covariance.sum()))
    c12, c13, c23 = covariance[0, 1], covariance[0, 2], covariance[1, 2]
    loadings = np.sqrt([c12 * c13 / c23, c12 * c23 / c13, c13 * c23 / c12])
    rest = np.trace(covariance) - (loadings**2).sum()
    assert mcdonald_omega(answers) == pytest.approx(loadings.sum() ** 2 / (loadings.sum() ** 2 + rest), abs=1e-6)
    parallel = answers_with(np.full((3, 3), 0.5) + np.eye(3) / 2)
    assert mcdonald_omega(parallel) == pytest.approx(cronbach_alpha(parallel), abs=1e-6)
    assert cronbach_alpha(parallel) == pytest.approx(3 * 0.5 / (1 + 2 * 0.5))


@pytest.mark.parametrize(
    ("coefficient", "answers", "words"),
    [
        (cronbach_alpha, [[1.0], [2.0], [3.0]], "Not defined for so few items."),
        (mcdonald_omega, [[1.0, 2.0], [2.0, 1.0], [3.0, 3.0]], "Not defined for so few items."),
        (cronbach_alpha, [[1.0, 2.0], [2.0, 1.0]], "Fewer than 3 people answered every item."),
        (
            cronbach_alpha,
            [[1.0, 2.0], [1.0, 1.0], [1.0, 3.0]],
            "Not defined: everybody gave the same answer to an item.",
        ),
        (
            spearman_brown,
            [[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]],
            "Not defined: the two items are opposites of each other.",
        ),
        (
            mcdonald_omega,
            [[1.0, 5.0, 1.0], [2.0, 4.0, 3.0], [3.0, 2.0, 2.0], [5.0, 1.0, 4.0]],
            "ω is not defined: the items do not fit one factor.",
        ),
    ],
)
def test_a_coefficient_that_is_not_defined_says_why(coefficient, answers, words) -> None:
    with pytest.raises(ReliabilityError) as found:
        coefficient(np.array(answers))
    assert str(found.value.note) == words


@pytest.mark.parametrize(
    "loadings", [[0.9, 0.3, 0.7, 0.5, 0.2], [0.4, 0.4, 0.4, 0.95], [1.0, 0.8, 0.6], [-0.9, -0.3, -0.7]]
)
def test_omega_of_one_factor_is_that_of_its_loadings(loadings):
    """(Σλ)²/((Σλ)² + Σθ) of the answers, whose items have different spreads; the factor may point either way."""
    loadings = np.array(loadings)
    spread = np.arange(1.0, 1 + len(loadings))
    common = (loadings * spread).sum() ** 2
    omega = common / (common + ((1 - loadings**2) * spread**2).sum())
    assert mcdonald_omega(answers_with(one_factor(loadings, spread))) == pytest.approx(omega, rel=1e-9)


@pytest.mark.parametrize(
    "correlations",
    [
        [[1, 0.9, 0.9], [0.9, 1, 0.64], [0.9, 0.64, 1]],  # the first would have a loading of √(0.81/0.64)
        [[1, -0.4, 0.5], [-0.4, 1, -0.5], [0.5, -0.5, 1]],  # the second item is not turned
    ],
)
def test_items_of_no_single_factor_have_no_omega(correlations):
    with pytest.raises(ReliabilityError, match=r"do not fit one factor"):
        mcdonald_omega(answers_with(np.array(correlations)))


def test_two_items_have_spearman_s_and_brown_s_coefficient_of_their_correlation():
    answers = np.array([[1.0, 4], [2, 2], [5, 5], [3, 5]])
    r = stats.pearsonr(answers[:, 0], answers[:, 1])[0]
    assert spearman_brown(answers) == pytest.approx(2 * r / (1 + r))
    assert spearman_brown(answers[:3]) == pytest.approx(cronbach_alpha(stats.zscore(answers[:3])))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_factor_found_the_other_way_round_is_turned(sign, monkeypatch):
    monkeypatch.setattr(reliability, "_one_factor", lambda _: sign * np.array([0.2, 0.3, 0.4]))
    answers = answers_with(np.eye(3))
    assert mcdonald_omega(answers) == pytest.approx(0.81 / (0.81 + 3 - 0.04 - 0.09 - 0.16))
