"""How far each condition of a study is: the people in it, and its ratings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from study.conduct.balance import ItemCount, ItemFacts
from study.conduct.flow import Visit
from study.definition import FrozenDefinition


@dataclass(frozen=True)
class ConditionProgress:
    """People in one condition, without those who withdrew, and its ratings.

    `excluded` are among `joined`, and may be among `finished`. `missing`: ratings that each of its tasks lacks.
    """

    name: str
    joined: int
    finished: int
    excluded: int
    ratings: int
    wanted: int
    missing: tuple[int, ...]


def conditions(
    definition: FrozenDefinition, people: Sequence[Visit], items: Sequence[ItemFacts], counts: Sequence[ItemCount]
) -> tuple[ConditionProgress, ...]:
    """In the definition's order; all people together under the empty name where there are no conditions."""
    facts = {item.id: item for item in items}
    given, wanted = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for item in items:
        wanted[item.condition, item.task] += item.ratings_wanted
    for count in counts:
        if count.is_rating and (item_of := facts.get(count.item_id)):
            given[item_of.condition, item_of.task] += count.answers
    return tuple(
        _condition(name, [task.name for task in part.tasks], people, given, wanted)
        for name, part in definition.by_condition
    )


def _condition(
    name: str,
    tasks: Sequence[str],
    people: Sequence[Visit],
    given: Counter[tuple[str, str]],
    wanted: Counter[tuple[str, str]],
) -> ConditionProgress:
    dealt = [visit for visit in people if visit.condition == name]
    return ConditionProgress(
        name=name,
        joined=len(dealt),
        finished=sum(visit.finished_at is not None for visit in dealt),
        excluded=sum(visit.exclusion_reason is not None for visit in dealt),
        ratings=sum(given[name, task] for task in tasks),
        wanted=sum(wanted[name, task] for task in tasks),
        missing=tuple(wanted[name, task] - given[name, task] for task in tasks),
    )
