"""Every field of an estimate: numbers worked by hand or of scipy and statsmodels, and the notes word for word."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats
from statsmodels.stats.proportion import proportion_confint

from analysis.estimation import clusters, estimates
from analysis.estimation.estimates import (
    Estimate,
    EstimateError,
    Variance,
    cell_means,
    combination,
    cut_note,
    difference,
    floored,
    holm,
    linearized,
    no_estimate,
    proportion,
    variance,
    wilson,
    with_interval,
    within,
)
from analysis.notes import NO_NOTE, Note, no_responses

CUT = Note("The interval is cut to the possible values.")
OPEN = Note("Too few participants or images: the interval holds every possible value.")
EXACT = Note(
    "No variation between participants or between images: the interval is the exact binomial one, with the smaller"
    " number of the two as its trials."
)


def one_cell():
    """Two participants, three images, y = 1 0 1 / 1 1 1: each of the three one-way variances is 1/36 (test_estimates)."""
    y = np.array([1, 0, 1, 1, 1, 1], float)
    return cell_means(y, np.zeros(6, int), np.repeat([0, 1], 3), np.tile([0, 1, 2], 2), ["all"])


def two_cells():
    """Four participants and four images, two cells: means 0.75 (6 of 8) and 0.5 (4 of 8)."""
    y = np.array([1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0], float)
    cell, participant, image = np.repeat([0, 1], 8), np.tile(np.repeat(np.arange(4), 2), 2), np.tile(np.arange(4), 4)
    return cell_means(y, cell, participant, image, [("cam", "first"), ("cam", "second")])


def of_clusters(residuals, codes):
    return sum(residuals[codes == code].sum() ** 2 for code in np.unique(codes))


def test_a_mean_has_the_interval_and_the_p_of_student_s_t():
    got = combination(one_cell(), np.ones(1), 0.9, null=0.5, bounds=(-9, 9))
    reach = stats.t.ppf(0.95, 1) / 6
    p = 2 * stats.t.sf((5 / 6 - 0.5) * 6, 1)
    expected = (5 / 6, 5 / 6 - reach, 5 / 6 + reach, 1 / 6, p)
    assert (got.value, got.low, got.high, got.se, got.p) == pytest.approx(expected)
    assert (got.df, got.responses, got.participants, got.images, got.rule, got.note) == (1, 6, 2, 3, "two-way", NO_NOTE)


def test_without_a_null_it_is_nought_and_without_bounds_nothing_is_cut():
    got = combination(one_cell(), np.ones(1), 0.95)
    assert got.p == pytest.approx(2 * stats.t.sf(5, 1))
    assert got.note == NO_NOTE
    assert with_interval(5 / 6, variance(one_cell(), np.ones(1)), 0.95) == got
    assert linearized(one_cell(), 5 / 6, np.ones(1), 0.95) == got
    assert linearized(one_cell(), 5 / 6, np.ones(1), 0.95, 0.5, (0, 1)).p == pytest.approx(2 * stats.t.sf(2, 1))


def test_the_variance_of_two_cells_has_the_correction_of_each_clustering():
    """G/(G−1)·(n−1)/(n−k) for participants, images and pairs, from sums of residuals over n_cell."""
    cells, weights = two_cells(), np.array([1.0, -1.0])
    y = np.array([1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0], float)
    scores = (y - np.repeat([0.75, 0.5], 8)) * np.repeat([1, -1], 8) / 8
    participant, image = np.tile(np.repeat(np.arange(4), 2), 2), np.tile(np.arange(4), 4)
    pair = participant * 4 + image
    got = variance(cells, weights)
    expected = [
        of_clusters(scores, codes) * len(set(codes)) / (len(set(codes)) - 1) * 15 / 14
        for codes in (participant, image, pair)
    ]
    assert (got.by_participant, got.by_image, got.by_pair) == pytest.approx(tuple(expected))
    assert (got.df, got.responses, got.participants, got.images) == (3, 16, 4, 4)
    estimate = difference(cells, ("cam", "first"), ("cam", "second"), 0.95, (-1, 1))
    assert (estimate.value, estimate.se) == pytest.approx((0.25, np.sqrt(got.value)))
    assert difference(cells, ("cam", "first"), ("cam", "second"), 0.95).low == estimate.low


def test_clusters_are_those_with_a_response_in_one_of_the_cells_involved():
    participant, image = np.array([0, 0, 1, 1, 2, 3]), np.array([0, 1, 0, 1, 2, 3])
    cells = cell_means(np.array([1.0, 0, 0, 0, 1, 0]), np.array([0, 0, 0, 1, 1, 2]), participant, image, "abc")
    got = variance(cells, np.array([1.0, 1, 0]))
    assert (got.participants, got.images, got.responses, got.df) == (3, 3, 5, 2)
    assert cells.by_pair.sizes(np.array([0])).each.tolist() == [1, 1, 1]
    assert cells.by_pair.sizes(np.array([], int)).each.tolist() == []
    assert sorted(cells.by_participant.sizes(np.array([0, 1])).each) == [1, 2, 2]
    assert cells.counts.tolist() == [3, 2, 1]
    assert cells.labels == ("a", "b", "c")
    assert (cells.index("a"), cells.index("c")) == (0, 2)


def test_as_many_cells_as_responses_leave_nothing_to_estimate_a_variance_from():
    cells = cell_means(np.array([1.0, 0.0]), np.array([0, 1]), np.array([0, 1]), np.array([0, 1]), "ab")
    assert repr(variance(cells, np.array([1.0, -1.0]))) == repr(Variance(None, "none", 1, 2, 2, 2))
    got = difference(cells, "a", "b", 0.95)
    assert got == Estimate(1.0, None, None, None, 1, None, 2, 2, 2, "none", Note("No interval: too few responses."))
    more = cell_means(np.array([1.0, 0, 1]), np.array([0, 1, 1]), np.array([0, 1, 0]), np.array([0, 1, 1]), "ab")
    assert variance(more, np.array([1.0, -1.0])).value is not None


@pytest.mark.parametrize(
    ("participants", "images", "note"),
    [
        ([0, 0], [0, 1], "No interval: one participant cannot speak for others."),
        ([0, 1], [0, 0], "No interval: one image cannot speak for others."),
        ([0, 0], [0, 0], "No interval: one participant and one image cannot speak for others."),
    ],
)
def test_one_cluster_has_a_value_and_the_reason_why_no_more(participants, images, note):
    cells = cell_means(np.array([1.0, 0.0]), np.zeros(2, int), np.array(participants), np.array(images), ["all"])
    counts = len(set(participants)), len(set(images))
    expected = Estimate(0.5, None, None, None, 0, None, 2, *counts, "none", Note(note))
    assert proportion(cells, "all", 0.95, 0.5) == combination(cells, np.ones(1), 0.95) == expected


@pytest.mark.parametrize(
    ("three", "value", "rule"),
    [
        ((3.0, 2.0, 1.0), 4.0, "two-way"),
        ((3.0, 2.0, 4.0), 2.0, "images only"),
        ((2.0, 3.0, 4.0), 2.0, "participants only"),
        ((2.0, 2.0, 3.0), 2.0, "participants only"),
        ((2.0, 3.0, 3.0), 2.0, "two-way"),  # of equals the two-way one
    ],
)
def test_the_two_way_variance_or_the_smaller_one_way_one(three, value, rule):
    assert floored(*three, 5, 60, 6, 7) == Variance(value, rule, 5, 60, 6, 7, *three)


def test_a_share_has_its_interval_and_its_p_on_the_logit_scale():
    got = proportion(one_cell(), "all", 0.9, null=0.25)
    centre, se = np.log(5), (1 / 6) / (5 / 36)
    reach = stats.t.ppf(0.95, 1) * se
    low, high = (1 / (1 + np.exp(-(centre + side * reach))) for side in (-1, 1))
    assert (got.value, got.low, got.high, got.se) == pytest.approx((5 / 6, low, high, 1 / 6))
    assert got.p == pytest.approx(2 * stats.t.sf((centre - np.log(1 / 3)) / se, 1))
    assert (got.df, got.responses, got.participants, got.images, got.rule, got.note) == (1, 6, 2, 3, "two-way", NO_NOTE)
    assert proportion(one_cell(), "all", 0.9).p is None


def test_a_share_of_one_of_several_cells_is_that_cell_s():
    cells = two_cells()
    got = proportion(cells, ("cam", "second"), 0.95)
    assert (got.value, got.responses) == (0.5, 8)
    assert got.se == pytest.approx(np.sqrt(variance(cells, np.array([0.0, 1.0])).value))


@pytest.mark.parametrize(("participants", "images"), [(12, 8), (8, 12), (2, 3)])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_clusters_that_do_not_vary_have_the_exact_interval_of_the_smaller_number(participants, images, share):
    """Clopper–Pearson, of statsmodels."""
    p, i = np.repeat(np.arange(participants), images), np.tile(np.arange(images), participants)
    cells = cell_means(np.full(len(p), share), np.zeros(len(p), int), p, i, ["all"])
    fewer = min(participants, images)
    low, high = proportion_confint(share * fewer, fewer, alpha=0.1, method="beta")
    sizes = len(p), participants, images
    p = pytest.approx(stats.binomtest(int(share * fewer), fewer, 0.5).pvalue)
    expected = Estimate(share, pytest.approx(low), pytest.approx(high), None, fewer - 1, p, *sizes, "exact", EXACT)
    assert proportion(cells, "all", 0.9, 0.5) == expected
    assert proportion(cells, "all", 0.9) == replace(expected, p=None)
    assert combination(cells, np.ones(1), 0.9, 0.5, (0, 1)) == expected
    note = Note("No interval: no variation between participants or between images.")
    assert combination(cells, np.ones(1), 0.9) == Estimate(
        share, None, None, None, fewer - 1, None, *sizes, "none", note
    )


def test_half_right_everywhere_has_the_exact_interval_of_a_half():
    """Every participant and every image is right half of the time, and pairs repeat both answers."""
    p, i, y = np.repeat(np.arange(4), 8), np.tile(np.repeat(np.arange(4), 2), 4), np.tile([0.0, 1.0], 16)
    got = proportion(cell_means(y, np.zeros(32, int), p, i, ["all"]), "all", 0.95)
    assert (got.low, got.high) == pytest.approx(proportion_confint(2, 4, method="beta"))
    assert (got.value, got.rule) == (0.5, "exact")


def all_against_none(participants=12, images=8):
    """Everybody is right with the first method and wrong with the second, whatever the image."""
    p, i = np.repeat(np.arange(participants), 2 * images), np.tile(np.repeat(np.arange(images), 2), participants)
    cell = np.tile([0, 1], participants * images)
    return cell_means(1.0 - cell, cell, p, i, "ab")


def test_a_perfect_difference_has_an_exact_interval_and_p():
    """Oracle: the difference as a share between −1 and 1, 8 of 8 images in its favour; p is that of the sign test."""
    got = difference(all_against_none(), "a", "b", 0.95, (-1, 1))
    low, high = (2 * end - 1 for end in proportion_confint(8, 8, method="beta"))
    assert (got.value, got.low, got.high, got.rule, got.note) == (1, pytest.approx(low), high, "exact", EXACT)
    assert got.p == pytest.approx(stats.binomtest(8, 8).pvalue) == pytest.approx(2 / 2**8)
    back = difference(all_against_none(), "b", "a", 0.95, (-1, 1))
    assert (back.low, back.high, back.p) == pytest.approx((-got.high, -got.low, got.p))
    assert difference(all_against_none(), "a", "b", 0.95).rule == "none", "without ends there is no exact interval"


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("clusters", [2, 4, 6, 9])
def test_an_exact_interval_excludes_no_difference_exactly_when_its_p_is_small(confidence, clusters):
    got = difference(all_against_none(clusters, clusters), "a", "b", confidence, (-1, 1))
    assert (got.p < 1 - confidence) == (got.low > 0)


def test_equal_shares_without_variation_are_no_evidence_of_a_difference():
    p, i, cell = np.repeat(np.arange(4), 8), np.tile(np.repeat(np.arange(4), 2), 4), np.tile([0, 1], 16)
    got = difference(cell_means(np.ones(32), cell, p, i, "ab"), "a", "b", 0.95, (-1, 1))
    assert (got.value, got.p) == (0, 1)
    assert (got.low, got.high) == pytest.approx([2 * end - 1 for end in proportion_confint(2, 4, method="beta")])


def leaving_early(stay=3, leave=37, of=40, early=4):
    """Some give `of` answers, the others `early` and go."""
    given = [of] * stay + [early] * leave
    rng = np.random.default_rng(3)
    p, i = np.repeat(np.arange(len(given)), given), np.concatenate([rng.permutation(of)[:n] for n in given])
    return cell_means(rng.integers(2, size=len(p)).astype(float), np.zeros(len(p), int), p, i, ["all"])


def test_people_who_leave_early_count_as_fewer():
    """Oracle: Kish's effective number, worked by hand. Counted in full, an interval held 90.4 to 92.9 % here."""
    got = proportion(leaving_early(), "all", 0.95)
    effective = (3 * 40 + 37 * 4) ** 2 / (3 * 40**2 + 37 * 4**2)
    assert (got.df, got.participants) == (pytest.approx(effective - 1), 40)
    assert f"these count as {effective:.1f} of equal size" in str(got.note)
    reach = got.se / (got.value * (1 - got.value)) * stats.t.ppf(0.975, effective - 1)
    assert got.low == pytest.approx(special.expit(special.logit(got.value) - reach))


@pytest.mark.parametrize(("stay", "leave", "early"), [(40, 0, 4), (20, 20, 10)])
def test_nearly_equal_participation_leaves_the_degrees_of_freedom(stay, leave, early):
    got = proportion(leaving_early(stay, leave, 40, early), "all", 0.95)
    assert (got.df, got.note) == (39, NO_NOTE)


def test_one_person_beside_nobody_else_to_speak_of_has_at_least_one_degree():
    assert proportion(leaving_early(1, 1, 40, 1), "all", 0.95).df == 1


def test_a_variance_at_the_edge_of_rounding_counts_as_one():
    spread = Variance(estimates.NO_VARIATION, "two-way", 3, 16, 4, 4)
    assert with_interval(0.5, spread, 0.95).se == pytest.approx(1e-7)
    below = replace(spread, value=estimates.NO_VARIATION / 2)
    assert (
        str(with_interval(0.5, below, 0.95).note) == "No interval: no variation between participants or between images."
    )


def test_a_cell_without_responses_is_named_in_full():
    cells = cell_means(np.ones(2), np.zeros(2, int), np.arange(2), np.arange(2), [("a", 1), ("b", 2), ("c", 3)])
    nothing = Estimate(None, None, None, None, 0, None, 0, 0, 0, "none", no_responses([("b", 2)]))
    assert proportion(cells, ("b", 2), 0.95) == difference(cells, ("a", 1), ("b", 2), 0.95) == nothing
    with pytest.raises(EstimateError, match=r"^No responses in b × 2, c × 3.$"):
        variance(cells, np.ones(3))
    with pytest.raises(EstimateError, match=r"^no cell d × 4; there are a × 1, b × 2, c × 3$"):
        cells.index(("d", 4))
    assert np.isnan(cells.means[1:]).all()


def test_a_cell_of_one_column_is_named_as_it_is_called():
    cells = cell_means(np.ones(2), np.zeros(2, int), np.arange(2), np.arange(2), ["cam", "grad-cam"])
    assert proportion(cells, "grad-cam", 0.95).note == no_responses(["grad-cam"])
    with pytest.raises(EstimateError, match=r"^no cell occlusion; there are cam, grad-cam$"):
        cells.index("occlusion")


def test_a_difference_is_cut_to_what_is_possible():
    """The interval 0.125 ± t·se of four participants reaches beyond 0.3."""
    cells = two_cells()
    got = difference(cells, ("cam", "first"), ("cam", "second"), 0.95, (-0.1, 0.3))
    assert (got.low, got.high, got.note) == (-0.1, 0.3, OPEN)


def test_one_success_in_two_clusters_has_the_exact_interval():
    p, i, y = np.repeat([0, 1], 4), np.tile([0, 0, 1, 1], 2), np.tile([0.0, 1.0], 4)
    got = proportion(cell_means(y, np.zeros(8, int), p, i, ["all"]), "all", 0.95)
    assert (got.low, got.high) == pytest.approx(proportion_confint(1, 2, method="beta"))


def test_wilson_ends_at_one_where_rounding_would_pass_it():
    assert wilson(1.0, 16, 0.95)[1] == 1.0


def test_no_estimate_is_empty_but_for_its_reason():
    note = Note("No Answers in A.")
    assert no_estimate(note) == Estimate(None, None, None, None, 0, None, 0, 0, 0, "none", note)


@pytest.mark.parametrize(
    ("reach", "note"),
    [((-1, 1), NO_NOTE), ((-1.5, 0.5), CUT), ((-0.5, 1.5), CUT), ((-1.5, 1.5), OPEN), ((-0.5, 1), NO_NOTE)],
)
def test_an_interval_beyond_the_scale_is_cut_and_says_so(reach, note):
    whole = Estimate(0.1, *reach, 0.3, 3, 0.2, 16, 4, 4, "two-way")
    cut = replace(whole, low=max(reach[0], -1), high=min(reach[1], 1), note=note)
    assert cut_note(reach, (-1, 1)) == note
    assert within(whole, (-1, 1)) == cut


def test_where_there_is_no_interval_nothing_is_cut():
    bare = no_estimate(Note("No answers."))
    assert within(bare, (0, 1)) is bare


def test_codes_far_apart_are_pairs_like_any_others():
    """Beside codes from 0: the same responses with clusters numbered in thousands."""
    rng = np.random.default_rng(2)
    y, p, i = rng.normal(size=50), rng.integers(6, size=50), rng.integers(5, size=50)
    near = variance(cell_means(y, np.zeros(50, int), p, i, ["all"]), np.ones(1))
    far = variance(cell_means(y, np.zeros(50, int), p * 999, i * 1001, ["all"]), np.ones(1))
    assert (far.by_participant, far.by_image, far.by_pair) == pytest.approx(
        (near.by_participant, near.by_image, near.by_pair)
    )
    assert (far.participants, far.images) == (near.participants, near.images)


def test_a_frame_without_rows_has_cells_without_responses():
    none = np.zeros(0, int)
    cells = cell_means(np.zeros(0), none, none, none, ["a", "b"])
    assert cells.counts.tolist() == [0, 0]
    both = np.array([0, 1])
    assert [len(c.sizes(both).each) for c in (cells.by_participant, cells.by_image, cells.by_pair)] == [0] * 3
    assert [c.products.tolist() for c in (cells.by_participant, cells.by_image)] == [[[0, 0], [0, 0]]] * 2


@pytest.mark.parametrize("dense", [0, 10**9])
def test_sums_within_clusters_are_the_same_held_sparsely_or_densely(monkeypatch, dense):
    """Oracle: pandas' sums of residuals by cell and cluster."""
    monkeypatch.setattr(clusters, "DENSE", dense)
    rng = np.random.default_rng(4)
    y, c, p, i = rng.normal(size=90), rng.integers(4, size=90), rng.integers(7, size=90), rng.integers(6, size=90)
    c[c == 2] = 3  # an empty cell
    cells = cell_means(y, c, p, i, "abcd")
    frame = pd.DataFrame({"residual": y - cells.means[c], "cell": c, "pair": p * 10 + i, "image": i, "person": p})
    for clustering, by in ((cells.by_participant, "person"), (cells.by_image, "image"), (cells.by_pair, "pair")):
        sums = frame.pivot_table("residual", "cell", by, "sum", fill_value=0).reindex(range(4), fill_value=0).to_numpy()
        assert clustering.products == pytest.approx(sums @ sums.T)
        for some in ([0], [1, 3], [2], [0, 1, 2, 3]):
            assert sorted(clustering.sizes(np.array(some)).each) == sorted(
                frame[frame["cell"].isin(some)].groupby(by).size()
            )


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10)])
def test_wilson_at_another_level_is_that_of_statsmodels(k, n):
    assert wilson(k / n, n, 0.8) == pytest.approx(proportion_confint(k, n, alpha=0.2, method="wilson"), abs=1e-12)


def test_holm_s_steps_never_go_down_and_never_pass_one():
    """Worked by hand: 4·0.01, 3·0.02, max with 2·0.02, and 1 for the missing."""
    assert holm([0.02, None, 0.01, 0.02]) == [pytest.approx(0.06), None, pytest.approx(0.04), pytest.approx(0.06)]
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize("null", [0.0, 0.01, 0.4, 0.99, 1.0])
@pytest.mark.parametrize("right", [0, 1, 7, 8])
def test_an_exact_p_is_twice_the_smaller_tail_of_the_binomial(right, null):
    """Eight people answered eight images, each person and each image with the same number of right answers."""
    people, images = np.repeat(np.arange(8), 8), np.tile(np.arange(8), 8)
    y = ((people + images) % 8 < right).astype(float)
    found = proportion(cell_means(y, np.zeros(64, int), people, images, ["all"]), "all", 0.95, null)
    tails = stats.binom.cdf(right, 8, null), stats.binom.sf(right - 1, 8, null)
    assert (found.rule, found.p) == ("exact", pytest.approx(min(1, 2 * min(tails))))


def test_without_a_null_an_interval_has_no_p():
    spread = Variance(0.01, "two-way", 3, 16, 4, 4)
    assert with_interval(0.5, spread, 0.95, None).p is None
    assert with_interval(0.5, spread, 0.95, 0.5).p == 1


def test_three_people_who_count_as_two_are_said_to():
    found = with_interval(0.5, Variance(0.01, "two-way", 1.0, 10, 3, 5), 0.95)
    assert found.note == Note(estimates.UNEQUAL_NOTE, {"n": "2.0"})
    assert with_interval(0.5, Variance(0.01, "two-way", 2, 10, 3, 5), 0.95).note == NO_NOTE
    set_apart = Variance(0.01, "two-way", 1.0, 10, 3, 5, is_unequal=False)
    assert with_interval(0.5, set_apart, 0.95).note == NO_NOTE
