"""Degrees of freedom of clusters: of unequal ones, and of variances that are added up."""

import numpy as np
import pytest
from scipy import stats

from analysis.estimation import clusters
from analysis.estimation.clusters import Sizes, degrees_of_freedom, satterthwaite, sizes_of, with_conditions


def sizes(df):
    return Sizes(np.ones(1), 1, 1, df)


def test_satterthwaite_is_the_welch_test_s_degrees_of_freedom():
    """Oracle: scipy's Welch test of two samples of 4 and 7."""
    one, other = np.array([1.0, 4, 2, 9]), np.array([3.0, 1, 1, 2, 5, 2, 2])
    parts = [float(sample.var(ddof=1)) / len(sample) for sample in (one, other)]
    found = satterthwaite(parts, [sizes(3), sizes(6)])
    assert found == pytest.approx(stats.ttest_ind(one, other, equal_var=False).df)


def test_one_variance_keeps_its_degrees_of_freedom_and_none_has_the_fewest():
    assert satterthwaite([0.3], [sizes(5)]) == pytest.approx(5)
    assert satterthwaite([0.0, 0.4], [sizes(2), sizes(5)]) == pytest.approx(5)
    assert satterthwaite([0.0, 0.0], [sizes(7), sizes(5)]) == 5
    with pytest.raises(ValueError, match="shorter"):
        satterthwaite([0.1, 0.2], [sizes(7)])


def test_clusters_count_as_their_effective_number_where_it_is_much_smaller():
    """Kish: n² over the sum of squares. Sizes 8 1 1 have 100/66, fewer than two thirds of 3; 2 1 1 have 16/6, more."""
    assert sizes_of(np.array([2, 0, 1, 1])).df == 2
    assert sizes_of(np.array([8, 1, 1])).df == 1, "at least 1"
    assert sizes_of(np.array([20, 9, 9, 1, 1, 1, 1])).df == pytest.approx(42**2 / (400 + 162 + 4) - 1)
    none = sizes_of(np.zeros(3, int))
    assert (none.df, none.clusters, none.responses) == (-1, 0, 0), "no interval is given then"
    assert degrees_of_freedom(3, 4, 8.0) == 2, "just two thirds: 16/8 of 3"


@pytest.mark.parametrize("dense", [0, 10**9], ids=["sparse", "dense"])
def test_cells_without_responses_have_their_place_in_the_sums(dense, monkeypatch):
    """Two cells of four have responses; products of the clusters' sums −1 2 and 3 0."""
    monkeypatch.setattr(clusters, "DENSE", dense)
    cell, cluster = np.array([0, 0, 2, 2]), np.array([0, 1, 0, 0])
    made = clusters.grouping(cell, cluster, 4)
    assert made.counts.shape == (4, 2)
    products = made.of(np.array([-1.0, 2.0, 1.0, 2.0])).products
    expected = np.zeros((4, 4))
    expected[np.ix_([0, 2], [0, 2])] = [[5, -3], [-3, 9]]
    np.testing.assert_array_equal(products, expected)
    assert made.sizes(np.array([2, 3])).each.tolist() == [2]


@pytest.mark.parametrize(
    ("people", "images", "is_unequal"),
    [((9, 9), 19, False), ((9, 9), 5, False), ((9, 3.2), 19, True), ((9, 3.2), 5, False), ((9, 9), 4.5, True)],
)
def test_people_in_conditions_are_unequal_where_that_makes_the_degrees_of_freedom_fewer(people, images, is_unequal):
    """Two conditions of ten people, whose variances are equal: 18 degrees of freedom, fewer where one of them counts as
    4.2 people. Six images tell, or twenty, or six that count as 5.5."""
    each = [Sizes(np.ones(10), 10, 10, df) for df in people]
    number = 20 if images == 19 else 6
    df, found = with_conditions([0.1, 0.1], each, images, number)
    assert df == pytest.approx(0.04 / sum(0.01 / one for one in people))
    assert found is is_unequal


def test_three_images_that_count_as_two_are_unequal():
    assert with_conditions([0.1, 0.1], [Sizes(np.ones(10), 10, 10, 9)] * 2, 1.0, 3) == (pytest.approx(18), True)
