"""The pigeonhole bootstrap, against people and images literally drawn and their rows copied out."""

import numpy as np
import pytest

from analysis.estimation import bootstrap
from analysis.estimation.bootstrap import pigeonhole
from analysis.estimation.estimates import NO_VARIATION_NOTE, Estimate
from analysis.notes import NO_NOTE, Note

SEED = 2007


def responses(seed=1, n=150, people=12, images=9):
    rng = np.random.default_rng(seed)
    cell = rng.integers(0, 3, n)  # 2: of neither
    return rng.normal(cell, 1.0, n), cell, rng.integers(people, size=n), rng.integers(images, size=n)


def drawn(values, cell, participant, image, parts):
    """Differences of means, `parts` draws at a time; NaN where one of the two cells is empty."""
    rng, found = np.random.default_rng(SEED), []
    people, images = participant.max() + 1, image.max() + 1
    for size in parts:
        of_people = rng.multinomial(people, [1 / people] * people, size=size)
        of_images = rng.multinomial(images, [1 / images] * images, size=size)
        for p, i in zip(of_people, of_images, strict=True):
            times = p[participant] * i[image]
            one, other = (np.repeat(values[cell == c], times[cell == c]) for c in (0, 1))
            found.append(one.mean() - other.mean() if len(one) and len(other) else np.nan)
    return np.array(found)


def test_it_is_the_spread_of_the_difference_over_drawn_people_and_images():
    values, cell, participant, image = responses()
    got = pigeonhole(values, cell, participant, image, 0.9)
    keep = cell < 2
    all_of_it = drawn(values[keep], cell[keep], participant[keep], image[keep], [1000])
    low, high = np.quantile(all_of_it, [0.05, 0.95])
    assert got.value == pytest.approx(values[cell == 0].mean() - values[cell == 1].mean())
    assert (got.low, got.high, got.se) == pytest.approx((low, high, all_of_it.std(ddof=1)))
    assert got.p == pytest.approx(2 * max(min((all_of_it <= 0).mean(), (all_of_it >= 0).mean()), 1 / 1001))
    assert (got.df, got.responses, got.participants, got.images) == (8, keep.sum(), 12, 9)
    assert (got.rule, got.note) == ("bootstrap", NO_NOTE)


def test_a_draw_that_takes_one_response_of_a_cell_once_counts_it():
    """Few responses to many images: some draws take a single one."""
    values, cell, participant, image = responses(n=60, people=7, images=6)
    keep = cell < 2
    all_of_it = drawn(values[keep], cell[keep], participant[keep], image[keep], [1000])
    got = pigeonhole(values, cell, participant, image, 0.95)
    assert (got.low, got.high) == pytest.approx(tuple(np.nanquantile(all_of_it, [0.025, 0.975])))
    assert got.se == pytest.approx(np.nanstd(all_of_it, ddof=1))


def test_exactly_as_many_draws_as_are_needed_are_enough(monkeypatch):
    monkeypatch.setattr(bootstrap, "TOO_MANY_EMPTY", 0.0)
    assert pigeonhole(*responses(seed=2, n=400), 0.95).rule == "bootstrap"


def test_a_p_in_the_middle_counts_the_draws_beyond_nought_on_the_rarer_side():
    values, cell, participant, image = responses(seed=3)
    values = values - 0.7 * (cell == 1)
    keep = cell < 2
    all_of_it = drawn(values[keep], cell[keep], participant[keep], image[keep], [1000])
    rarer = min((all_of_it < 0).mean(), (all_of_it > 0).mean())
    assert 0.05 < rarer < 0.45
    assert pigeonhole(values, cell, participant, image, 0.95).p == pytest.approx(2 * rarer)


@pytest.mark.parametrize("difference", [0, 1])
def test_where_every_draw_gives_the_same_there_is_no_interval_and_the_note_says_why(difference):
    """All draws alike say nothing of other people or images: an interval of no width would be a lie."""
    cell, participant, image = np.tile([0, 1], 18), np.repeat(np.arange(6), 6), np.tile(np.repeat(np.arange(3), 2), 6)
    got = pigeonhole(1.0 - difference * cell, cell, participant, image, 0.95)
    assert got == Estimate(difference, None, None, None, 2, None, 36, 6, 3, "none", NO_VARIATION_NOTE)


def test_a_difference_on_one_side_in_every_draw_has_the_smallest_p_that_1000_draws_can_tell():
    cell, participant, image = np.tile([0, 1], 18), np.repeat(np.arange(6), 6), np.tile(np.repeat(np.arange(3), 2), 6)
    values = cell * (1.0 + 0.1 * participant)
    assert pigeonhole(values, cell, participant, image, 0.95).p == pytest.approx(2 / 1001)


@pytest.mark.parametrize("side", [0, 1])
def test_draws_of_no_difference_count_on_both_sides(side):
    """One answer of 200 differs; its person and its image are both drawn in (1 − 0.9¹⁰)² = 42 % of the draws. In the
    others there is no difference, so more than half of all are not above 0, none is below, and p is 1."""
    participant, image = np.repeat(np.arange(10), 20), np.tile(np.repeat(np.arange(10), 2), 10)
    cell, values = np.tile([0, 1], 100), np.ones(200)
    values[side] = 0.0
    got = pigeonhole(values, cell, participant, image, 0.95)
    assert (got.value, got.p) == (pytest.approx(-0.01 if side == 0 else 0.01), 1.0)


def test_draws_are_made_in_parts_where_all_at_once_would_take_too_much_memory(monkeypatch):
    values, cell, participant, image = responses(seed=5)
    keep = cell < 2
    monkeypatch.setattr(bootstrap, "CHUNK", 12 * 300 + 11)  # 300 draws of the 12 people at a time
    got = pigeonhole(values, cell, participant, image, 0.95)
    in_parts = drawn(values[keep], cell[keep], participant[keep], image[keep], [300, 300, 300, 100])
    assert (got.low, got.high) == pytest.approx(tuple(np.quantile(in_parts, [0.025, 0.975])))
    monkeypatch.setattr(bootstrap, "CHUNK", 1)
    one_by_one = drawn(values[keep], cell[keep], participant[keep], image[keep], [1] * 1000)
    assert pigeonhole(values, cell, participant, image, 0.95).se == pytest.approx(one_by_one.std(ddof=1))


def test_draws_that_leave_a_cell_empty_are_left_out_while_they_are_few():
    """Cell 1 has responses to two of ten images only: none of them is drawn in (8/10)^10 = 11 % of the draws; to four of
    ten, in (6/10)^10 = 0.6 %."""
    participant, image = np.repeat(np.arange(10), 10), np.tile(np.arange(10), 10)
    values = np.random.default_rng(0).normal(size=100)
    got = pigeonhole(values, (image < 4).astype(int), participant, image, 0.95)
    all_of_it = drawn(values, (image < 4).astype(int), participant, image, [1000])
    assert 0 < np.isnan(all_of_it).sum() < 50
    assert (got.low, got.high) == pytest.approx(tuple(np.nanquantile(all_of_it, [0.025, 0.975])))
    assert got.se == pytest.approx(np.nanstd(all_of_it, ddof=1))
    rarer = min((all_of_it <= 0).sum(), (all_of_it >= 0).sum()) / np.isfinite(all_of_it).sum()
    assert got.p == pytest.approx(2 * rarer)
    refused = pigeonhole(values, (image < 2).astype(int), participant, image, 0.95)
    note = Note("No interval: too few participants or images to draw from.")
    difference = values[image >= 2].mean() - values[image < 2].mean()
    assert refused == Estimate(pytest.approx(difference), None, None, None, 9, None, 100, 10, 10, "none", note)


@pytest.mark.parametrize(("people", "images"), [(1, 6), (6, 1)])
def test_one_person_or_one_image_cannot_be_drawn_from(people, images):
    participant, image = np.arange(12) % people, np.arange(12) % images
    got = pigeonhole(np.arange(12.0), np.arange(12) // 6, participant, image, 0.95)
    note = Note("No interval: too few participants or images to draw from.")
    assert got == Estimate(-6.0, None, None, None, 0, None, 12, people, images, "none", note)


@pytest.mark.parametrize("cell", [[0, 0, 0], [1, 1, 1], [2, 2, 2]])
def test_a_side_without_responses_has_no_difference(cell):
    got = pigeonhole(np.ones(3), np.array(cell), np.arange(3), np.arange(3), 0.95)
    assert got == Estimate(None, None, None, None, 0, None, 0, 0, 0, "none", Note("No responses in one of the two."))


def test_two_people_and_two_images_are_enough():
    participant, image = np.repeat([0, 1], 4), np.tile([0, 0, 1, 1], 2)
    cell = np.tile([0, 1], 4)
    assert pigeonhole(np.arange(8.0) ** 2, cell, participant, image, 0.95).rule == "bootstrap"
