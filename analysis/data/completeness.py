"""How many of the ratings that a study planned were given, so that one closed early says so."""

from dataclasses import dataclass
from typing import Any

from analysis.data.exclusions import is_identical_pair
from analysis.data.export import Export
from contracts.conditions import by_condition
from contracts.foils import ANNOTATED
from contracts.observers import MACHINE, observer_of
from contracts.tasks import KINDS


@dataclass(frozen=True)
class Reached:
    """One task's ratings: those given in planned places, and how many were planned."""

    task: str
    given: int
    planned: int

    @property
    def is_complete(self) -> bool:
        return self.given >= self.planned


@dataclass(frozen=True)
class People:
    """How many people `joined`, and how many of them withdrew, did not finish, or are excluded."""

    joined: int
    withdrew: int
    unfinished: int
    excluded: int

    @property
    def all_stayed(self) -> bool:
        return not (self.withdrew or self.unfinished or self.excluded)


def people(export: Export, excluded: int) -> People:
    """Of `export`, which holds one kind of observer and of which the analysis excludes `excluded` people."""
    withdrew, unfinished = sum(export.withdrawn.values()), int((~export.participants["completed"]).sum())
    return People(len(export.participants) + withdrew, withdrew, unfinished, excluded)


def reached(export: Export) -> tuple[Reached, ...]:
    """How far each task came whose definition tells its size. `export` holds one kind of observer.

    Empty for machine observers: the ratings of the definition are people's, and machines answer what `observe` deals.
    """
    if any(observer_of(kind).family == MACHINE for kind in export.observer_kinds):
        return ()
    given = given_by_task(export)
    sized = [t["name"] for t in export.definition.get("tasks", ()) if "images" in t and "ratings_per_item" in t]
    return tuple(Reached(name, given.get(name, 0), planned_responses(export, name)) for name in sized)


def given_by_task(export: Export) -> dict[str, int]:
    """Responses that fill planned places: who is left out of the analysis by a rule has filled theirs all the same."""
    refilled = export.participants.loc[export.participants["excluded"], "participant_id"]
    trials = export.trials[~is_identical_pair(export.trials)]
    trials = trials[(trials["state"] == "answered") & ~trials["is_overflow"]]
    return trials.loc[~trials["participant_id"].isin(refilled), "task"].value_counts().to_dict()


def planned_responses(export: Export, task_name: str, ratings: int | None = None) -> int:
    """How many responses the definition plans for a task: items × ratings of each, which may have been others once.

    Each condition that shows an item wants its ratings anew.
    """
    task = next(t for t in export.definition["tasks"] if t["name"] == task_name)
    items = sum(map(items_per_image, by_condition(export.conditions, task)))
    return task["images"] * items * (task["ratings_per_item"] if ratings is None else ratings)


def items_per_image(task: dict[str, Any]) -> int:
    """Items that a task's section makes of each image."""
    return KINDS[task["kind"]].items_per_image(len(task["methods"]), len(task["networks"]), task.get("foil", ANNOTATED))
