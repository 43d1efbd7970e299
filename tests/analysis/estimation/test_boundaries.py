"""Looks, boundaries and Holm's steps at their edges, against closed forms and integration by another method."""

import numpy as np
import pytest
from scipy import integrate, stats

from analysis.estimation import sequential
from analysis.estimation.sequential import boundaries, present_look, rejections, spent


@pytest.mark.parametrize(("fraction", "level"), [(0.3, 0.05), (0.5, 0.05), (0.5, 0.01), (1.0, 0.1)])
def test_the_level_spent_is_lan_and_demets_formula(fraction, level):
    expected = 4 - 4 * stats.norm.cdf(stats.norm.ppf(1 - level / 4) / np.sqrt(fraction))
    assert spent(fraction, level) == pytest.approx(expected)
    assert isinstance(spent(fraction, level), float)


@pytest.mark.parametrize("looks", [(0.5, 1.0), (0.2, 0.9)])
def test_two_looks_leave_the_level_by_adaptive_quadrature(looks):
    """Brownian motion at t₁ and t₂; oracle: scipy's quad over its value at the first look."""
    (first, second), (t1, t2) = boundaries(looks, 0.05), looks
    assert 2 * stats.norm.sf(first) == pytest.approx(spent(t1, 0.05), abs=1e-10)
    a, b, step = first * np.sqrt(t1), second * np.sqrt(t2), np.sqrt(t2 - t1)

    def stays(x):
        return stats.norm.pdf(x, scale=np.sqrt(t1)) * (stats.norm.cdf((b - x) / step) - stats.norm.cdf((-b - x) / step))

    inside = integrate.quad(stays, -a, a, epsabs=1e-13)[0]
    assert 1 - inside == pytest.approx(spent(t2, 0.05), abs=1e-9)


def test_a_boundary_may_lie_within_one_standard_deviation():
    assert boundaries([1.0], 0.5) == pytest.approx([stats.norm.ppf(0.75)], abs=1e-9)


def test_three_unequal_looks_are_left_with_the_level_spent_at_each():
    """200,000 random walks; Monte-Carlo error at most 0.0005."""
    looks, rng = (0.25, 0.6, 1.0), np.random.default_rng(3)
    walks = np.cumsum(rng.normal(size=(200_000, 3)) * np.sqrt(np.diff(looks, prepend=0)), axis=1) / np.sqrt(looks)
    left = np.abs(walks) > boundaries(looks, 0.2)
    by_look = np.maximum.accumulate(left, axis=1).mean(axis=0)
    assert by_look == pytest.approx([spent(t, 0.2) for t in looks], abs=0.002)


@pytest.mark.parametrize(
    ("fraction", "look"),
    [(0.481, 0), (0.479, None), (0.519, 0), (0.521, None), (0.981, 1), (1.0, 1), (1.4, 1), (0.97, None)],
)
def test_a_look_is_taken_within_two_hundredths_of_its_plan_and_the_last_one_after_it_too(fraction, look):
    assert present_look(fraction, (0.5, 1.0)) == look


def test_the_tolerance_itself_is_still_within(monkeypatch):
    monkeypatch.setattr(sequential, "TOLERANCE", 0.125)
    assert [present_look(f, (0.5, 1.0)) for f in (0.375, 0.625, 0.875)] == [0, 0, 1]


def test_more_than_an_earlier_look_is_not_that_look():
    assert present_look(0.8, (0.5, 0.75, 1.0)) is None


def test_each_step_of_holm_has_its_own_level_and_the_first_failure_ends_it():
    looks = (0.5, 1.0)
    bound = [2 * stats.norm.sf(boundaries(looks, 0.05 / k)[1]) for k in (4, 3, 2, 1)]
    p_values = [bound[1] * 1.01, bound[0] * 0.99, bound[3] * 0.5, bound[2] * 0.99]
    rejected, held = rejections(p_values, [1] * 4, looks, 0.05)
    assert rejected == [False, True, False, False]
    order = np.argsort(p_values)
    assert [held[i] for i in order] == pytest.approx(bound)


def test_a_p_exactly_at_its_boundary_is_not_rejected():
    bound = float(2 * stats.norm.sf(boundaries((1.0,), 0.05)[0]))
    held = rejections([0.5], [0], (1.0,), 0.05)[1][0]
    assert held == pytest.approx(bound)
    assert rejections([held], [0], (1.0,), 0.05) == ([False], [held])


def test_a_comparison_that_is_at_no_look_or_has_no_p_counts_in_the_family_and_ends_the_steps():
    looks = (0.5, 1.0)
    rejected, held = rejections([1e-9, 0.0, None], [1, None, 1], looks, 0.05)
    assert rejected == [False, False, False]
    assert held[0] == pytest.approx(2 * stats.norm.sf(boundaries(looks, 0.05 / 2)[1]))
    assert held[1:] == [None, None]
    rejected, held = rejections([None, 1e-9], [1, 0], looks, 0.05)
    assert rejected == [False, True]
    assert held == [None, pytest.approx(2 * stats.norm.sf(boundaries(looks, 0.05 / 2)[0]))]
