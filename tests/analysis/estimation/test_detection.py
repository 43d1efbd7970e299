"""d′ and criterion, against Hautus' correction written out and the delta method by numerical differences."""

import numpy as np
import pytest
from scipy import stats

from analysis.estimation.detection import sensitivity
from analysis.estimation.estimates import cell_means, no_estimate, variance
from analysis.notes import Note
from tests.analysis.estimation.fitted import slope_of

EMPTY = Note("no answers")
COUNTS = (20, 50, 30)  # of answers: hits, others, false alarms
MEASURES = {"d-prime": lambda h, f: h - f, "criterion": lambda h, f: -(h + f) / 2}


@pytest.fixture
def answers():
    """100 answers of 10 people to 10 images; the middle cell has no part in it."""
    rng, cell = np.random.default_rng(6), np.repeat([0, 1, 2], COUNTS)
    values = (rng.random(100) < np.array([0.7, 0.5, 0.3])[cell]).astype(float)
    return values, cell, rng.integers(10, size=100), rng.integers(10, size=100)


@pytest.mark.parametrize("measure", MEASURES)
def test_it_is_the_difference_or_the_mean_of_corrected_z_with_the_delta_method_s_interval(measure, answers):
    cells = cell_means(*answers, ["hit", "other", "alarm"])

    def of(rates):
        corrected = [(rate * n + 0.5) / (n + 1) for rate, n in zip(rates, (20, 30), strict=True)]
        return MEASURES[measure](*stats.norm.ppf(corrected))

    rates = np.array([answers[0][:20].mean(), answers[0][70:].mean()])
    slope = slope_of(of, rates)
    spread = variance(cells, np.array([slope[0], 0.0, slope[1]]))
    found = sensitivity(cells, "hit", "alarm", measure, 0.9, EMPTY)
    reach = stats.t.ppf(0.95, spread.df) * np.sqrt(spread.value)
    assert found.value == pytest.approx(of(rates))
    assert found.se == pytest.approx(np.sqrt(spread.value), rel=1e-6)
    assert (found.low, found.high) == pytest.approx((found.value - reach, found.value + reach))
    assert found.p == pytest.approx(2 * stats.t.sf(abs(found.value / found.se), spread.df))
    assert (found.responses, found.participants, found.images) == (50, spread.participants, spread.images)


def test_a_rate_of_all_or_none_leaves_it_finite(answers):
    """(k + ½)/(n + 1): 20.5/21 of hits and 0.5/31 of false alarms."""
    _, cell, people, images = answers
    found = sensitivity(
        cell_means((cell < 2).astype(float), cell, people, images, "hoa"), "h", "a", "d-prime", 0.9, EMPTY
    )
    assert found.value == pytest.approx(stats.norm.ppf(20.5 / 21) - stats.norm.ppf(0.5 / 31))


@pytest.mark.parametrize("left_out", [0, 2])
def test_without_hits_or_false_alarms_the_note_says_so(left_out, answers):
    cells = cell_means(*(each[answers[1] != left_out] for each in answers), "hoa")
    assert sensitivity(cells, "h", "a", "d-prime", 0.9, EMPTY) == no_estimate(EMPTY)
    assert sensitivity(cells, "h", "o", "d-prime", 0.9, EMPTY).note == (EMPTY if left_out == 0 else Note(""))
