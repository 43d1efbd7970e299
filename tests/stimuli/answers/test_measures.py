"""Numbers of one map and their means, against values computed by hand."""

import numpy as np
import pytest

from stimuli.answers.measures import box_ratio, inside, mean_of, points_at, rank_correlation

HEAT = np.array([[0.0, 1.0, 2.0], [0.0, 8.0, 4.0], [1.0, 0.0, 0.0]])


def test_a_box_holds_the_pixels_whose_centre_is_in_it():
    assert inside([(1, 0, 3, 2), (0, 2.4, 1, 3)], (3, 3)).tolist() == [[0, 1, 1], [0, 1, 1], [1, 0, 0]]


def test_the_ratio_is_the_mean_inside_over_the_mean_outside():
    assert box_ratio(HEAT, [(1, 0, 3, 2)]) == pytest.approx((15 / 4) / (1 / 5))
    assert box_ratio(np.full((3, 3), 0.7), [(1, 0, 3, 2)]) == pytest.approx(1)


@pytest.mark.parametrize("boxes", [[], [(0, 0, 3, 3)], [(9, 9, 10, 10)]])
def test_without_an_inside_or_an_outside_there_is_no_ratio(boxes):
    assert box_ratio(HEAT, boxes) is None


def test_a_map_points_at_its_maximum_and_a_constant_one_nowhere():
    assert points_at(HEAT, [(1, 1, 2, 2)]) == 1
    assert points_at(HEAT, [(0, 0, 1, 3)]) == 0
    assert points_at(np.ones((3, 3)), [(0, 0, 3, 3)]) is None
    assert points_at(HEAT, []) is None


def test_ranks_are_averaged_where_values_are_equal():
    ranks = np.array([2.5, 5.5, 7, 2.5, 9, 8, 5.5, 2.5, 2.5])  # of HEAT, by hand
    other = np.arange(9.0).reshape(3, 3)
    assert rank_correlation(HEAT, other) == pytest.approx(np.corrcoef(ranks, np.arange(9))[0, 1])
    assert rank_correlation(HEAT, np.exp(HEAT)) == pytest.approx(1)
    assert rank_correlation(HEAT, np.zeros((3, 3))) is None


def test_an_interval_holds_the_mean_and_is_that_of_the_normal_law_for_many():
    values = np.random.default_rng(1).normal(2, 1, 400)
    found = mean_of([*values, None])
    half = 1.96 * values.std() / 20
    assert (found.count, found.undefined) == (400, 1)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)


def test_of_one_picture_there_is_no_interval_and_of_none_no_mean():
    assert (mean_of([0.3]).value, mean_of([0.3]).low) == (0.3, None)
    assert (mean_of([None]).value, mean_of([None]).undefined) == (None, 1)
