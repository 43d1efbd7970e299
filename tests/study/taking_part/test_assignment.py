"""Exactly k ratings for every item, no image twice, balanced within the person: on plain data, for many seeds."""

from collections import Counter, deque
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.taking_part.assignment import Candidate, alternate, choose, in_turn


@dataclass
class Bench:
    """A task's items and their ratings, kept without a database."""

    images: int
    cells: int
    k: int
    trials: int
    answered: Counter[int] = field(default_factory=Counter)
    leased: Counter[int] = field(default_factory=Counter)

    def candidates(self) -> list[Candidate]:
        return [
            Candidate(i, f"image-{i // self.cells}", i % self.cells, self.k, self.answered[i] + self.leased[i])
            for i in range(self.images * self.cells)
        ]

    def join(self, rng: np.random.Generator) -> list[int]:
        chosen = choose(self.candidates(), self.trials, rng)
        assert len({c.image_id for c in chosen}) == len(chosen)
        ids = [c.item_id for c in chosen]
        self.leased.update(ids)
        return ids

    def answer(self, ids: list[int]) -> None:
        self.leased.subtract(ids)
        self.answered.update(ids)

    def ratings(self) -> set[int]:
        return {self.answered[i] for i in range(self.images * self.cells)}


SIZES = [
    pytest.param(45, 8, 9, 45, id="paper-discrimination"),
    pytest.param(40, 2, 18, 20, id="paper-trust"),
    pytest.param(18, 8, 9, 18, id="demo-discrimination"),
    pytest.param(12, 2, 36, 12, id="demo-trust"),
    pytest.param(7, 6, 5, 3, id="few-trials"),
]


@pytest.mark.parametrize(("images", "cells", "k", "trials"), SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_as_many_participants_as_arithmetic_needs_give_exactly_k(images, cells, k, trials, seed):
    bench, rng = Bench(images, cells, k, trials), np.random.default_rng(seed)
    for _ in range(images * cells * k // trials):
        ids = bench.join(rng)
        assert len(ids) == trials
        bench.answer(ids)
    assert bench.ratings() == {k}
    assert bench.join(rng) == []


@pytest.mark.parametrize(("images", "cells", "k", "trials"), SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_dropouts_and_expired_leases_leave_exactly_k_without_overflow(images, cells, k, trials, seed):
    """Twenty people are always at it; a fifth of them stops somewhere, and their places come back later."""
    bench, rng = Bench(images, cells, k, trials), np.random.default_rng(100 + seed)
    at_work: deque[list[int]] = deque()
    while True:
        ids = bench.join(rng)
        if ids:
            at_work.append(ids)
        elif not at_work:
            break
        if len(at_work) > 20 or not ids:
            ids = at_work.popleft()
            done = ids[: rng.integers(len(ids))] if rng.random() < 0.2 else ids
            bench.answer(done)
            bench.leased.subtract(ids[len(done) :])
    assert bench.ratings() == {k}


@pytest.mark.parametrize(("images", "cells", "k", "trials"), SIZES)
def test_each_person_sees_all_conditions_equally_often(images, cells, k, trials):
    """Within ⌈trials / cells⌉, for all but the last tenth of the participants, who take what is left."""
    bench, rng = Bench(images, cells, k, trials), np.random.default_rng(5)
    participants = images * cells * k // trials
    within = 0
    for _ in range(participants):
        ids = bench.join(rng)
        bench.answer(ids)
        within += max(Counter(i % cells for i in ids).values()) <= -(-trials // cells)
    assert within >= 0.9 * participants


def test_loads_stay_level_all_along():
    bench, rng = Bench(45, 8, 9, 45), np.random.default_rng(6)
    for n in range(1, 73):
        bench.answer(bench.join(rng))
        low, high = min(bench.answered[i] for i in range(360)), max(bench.answered.values())
        assert high - low <= 2, f"after {n} participants"


@settings(max_examples=150)
@given(data=st.data())
def test_whatever_the_loads_the_choice_is_as_long_as_possible_and_breaks_no_rule(data):
    images, cells = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 4))
    k, trials = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 8))
    exists = data.draw(st.lists(st.booleans(), min_size=images * cells, max_size=images * cells))
    load = data.draw(st.lists(st.integers(0, k + 1), min_size=images * cells, max_size=images * cells))
    candidates = [
        Candidate(i, f"image-{i // cells}", i % cells, k, load[i]) for i in range(images * cells) if exists[i]
    ]
    chosen = choose(candidates, trials, np.random.default_rng(data.draw(st.integers(0, 99))))
    open_images = {c.image_id for c in candidates if c.load < k}
    assert all(c.load < k for c in chosen)
    assert len({c.image_id for c in chosen}) == len(chosen) == min(trials, len(open_images))


def test_the_neediest_images_come_first():
    rested = [Candidate(i, f"rested-{i}", "cell", 9, 5) for i in range(10)]
    needy = [Candidate(10 + i, f"needy-{i}", "cell", 9, 4) for i in range(3)]
    chosen = choose(rested + needy, 4, np.random.default_rng(0))
    assert {c.image_id for c in needy} < {c.image_id for c in chosen}


def test_two_items_with_one_rating_each_are_preferred_to_one_with_two_and_one_without():
    """Both have two ratings together; the loads stay level."""
    loads = {("a", 1): 0, ("a", 2): 1, ("b", 1): 1, ("b", 2): 2}
    candidates = [Candidate(i, image, cell, 9, load) for i, ((image, cell), load) in enumerate(loads.items())]
    for seed in range(20):
        chosen = choose(candidates, 2, np.random.default_rng(seed))
        assert {candidate.load for candidate in chosen} == {1}


def test_images_of_each_sort_come_in_turn_and_in_their_order():
    assert in_turn(["z", "x", "a", "y", "b"], dict.fromkeys("xyz", "left") | dict.fromkeys("ab", "right")) == [
        *("z", "a"),
        *("x", "b"),
        "y",
    ]


def test_the_order_of_trials_is_random():
    candidates = [Candidate(i, f"image-{i}", i % 2, 3, 0) for i in range(12)]
    orders = {tuple(c.item_id for c in choose(candidates, 12, np.random.default_rng(seed))) for seed in range(20)}
    assert len(orders) == 20


@settings(max_examples=100)
@given(cells=st.lists(st.integers(0, 4), max_size=40), seed=st.integers(0, 999))
def test_sides_are_fair_over_all_and_within_each_method(cells, seed):
    coins = alternate(cells, np.random.default_rng(seed))
    for cell in [None, *set(cells)]:
        heads = sum(coin for coin, own in zip(coins, cells, strict=True) if cell is None or own == cell)
        total = len(cells) if cell is None else cells.count(cell)
        assert abs(2 * heads - total) <= 1


def test_the_side_of_one_trial_alone_is_random():
    draws = [alternate([0], np.random.default_rng(seed))[0] for seed in range(2000)]
    assert np.mean(draws) == pytest.approx(0.5, abs=0.05)  # 4.5 standard errors


def test_sides_are_random_trial_by_trial():
    draws = np.array([alternate([0, 0, 0, 1, 1, 1], np.random.default_rng(seed)) for seed in range(2000)])
    assert np.allclose(draws.mean(axis=0), 0.5, atol=0.05)  # 0.05 is 4.5 standard errors


@pytest.mark.parametrize("seed", range(3))
def test_everybody_gets_equally_many_images_of_each_sort_and_each_item_its_ratings(seed):
    """HIVE: 100 images, 50 people, five right and five wrong predictions each."""
    rng, load = np.random.default_rng(seed), Counter[int]()
    for _ in range(50):
        candidates = [Candidate(i, f"image-{i}", "cell", 5, load[i], sort=i % 2) for i in range(100)]
        chosen = choose(candidates, 10, rng)
        assert Counter(c.sort for c in chosen) == {0: 5, 1: 5}
        load.update(c.item_id for c in chosen)
    assert set(load.values()) == {5}
