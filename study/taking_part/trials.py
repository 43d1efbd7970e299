"""Which trials a participant gets: examples, practice, then items with attention checks and identical pairs among."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, permutations
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from contracts.tasks import KINDS
from study.config import TaskConfig
from study.database.schema import ATTENTION, CONTROL, LEARNING, MAIN, OPEN, PRACTICE, Item, Stimulus
from study.definition import FrozenDefinition
from study.errors import StudyFullError
from study.security import new_token
from study.taking_part.assignment import Candidate, alternate, choose, in_turn
from study.tasks.kinds import STUDY_KINDS
from study.words import OwnWords


@dataclass(frozen=True)
class Choice:
    """A trial to be planned. `swapped` exchanges what its kind swaps, pictures or options; a control shows on both
    sides what would be on the left. `asked` is the place of the option that an attention check asks for."""

    item: Item
    kind: str
    swapped: bool
    purpose: str = MAIN
    asked: int | None = None
    points: int = 0  # of the task's scale; 0: as its kind has it
    order: tuple[str, ...] = ()  # of the options, where each person has an order of their own


def choose_trials(
    session: Session, definition: FrozenDefinition, study_id: int, load: dict[int, int], rng: np.random.Generator
) -> list[Choice]:
    """A participant's trials in order, task after task, all of one condition; `load` as `loads` gives it.

    The condition is the one that lacks most, as a share of its ratings: so all fill alike, and places of people who
    left or are excluded are filled again in the same condition.

    Within each task: examples, practice, then the trials that count, with the attention checks and identical pairs
    among them. A task that repeats another has the same examples and, as far as they need ratings, the same images.
    Left and right, or the two options, are exchanged fairly within each task and each of its methods.
    Raises StudyFullError when no task has a trial left to give.
    """
    items = _items(session, study_id)
    kinds = {task.name: task.kind for _, part in definition.by_condition for task in part.tasks}
    conditions: dict[str, dict[str, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for item, cell in items.values():
        kind = kinds[item.task]
        sort = STUDY_KINDS[kind].sort(item) if KINDS[kind].is_balanced else None
        needs = Candidate(item.id, item.image_id, cell, item.ratings_wanted, load.get(item.id, 0), sort)
        conditions[item.condition][item.task].append(needs)
    condition = _neediest(conditions, rng)
    candidates = conditions[condition]
    tasks: Sequence[TaskConfig] = definition.in_condition(condition).tasks
    if definition.participants.tasks == "one":
        tasks = [max(tasks, key=lambda task: _share_missing(candidates[task.name]))]
    chosen: list[Choice] = []
    for task in tasks:
        again = _images(chosen, task.repeats, MAIN)
        open_ = [c for c in candidates[task.name] if not again or c.image_id in again]
        picked = choose(open_, task.trials_per_participant, rng)
        rated, all_items = ([items[c.item_id][0] for c in some] for some in (picked, candidates[task.name]))
        chosen += _of_task(task, rated, all_items, _images(chosen, task.repeats, LEARNING), rng)
    if not chosen:
        raise StudyFullError("this study has all the answers it needs")
    return chosen


def _images(chosen: Sequence[Choice], task: str | None, purpose: str) -> list[str]:
    """Of the trials of this task and purpose, in their order."""
    return [choice.item.image_id for choice in chosen if choice.item.task == task and choice.purpose == purpose]


def _items(session: Session, study_id: int) -> dict[int, tuple[Any, Hashable]]:
    """item id → its columns and its cell, in the order of the ids. Plain rows take half the time of objects."""
    first, second = aliased(Stimulus), aliased(Stimulus)
    rows = session.execute(
        select(*Item.__table__.c, first.network.label("first"), second.network.label("second"))
        .join(first, Item.stimulus_a_id == first.id)
        .outerjoin(second, Item.stimulus_b_id == second.id)
        .where(Item.study_id == study_id)
        .order_by(Item.id)
    )
    return {row.id: (row, (row.method, row.slot, row.first, row.second)) for row in rows}


def _of_task(
    task: TaskConfig, rated: Sequence[Item], all_items: Sequence[Item], learned: Sequence[str], rng: np.random.Generator
) -> list[Choice]:
    """The task's trials in order; none where nothing is left to rate. `learned`: images of its examples."""
    swapped = alternate([item.method for item in rated], rng)
    main = [Choice(item, task.kind, swap, points=task.points) for item, swap in zip(rated, swapped, strict=True)]
    trials = _in_order(main, _beside(all_items, rated, learned, task, rng), task, rng) if main else []
    return [_shuffled(trial, rng) for trial in trials] if KINDS[task.kind].has_own_orders else trials


def _shuffled(choice: Choice, rng: np.random.Generator) -> Choice:
    """With its options in any order; that of an attention check has no right option in the place asked for."""
    kind = STUDY_KINDS[choice.kind]
    orders = list(permutations(kind.options(choice.item)))
    if choice.asked is not None:
        orders = [order for order in orders if order[choice.asked] not in kind.truth(choice.item)]
    return replace(choice, order=orders[int(rng.integers(len(orders)))])


def _beside(
    items: Sequence[Item], picked: Sequence[Item], learned: Sequence[str], task: TaskConfig, rng: np.random.Generator
) -> list[Item]:
    """Items for examples, practice, checks and controls: one each of images that the participant does not rate in this
    task, first of those `learned`. Of a balanced kind equally many have each right answer, as far as there are."""
    rated = {item.image_id for item in picked}
    by_image: dict[str, list[Item]] = {}
    for item in items:
        if item.image_id not in rated:
            by_image.setdefault(item.image_id, []).append(item)
    images = [str(image) for image in rng.permutation(sorted(by_image))]
    if KINDS[task.kind].is_balanced:
        images = in_turn(images, {image: STUDY_KINDS[task.kind].sort(found[0]) for image, found in by_image.items()})
    images = [*(i for i in learned if i in by_image), *(i for i in images if i not in learned)]
    images = images[: task.learning + task.practice + task.attention_checks + task.identical_pairs]
    return [by_image[image][rng.integers(len(by_image[image]))] for image in images]


def _in_order(main: list[Choice], beside: list[Item], task: TaskConfig, rng: np.random.Generator) -> list[Choice]:
    """Examples, then practice with a random order of options; attention checks anywhere behind the first main trial.

    Identical pairs come anywhere after practice, and show the picture of either network at random.
    """
    learned, beside = beside[: task.learning], beside[task.learning :]
    rng.shuffle(learned)
    examples = [Choice(item, task.kind, False, LEARNING) for item in learned]
    practice = [
        Choice(item, task.kind, bool(rng.integers(2)), PRACTICE, points=task.points) for item in beside[: task.practice]
    ]
    controls = beside[task.practice + task.attention_checks :]
    for item in beside[task.practice : task.practice + task.attention_checks]:
        swapped = bool(rng.integers(2))
        asked = _asked(item, task, swapped, rng)
        main.insert(
            int(rng.integers(1, len(main) + 1)), Choice(item, task.kind, swapped, ATTENTION, asked, task.points)
        )
    for item in controls:
        main.insert(int(rng.integers(len(main) + 1)), Choice(item, task.kind, bool(rng.integers(2)), CONTROL))
    return examples + practice + _with_own_places(main, task)


def _asked(item: Item, task: TaskConfig, swapped: bool, rng: np.random.Generator) -> int:
    """The place of the option that an attention check names: a wrong one, where there is a right one.

    People who only answer what they see then do not pass by chance.
    """
    possible = _wrong_places(item, task.kind, swapped, task.points)
    return possible[int(rng.integers(len(possible)))]


def _wrong_places(item: Item, kind: str, swapped: bool, points: int) -> list[int]:
    """Places of the options that are not the right one: all, where none is."""
    truth = STUDY_KINDS[kind].truth(item)
    return [place for place, option in enumerate(_options(item, kind, swapped, points)) if option not in truth]


def _with_own_places(trials: Sequence[Choice], task: TaskConfig) -> list[Choice]:
    """Attention checks of the task's own words ask for the place that these say."""
    own = next(iter(task.words.values()), OwnWords()).attention  # languages differ in their texts alone
    places = cycle(check.choose for check in own)
    return [_asking_for(next(places), c) if own and c.purpose == ATTENTION else c for c in trials]


def _asking_for(place: int | None, choice: Choice) -> Choice:
    """`place` counts from 1; where the right option would be there, it changes places with the other."""
    if place is None:
        return choice
    is_wrong = place - 1 in _wrong_places(choice.item, choice.kind, choice.swapped, choice.points)
    return replace(choice, asked=place - 1, swapped=choice.swapped if is_wrong else not choice.swapped)


def _options(item: Item, kind: str, swapped: bool, points: int) -> list[str]:
    """The values of the first question in the order in which they are shown."""
    options = list(KINDS[kind].values_of(points) if points else STUDY_KINDS[kind].options(item))
    return options[::-1] if swapped and KINDS[kind].swaps == "options" else options


def _neediest(conditions: Mapping[str, Mapping[str, list[Candidate]]], rng: np.random.Generator) -> str:
    """The condition that lacks the greatest share of its ratings, a random one of equals."""
    missing = {
        name: _share_missing([c for some in tasks.values() for c in some]) for name, tasks in sorted(conditions.items())
    }
    equals = [name for name, share in missing.items() if share == max(missing.values())]
    return equals[int(rng.integers(len(equals)))]  # of one alone, without drawing


def _share_missing(candidates: list[Candidate]) -> float:
    missing = sum(max(0, candidate.wanted - candidate.load) for candidate in candidates)
    return missing / sum(candidate.wanted for candidate in candidates)


def trial_row(choice: Choice, position: int, participant_id: int | None) -> dict[str, object]:
    """A row of `trial`; without a participant, of a preview."""
    item = choice.item
    options = list(choice.order) or _options(item, choice.kind, choice.swapped, choice.points)
    if choice.purpose == LEARNING:
        options = list(STUDY_KINDS[choice.kind].truth(item))  # told, and acknowledged
    left, right = item.stimulus_a_id, item.stimulus_b_id
    if right is not None:
        left, right = (right, left) if choice.swapped and KINDS[choice.kind].swaps == "pictures" else (left, right)
        right = left if choice.purpose == CONTROL else right
    return {
        "participant_id": participant_id,
        "item_id": item.id,
        "position": position,
        "task": item.task,
        "image_id": item.image_id,
        "left_stimulus_id": left,
        "right_stimulus_id": right,
        "option_order": options,
        "trial_token": new_token(),
        "left_image_token": new_token(),
        "right_image_token": None if right is None else new_token(),
        "state": OPEN,
        "is_overflow": False,
        "purpose": choice.purpose,
        "expected_response": None if choice.asked is None else options[choice.asked],
    }
