"""Which trials a participant gets, over many seeds: where each kind of trial may come, and what it shows and asks."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import select

from contracts.conditions import ConditionConfig
from study.config import ParticipantsConfig, TaskConfig
from study.database.find import find_study
from study.database.schema import Item, Stimulus
from study.definition import FrozenDefinition
from study.errors import StudyFullError
from study.taking_part import trials
from study.taking_part.assignment import Candidate
from study.taking_part.trials import Choice, choose_trials, trial_row
from tests.study.samples import document, open_sample, seeing, trusting

SEEDS = range(300)


def task(kind="class-discrimination", **changes):
    networks = ["strong"] if kind == "class-discrimination" else ["strong", "weak"]
    given = {"images": 20, "ratings_per_item": 1, "trials_per_participant": 4, "methods": ["cam"], "networks": networks}
    return TaskConfig(name="t", kind=kind, **given | changes)


def item(number, image=None, second=None, foil="cat", task="t"):
    made = Item(id=number, task=task, image_id=image or f"image{number}", category="dog", foil=foil, method="cam")
    made.stimulus_a_id, made.stimulus_b_id = 100 + number, second
    return made


def mains(n, kind="class-discrimination"):
    return [Choice(item(k), kind, False) for k in range(n)]


def in_order(of, main, beside, seed):
    return trials._in_order(list(main), list(beside), of, np.random.default_rng(seed))


def test_practice_comes_first_in_its_order_with_options_by_lot():
    beside = [item(10), item(11)]
    swaps = Counter()
    for seed in SEEDS:
        order = in_order(task(practice=2), mains(3), beside, seed)
        assert [(c.item.id, c.purpose) for c in order[:2]] == [(10, "practice"), (11, "practice")]
        assert [(c.item.id, c.purpose) for c in order[2:]] == [(0, "main"), (1, "main"), (2, "main")]
        assert {c.asked for c in order} == {None}
        assert {c.kind for c in order} == {"class-discrimination"}
        swaps.update(c.swapped for c in order[:2])
    assert 0.4 < swaps[True] / swaps.total() < 0.6


def test_an_attention_check_comes_anywhere_but_before_the_first_main_trial():
    """Three main trials: places 1, 2 and 3 after them, each about equally often."""
    places, swaps, asked = Counter(), Counter(), Counter()
    for seed in SEEDS:
        order = in_order(task(attention_checks=1), mains(3), [item(10)], seed)
        (place,) = (k for k, choice in enumerate(order) if choice.purpose == "attention")
        check = order[place]
        assert (check.item.id, check.kind, len(order)) == (10, "class-discrimination", 4)
        places[place] += 1
        swaps[check.swapped] += 1
        asked[check.asked] += 1
        options = trials._options(check.item, check.kind, check.swapped, check.points)
        assert options[check.asked] == "cat", "the wrong one of the two"
    assert set(places) == {1, 2, 3}
    assert min(places.values()) > 60
    assert 0.4 < swaps[True] / 300 < 0.6
    assert set(asked) == {0, 1}


def test_an_identical_pair_comes_anywhere_after_practice_and_shows_either_picture():
    places, swaps = Counter(), Counter()
    of = task("trust", identical_pairs=1)
    for seed in SEEDS:
        order = in_order(of, mains(2, "trust"), [item(10, second=210, foil="")], seed)
        (place,) = (k for k, choice in enumerate(order) if choice.purpose == "control")
        places[place] += 1
        swaps[order[place].swapped] += 1
        assert (order[place].kind, order[place].asked) == ("trust", None)
    assert set(places) == {0, 1, 2}
    assert min(places.values()) > 60
    assert max(places.values()) < 140
    assert 0.4 < swaps[True] / 300 < 0.6


def test_practice_checks_and_pairs_take_their_items_in_turn():
    of = task("trust", practice=1, attention_checks=2, identical_pairs=1)
    beside = [item(k, second=200 + k, foil="") for k in (10, 11, 12, 13)]
    order = in_order(of, mains(4, "trust"), beside, 0)
    by_purpose = {}
    for choice in order:
        by_purpose.setdefault(choice.purpose, set()).add(choice.item.id)
    assert by_purpose == {"practice": {10}, "attention": {11, 12}, "control": {13}, "main": {0, 1, 2, 3}}


def test_every_degree_is_asked_for_where_no_answer_is_right():
    rng = np.random.default_rng(0)
    asked = {trials._asked(item(1, second=2, foil=""), task("trust"), False, rng) for _ in range(200)}
    assert asked == {0, 1, 2, 3, 4}


def test_every_point_of_a_longer_scale_is_asked_for():
    rng, of = np.random.default_rng(0), task("rating", points=9)
    assert {trials._asked(item(1), of, False, rng) for _ in range(300)} == set(range(9))


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("place", [1, 2])
def test_an_own_attention_check_asks_for_its_place_and_never_for_the_right_option(place, swapped):
    given = Choice(item(1), "class-discrimination", swapped, trials.ATTENTION, 0)
    check = trials._asking_for(place, given)
    assert check.asked == place - 1
    assert trials._options(check.item, check.kind, check.swapped, check.points)[place - 1] == "cat", "dog is right"


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("place", [1, 3, 5])
def test_an_own_attention_check_leaves_the_pictures_where_no_answer_is_right(place, swapped):
    given = Choice(item(1, second=2, foil=""), "trust", swapped, trials.ATTENTION, 0)
    assert trials._asking_for(place, given) == Choice(given.item, "trust", swapped, trials.ATTENTION, place - 1)


def test_an_own_attention_check_may_ask_for_any_point_of_a_longer_scale():
    given = Choice(item(1), "rating", True, trials.ATTENTION, 0, 9)
    assert trials._asking_for(9, given) == Choice(given.item, "rating", True, trials.ATTENTION, 8, 9)


@pytest.mark.parametrize(
    ("kind", "swapped", "options"),
    [
        ("class-discrimination", False, ["dog", "cat"]),
        ("class-discrimination", True, ["cat", "dog"]),
        ("trust", False, ["2", "1", "0", "-1", "-2"]),
        ("trust", True, ["2", "1", "0", "-1", "-2"]),
    ],
)
def test_options_are_exchanged_in_class_discrimination_alone(kind, swapped, options):
    assert trials._options(item(1), kind, swapped, 0) == options


def test_what_stands_beside_the_ratings_is_of_other_images_one_each():
    rated = [item(1, "a"), item(2, "b")]
    items = [*rated, item(3, "a"), item(4, "c"), item(5, "c"), item(6, "d"), item(7, "e"), item(8, "f"), item(9, "g")]
    of = task("trust", practice=1, attention_checks=2, identical_pairs=1)
    drawn = Counter()
    for seed in SEEDS:
        beside = trials._beside(items, rated, (), of, np.random.default_rng(seed))
        assert len({one.image_id for one in beside}) == len(beside) == 4
        assert {one.image_id for one in beside} <= set("cdefg")
        drawn.update(one.id for one in beside)
    assert set(drawn) == {4, 5, 6, 7, 8, 9}
    assert drawn[4] + drawn[5] < 290, "no image is always drawn"
    assert min(drawn[4], drawn[5]) > 70
    assert trials._beside(items[:4], rated, (), of, np.random.default_rng(0)) == [items[3]]


@pytest.mark.parametrize(
    ("swapped", "purpose", "shown"),
    [
        (False, "main", (101, 201)),
        (True, "main", (201, 101)),
        (False, "control", (101, 101)),
        (True, "control", (201, 201)),
    ],
)
def test_a_pair_s_row_has_its_sides_exchanged_and_a_control_the_left_one_twice(swapped, purpose, shown):
    row = trial_row(Choice(item(1, second=201, foil=""), "trust", swapped, purpose), 3, 7)
    assert (row["left_stimulus_id"], row["right_stimulus_id"]) == shown
    tokens = {row[name] for name in ("trial_token", "left_image_token", "right_image_token")}
    assert len(tokens) == 3
    assert {len(token) for token in tokens} == {22}


def test_a_row_of_one_picture_has_no_right_side():
    row = trial_row(Choice(item(1), "class-discrimination", True, "attention", 0), 3, 7)
    tokens = (row.pop("trial_token"), row.pop("left_image_token"))
    assert len(set(tokens)) == 2
    assert row == {
        "participant_id": 7,
        "item_id": 1,
        "position": 3,
        "task": "t",
        "image_id": "image1",
        "left_stimulus_id": 101,
        "right_stimulus_id": None,
        "option_order": ["cat", "dog"],
        "right_image_token": None,
        "state": "open",
        "is_overflow": False,
        "purpose": "attention",
        "expected_response": "cat",
    }
    plain = trial_row(Choice(item(2), "class-discrimination", False), 0, None)
    assert (plain["expected_response"], plain["purpose"], plain["participant_id"]) == (None, "main", None)


@pytest.mark.parametrize(("foil", "told"), [("incorrect", ["4", "3"]), ("correct", ["2", "1"])])
def test_an_example_to_learn_from_offers_what_it_tells(foil, told):
    assert trial_row(Choice(item(1, foil=foil), "agreement", False, "learning"), 0, 7)["option_order"] == told


def test_examples_come_first_in_any_order_and_nothing_changes_places():
    orders = set()
    for seed in range(40):
        order = in_order(
            task("agreement", networks=["strong"]).model_copy(update={"learning": 2}),
            mains(2),
            [item(8), item(9)],
            seed,
        )
        assert [c.purpose for c in order] == ["learning", "learning", "main", "main"]
        assert {(c.kind, c.swapped) for c in order[:2]} == {("agreement", False)}
        orders.add(tuple(c.item.id for c in order[:2]))
    assert orders == {(8, 9), (9, 8)}


def test_trials_of_a_longer_scale_have_all_its_points():
    of, rng = task("rating", points=9, practice=1, attention_checks=1), np.random.default_rng(0)
    items = [item(number) for number in range(6)]
    found = trials._of_task(of, items[:4], items, (), rng)
    assert next(c.purpose for c in found) == "practice"
    assert {tuple(trial_row(c, 0, 7)["option_order"]) for c in found} == {tuple("123456789")}
    assert {c.points for c in found} == {9}
    assert len(found) == 6


def test_nothing_is_planned_beside_where_nothing_is_left_to_rate():
    items = [item(number) for number in range(4)]
    assert trials._of_task(task(practice=2), [], items, (), np.random.default_rng(0)) == []


def test_of_conditions_that_lack_the_same_share_one_is_drawn():
    equal = {name: {"t": [candidate(2, load)]} for name, load in (("a", 1), ("b", 1), ("c", 2), ("d", 1))}
    drawn = Counter(trials._neediest(equal, np.random.default_rng(seed)) for seed in SEEDS)
    assert set(drawn) == {"a", "b", "d"}
    assert min(drawn.values()) > 60
    two = {name: equal[name] for name in "ab"}
    assert {trials._neediest(two, np.random.default_rng(seed)) for seed in range(20)} == {"a", "b"}


def test_one_condition_alone_takes_nothing_from_the_random_numbers():
    """Plans of a study without conditions stay those of its seed."""
    rng = np.random.default_rng(0)
    assert trials._neediest({"a": {"t": [candidate(2, 1)]}}, rng) == "a"
    assert rng.integers(1000) == np.random.default_rng(0).integers(1000)


def test_images_of_earlier_examples_come_first_where_they_are_left():
    items = [item(number, f"image{number}") for number in range(6)]
    of = task("trust", practice=2)
    for seed in range(20):
        beside = trials._beside(items, items[:1], ["image0", "image4", "image2"], of, np.random.default_rng(seed))
        assert [one.image_id for one in beside] == ["image4", "image2"]


def candidate(wanted, load):
    return Candidate(1, "image", "cell", wanted, load)


def test_the_share_missing_counts_no_item_that_has_more_than_it_needs_as_a_gain():
    """4 of 10 and 0 of 2 are missing."""
    assert trials._share_missing([candidate(10, 6), candidate(2, 5)]) == pytest.approx(4 / 12)


class Rows:
    """A session that has these items of the network "strong"."""

    def __init__(self, items):
        self.items = items

    def execute(self, _query):
        return self.items


def stored(number, of, image=None, method="cam", slot=0, wanted=1):
    made = item(number, image, task=of)
    made.method, made.slot, made.ratings_wanted = method, slot, wanted
    made.first, made.second = "strong", None
    return made


def definition_of(*tasks, which="all"):
    return FrozenDefinition(study=None, tasks=tasks, participants=ParticipantsConfig(tasks=which))


def named(name, **changes):
    return task(**changes).model_copy(update={"name": name})


def test_tasks_come_in_their_order_and_one_that_is_full_is_passed_over():
    first, full, last = (named(name, trials_per_participant=2) for name in ("first", "full", "last"))
    items = [stored(k, of) for k, of in enumerate(["last", "full", "first", "last", "full", "first"])]
    load = {1: 1, 4: 1}
    chosen = choose_trials(Rows(items), definition_of(first, full, last), 1, load, np.random.default_rng(0))
    assert [choice.item.task for choice in chosen] == ["first", "first", "last", "last"]
    assert {choice.item.id for choice in chosen} == {0, 2, 3, 5}
    with pytest.raises(StudyFullError, match=r"^this study has all the answers it needs$"):
        choose_trials(Rows([items[1], items[4]]), definition_of(full), 1, load, np.random.default_rng(0))


def test_images_of_a_kind_that_is_not_balanced_come_by_their_need_alone():
    """Whatever their wrong options."""
    items = [stored(number, "t", wanted=3) for number in range(8)]
    for other in items[4:]:
        other.foil = "horse"
    chosen = choose_trials(
        Rows(items), definition_of(task()), 1, dict.fromkeys(range(4, 8), 1), np.random.default_rng(0)
    )
    assert {choice.item.id for choice in chosen} == {0, 1, 2, 3}


def test_where_everybody_takes_one_task_it_is_the_one_that_lacks_the_largest_share():
    tasks = named("small", trials_per_participant=1), named("large", trials_per_participant=1)
    items = [stored(0, "small"), stored(1, "small"), *(stored(k, "large", wanted=2) for k in (2, 3, 4))]
    load = {0: 1, 2: 1, 3: 1}  # small lacks 1 of 2, large 4 of 6
    chosen = choose_trials(Rows(items), definition_of(*tasks, which="one"), 1, load, np.random.default_rng(0))
    assert {choice.item.task for choice in chosen} == {"large"}
    load = {2: 1, 3: 1, 4: 2}  # small lacks all, large 2 of 6
    chosen = choose_trials(Rows(items), definition_of(*tasks, which="one"), 1, load, np.random.default_rng(0))
    assert {choice.item.task for choice in chosen} == {"small"}


def test_where_everybody_takes_one_task_it_is_one_of_their_condition():
    conditions = (ConditionConfig(name="a", tasks=("first",)), ConditionConfig(name="b", tasks=("first",)))
    definition = replace(definition_of(named("first"), named("second"), which="one"), conditions=conditions)
    items = [stored(number, "first") for number in range(8)]
    for of in items:
        of.condition = "a"
    chosen = choose_trials(Rows(items), definition, 1, {}, np.random.default_rng(0))
    assert [choice.item.task for choice in chosen] == ["first"] * 4


def test_a_cell_has_the_networks_of_the_pictures(database, tmp_path):
    with database.writing() as session:
        open_sample(session, tmp_path, document(seeing(), trusting()))
        found = trials._items(session, find_study(session, "demo").id)
        network = {stimulus.id: stimulus.network for stimulus in session.scalars(select(Stimulus))} | {None: None}
    cells = {
        (row.method, row.slot, network[row.stimulus_a_id], network[row.stimulus_b_id]) for row, _ in found.values()
    }
    assert {cell for _, cell in found.values()} == cells
    assert {cell[2:] for cell in cells} == {("strong", None), ("strong", "weak")}


def test_items_of_a_cell_are_those_of_one_method_category_slot_and_network():
    """Four images × two methods × two slots, one rating each: with four trials each cell comes once."""
    items = [
        stored(8 * slot + 2 * image + method, "t", f"image{image}", ("cam", "occlusion")[method], slot)
        for slot in (0, 1)
        for image in range(4)
        for method in (0, 1)
    ]
    for seed in range(20):
        chosen = choose_trials(Rows(items), definition_of(task()), 1, {}, np.random.default_rng(seed))
        assert len({(choice.item.method, choice.item.slot) for choice in chosen}) == 4
        swaps = Counter((choice.item.method, choice.swapped) for choice in chosen)
        assert set(swaps.values()) == {1}, "each method is exchanged in one of its two trials"
