"""Who rated what how often, and whether methods were shown equally often, first or second, early or late."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from contracts.tasks import KINDS
from study.database.schema import ANSWERED, MAIN, Item, Participant, Stimulus, Study, Trial
from study.definition import frozen_definition
from study.tasks.kinds import STUDY_KINDS


@dataclass(frozen=True)
class ItemCount:
    """Main answers to an item shown in one way. `places`: the sum of their places in the participants' sessions."""

    item_id: int
    is_rating: bool  # within k and of a participant who is not excluded
    is_overflow: bool
    left_stimulus_id: int
    first_option: str
    answers: int
    places: int


@dataclass(frozen=True)
class Cell:
    """A method of a task (and network, where a trial shows one). `first`: how many ratings had the truth first, or the
    first network on the left."""

    method: str
    network: str  # empty where an item shows several
    ratings: int
    wanted: int
    first: int
    mean_place: float | None


@dataclass(frozen=True)
class ItemFacts:
    """What must be known of an item to count it."""

    id: int
    condition: str  # empty: the study has none
    task: str
    kind: str
    image_id: str
    method: str
    category: str
    foil: str
    network: str  # empty where the item shows several
    stimulus_a_id: int
    ratings_wanted: int


def item_facts(session: Session, study: Study) -> list[ItemFacts]:
    """The study's items in their order."""
    rows = session.execute(
        select(
            Item.id,
            Item.condition,
            Item.task,
            Item.image_id,
            Item.method,
            Item.category,
            Item.foil,
            Stimulus.network,
            Item.stimulus_a_id,
            Item.ratings_wanted,
        )
        .join(Stimulus, Item.stimulus_a_id == Stimulus.id)
        .where(Item.study_id == study.id)
        .order_by(Item.id)
    )
    kinds = {task.name: task.kind for task in frozen_definition(study).tasks}
    return [
        ItemFacts(
            id, condition, task, kinds[task], image, method, category, foil, _network(network, kinds[task]), a, wanted
        )
        for id, condition, task, image, method, category, foil, network, a, wanted in rows
    ]


def _network(network: str, kind: str) -> str:
    return network if KINDS[kind].networks is None else ""


def item_counts(session: Session, study: Study) -> dict[str, list[ItemCount]]:
    """observer kind → counts; one pass over the study's trials, added up by the database."""
    shown = cast(Trial.option_order, String)
    by = (
        Participant.observer_kind,
        Participant.excluded,
        Trial.item_id,
        Trial.is_overflow,
        Trial.left_stimulus_id,
        shown,
    )
    rows = session.execute(
        select(*by, func.count(), func.sum(Trial.position))
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study.id, Trial.state == ANSWERED, Trial.purpose == MAIN)
        .group_by(*by)
    )
    counts: dict[str, list[ItemCount]] = defaultdict(list)
    for kind, excluded, item_id, is_overflow, left, options, answers, places in rows:
        is_rating = not excluded and not is_overflow
        counts[kind].append(ItemCount(item_id, is_rating, is_overflow, left, json.loads(options)[0], answers, places))
    return counts


def cells(items: Sequence[ItemFacts], counts: Sequence[ItemCount]) -> tuple[Cell, ...]:
    """The methods of these items, all of one task, in the items' order."""
    facts = {item.id: item for item in items}
    wanted: dict[tuple[str, str], int] = defaultdict(int)
    for item in items:
        wanted[_shown(item)] += item.ratings_wanted
    ratings, first, places = (defaultdict[tuple[str, str], int](int) for _ in range(3))
    for count in counts:
        if count.is_rating and (counted := facts.get(count.item_id)):
            ratings[_shown(counted)] += count.answers
            places[_shown(counted)] += int(count.places)
            first[_shown(counted)] += count.answers * _is_first(counted, count)
    return tuple(
        Cell(*arm, ratings[arm], n, first[arm], places[arm] / ratings[arm] + 1 if ratings[arm] else None)
        for arm, n in wanted.items()
    )


def _shown(item: ItemFacts) -> tuple[str, str]:
    return item.method, item.network


def _is_first(item: ItemFacts, count: ItemCount) -> bool:
    if KINDS[item.kind].swaps == "options":
        return count.first_option == STUDY_KINDS[item.kind].options(item)[0]
    return count.left_stimulus_id == item.stimulus_a_id
