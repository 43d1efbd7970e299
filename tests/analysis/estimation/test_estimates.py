"""Two-way clustered estimates, against statsmodels, a case worked by hand, and closed forms."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from analysis.estimation import clusters
from analysis.estimation.estimates import (
    EstimateError,
    cell_means,
    combination,
    difference,
    holm,
    layout,
    proportion,
    variance,
    wilson,
)


def crossed(seed, n=900, participants=23, images=17, cells=3):
    """Unbalanced responses with participant and image effects, pairs repeating."""
    rng = np.random.default_rng(seed)
    p, i, c = rng.integers(participants, size=n), rng.integers(images, size=n), rng.integers(cells, size=n)
    effect = rng.normal(0, 0.8, participants)[p] + rng.normal(0, 0.8, images)[i] + 0.3 * c
    return (rng.random(n) < 1 / (1 + np.exp(-effect))).astype(float), c, p, i


def statsmodels_covariance(y, c, p, i, cells):
    design = (c[:, None] == np.arange(cells)).astype(float)
    fit = sm.OLS(y, design).fit()
    groups = np.column_stack([p, i])
    return fit.params, fit.get_robustcov_results("cluster", groups=groups, use_correction=True).cov_params()


@pytest.mark.parametrize("dense", [0, clusters.DENSE], ids=["sparse", "dense"])
@pytest.mark.parametrize("seed", range(5))
def test_cell_means_and_their_joint_covariance_are_those_of_statsmodels(seed, dense, monkeypatch):
    monkeypatch.setattr(clusters, "DENSE", dense)
    y, c, p, i = crossed(seed)
    params, cov = statsmodels_covariance(y, c, p, i, 3)
    cells = cell_means(y, c, p, i, "abc")
    np.testing.assert_allclose(cells.means, params, rtol=1e-12)
    for weights in ([1, 1e-300, 1e-300], [1, -1, 1e-300], [0.2, 0.3, 0.5]):  # tiny weights: all three cells are fitted
        w = np.array(weights)
        got = variance(cells, w)
        two_way = got.by_participant + got.by_image - got.by_pair
        assert two_way == pytest.approx(w @ cov @ w, rel=1e-10)
        assert got.value == pytest.approx(max(two_way, min(got.by_participant, got.by_image)))
        assert (got.participants, got.images) == (len(set(p)), len(set(i)))


@pytest.mark.parametrize("dense", [0, clusters.DENSE], ids=["sparse", "dense"])
def test_values_drawn_again_at_the_same_places_are_estimated_as_though_they_were_alone(dense, monkeypatch):
    """A layout keeps sizes between draws; statsmodels knows nothing of earlier ones."""
    monkeypatch.setattr(clusters, "DENSE", dense)
    _, c, p, i = crossed(3)
    condition = p % 2
    places, apart = layout(c, p, i, "abc"), layout(c, p, i, "abc", condition)
    for seed in range(4):
        y = np.random.default_rng(seed).normal(size=len(c))
        params, cov = statsmodels_covariance(y, c, p, i, 3)
        np.testing.assert_allclose(places.of(y).means, params, rtol=1e-10)
        w = np.array([0.2, 0.3, 0.5])
        got = variance(places.of(y), w)
        assert got.by_participant + got.by_image - got.by_pair == pytest.approx(w @ cov @ w, rel=1e-10)
        for a, b in ("ab", "bc", "ac"):
            assert difference(places.of(y), a, b, 0.95) == difference(cell_means(y, c, p, i, "abc"), a, b, 0.95)
            alone = difference(cell_means(y, c, p, i, "abc", condition), a, b, 0.95)
            assert difference(apart.of(y), a, b, 0.95) == alone


def test_an_estimate_uses_only_the_rows_of_the_cells_it_involves():
    y, c, p, i = crossed(7)
    cells = cell_means(y, c, p, i, "abc")
    keep = c != 1
    _, cov = statsmodels_covariance(y[keep], c[keep] // 2, p[keep], i[keep], 2)
    got = variance(cells, np.array([1.0, 0.0, -1.0]))
    assert got.by_participant + got.by_image - got.by_pair == pytest.approx(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])


def test_a_case_worked_by_hand():
    """Two participants, three images, one cell; y = 1 0 1 / 1 1 1, mean 5/6.

    Participant sums of residuals −1/2, +1/2: Σ² = 1/2. Image sums 1/3, −2/3, 1/3: Σ² = 2/3. Rows Σ² = 5·1/36 + 25/36 = 5/6.
    Divided by n² = 36, times G/(G−1) with G = 2, 3, 6 and (n−1)/(n−1) = 1: 1/36, 1/36, 1/36, so the two-way is 1/36.
    """
    y = np.array([1, 0, 1, 1, 1, 1], float)
    cells = cell_means(y, np.zeros(6, int), np.repeat([0, 1], 3), np.tile([0, 1, 2], 2), ["all"])
    got = variance(cells, np.ones(1))
    assert (got.by_participant, got.by_image, got.by_pair) == pytest.approx((1 / 36, 1 / 36, 1 / 36))
    assert (got.value, got.rule, got.df) == (pytest.approx(1 / 36), "two-way", 1)
    estimate = proportion(cells, "all", 0.95, null=0.5)
    reach = stats.t.ppf(0.975, 1) * (1 / 6) / (5 / 36)
    assert estimate.low == pytest.approx(1 / (1 + np.exp(-(np.log(5) - reach))))
    assert estimate.p == pytest.approx(2 * stats.t.sf(np.log(5) / ((1 / 6) / (5 / 36)), 1))


def test_the_smaller_one_way_variance_stands_where_the_two_way_one_falls_below_both():
    """Right on the diagonal only: participants and images all have the same mean, so both one-way variances vanish
    beside that of the single responses, and the two-way one would be negative."""
    p, i = np.repeat(np.arange(6), 6), np.tile(np.arange(6), 6)
    y = (p == i).astype(float)
    y[0] = 0  # participant 0 and image 0 are a little worse, so that neither variance is exactly zero
    y[1] = 0.1
    got = variance(cell_means(y, np.zeros(36, int), p, i, ["all"]), np.ones(1))
    assert got.by_participant + got.by_image - got.by_pair < 0
    assert got.value == min(got.by_participant, got.by_image) > 0
    assert got.rule == ("participants only" if got.by_participant < got.by_image else "images only")


def test_a_two_way_variance_between_the_one_way_ones_stands():
    """Participants answer alternately right and wrong, so their sums vanish and only images differ: were the larger
    one-way variance the floor, it would stand here."""
    p, i = np.repeat(np.arange(6), 4), np.tile(np.arange(4), 6)
    y = (i % 2).astype(float)
    got = variance(cell_means(y, np.zeros(24, int), p, i, ["all"]), np.ones(1))
    assert got.rule == "two-way"
    assert got.by_participant < got.value == got.by_participant + got.by_image - got.by_pair < got.by_image


def test_an_accuracy_interval_excludes_chance_exactly_when_its_p_is_small():
    for seed in range(40):
        y, c, p, i = crossed(seed, n=300)
        estimate = proportion(cell_means(y, c, p, i, "abc"), "a", 0.95, null=0.5)
        assert (estimate.p < 0.05) == (not estimate.low <= 0.5 <= estimate.high)


DEGENERATE = {
    "one participant": ([1, 0, 1], [0, 0, 0], [0, 1, 2], "one participant"),
    "one image": ([1, 0, 1], [0, 1, 2], [0, 0, 0], "one image"),
    "one response": ([1], [0], [0], "one participant and one image"),
}


@pytest.mark.parametrize(("y", "p", "i", "words"), DEGENERATE.values(), ids=DEGENERATE)
def test_too_few_clusters_give_an_estimate_without_interval_and_say_why(y, p, i, words):
    cells = cell_means(np.array(y, float), np.zeros(len(y), int), np.array(p), np.array(i), ["all"])
    for estimate in (proportion(cells, "all", 0.95), combination(cells, np.ones(1), 0.95)):
        assert estimate.value == pytest.approx(np.mean(y))
        assert (estimate.low, estimate.high, estimate.se, estimate.p) == (None, None, None, None)
        assert words in str(estimate.note)


@pytest.mark.parametrize("right", [0, 1])
def test_all_right_or_all_wrong_gets_the_exact_interval_on_the_number_of_clusters(right):
    p, i = np.repeat(np.arange(12), 8), np.tile(np.arange(8), 12)
    cells = cell_means(np.full(96, float(right)), np.zeros(96, int), p, i, ["all"])
    estimate = proportion(cells, "all", 0.95, null=0.5)
    assert (estimate.low, estimate.high) == pytest.approx(proportion_confint(8 * right, 8, method="beta"))
    assert "exact binomial" in str(estimate.note)
    assert "no variation between participants or between images" in str(combination(cells, np.ones(1), 0.95).note)


def test_a_cell_without_responses_is_said_to_have_none():
    cells = cell_means(np.ones(4), np.zeros(4, int), np.arange(4), np.arange(4), ["a", "b"])
    assert str(proportion(cells, "b", 0.95).note) == "No responses in b."
    assert str(difference(cells, "a", "b", 0.95).note) == "No responses in b."
    with pytest.raises(EstimateError, match="no cell c; there are a, b"):
        proportion(cells, "c", 0.95)


def test_no_responses_at_all_are_no_error():
    none = np.zeros(0, int)
    assert proportion(cell_means(np.zeros(0), none, none, none, ["a"]), "a", 0.95).value is None


def test_a_difference_has_the_joint_covariance_and_the_antisymmetry_it_must():
    y, c, p, i = crossed(3)
    cells = cell_means(y, c, p, i, "abc")
    there, back = difference(cells, "a", "c", 0.9), difference(cells, "c", "a", 0.9)
    assert there.value == pytest.approx(cells.means[0] - cells.means[2])
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.high - there.low == pytest.approx(2 * there.se * stats.t.ppf(0.95, there.df))


def test_order_of_rows_and_names_of_clusters_do_not_matter():
    y, c, p, i = crossed(11)
    shuffled = np.random.default_rng(0).permutation(len(y))
    original = difference(cell_means(y, c, p, i, "abc"), "a", "b", 0.95)
    renamed = difference(
        cell_means(y[shuffled], c[shuffled], 22 - p[shuffled], 16 - i[shuffled], "abc"), "a", "b", 0.95
    )
    assert (renamed.value, renamed.se, renamed.p) == pytest.approx((original.value, original.se, original.p))


@pytest.mark.parametrize(("k", "n"), [(0, 10), (7, 10), (10, 10), (496, 810)])
def test_wilson_is_that_of_statsmodels(k, n):
    assert wilson(k / n, n, 0.95) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-12)


@pytest.mark.parametrize("p_values", [[0.01, 0.04, 0.03], [0.5], [0.02, 0.02, 0.9, 0.001], []])
def test_holm_is_that_of_statsmodels(p_values):
    expected = multipletests(p_values, method="holm")[1] if p_values else []
    assert holm(p_values) == pytest.approx(list(expected))


def test_a_missing_p_still_counts_in_the_family():
    assert holm([0.01, None, 0.03]) == [pytest.approx(0.03), None, pytest.approx(0.06)]


def test_a_frame_of_codes_from_pandas_is_taken_as_it_is():
    codes = pd.Series(["x", "y", "x"]).factorize()[0]
    assert cell_means(np.array([1.0, 0.0, 0.0]), codes, codes, codes, "ab").means.tolist() == [0.5, 0.0]
