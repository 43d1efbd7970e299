"""How many of the ratings that a study planned were given, so that one closed early says so."""

from dataclasses import dataclass

from analysis.data.export import Export
from analysis.display.wording import Wording, count, percent
from analysis.tasks.biases import is_identical_pair


@dataclass(frozen=True)
class Reached:
    """One task's ratings: those given in planned places, and how many were planned."""

    task: str
    given: int
    planned: int

    @property
    def is_complete(self) -> bool:
        return self.given >= self.planned


def reached(export: Export) -> tuple[Reached, ...]:
    """How far each task came whose definition tells its size. `export` holds one kind of observer."""
    given = given_by_task(export)
    sized = [t["name"] for t in export.definition.get("tasks", ()) if "images" in t and "ratings_per_item" in t]
    return tuple(Reached(name, given.get(name, 0), planned_responses(export, name)) for name in sized)


def unfinished(ratings: tuple[Reached, ...], say: Wording) -> str:
    """Which tasks lack ratings, in words: "“seeing” 66 of 96 (68.8%)"; empty when none does."""
    return "; ".join(
        say(
            "“{task}” {given} of {planned} ({share})",
            task=r.task, given=count(r.given), planned=count(r.planned), share=percent(r.given / r.planned),
        )
        for r in ratings
        if not r.is_complete
    )  # fmt: skip


def given_by_task(export: Export) -> dict[str, int]:
    """Responses that fill planned places: who is left out of the analysis by a rule has filled theirs all the same."""
    refilled = export.participants.loc[export.participants["excluded"], "participant_id"]
    trials = export.trials[~is_identical_pair(export.trials)]
    trials = trials[(trials["state"] == "answered") & ~trials["is_overflow"]]
    return trials.loc[~trials["participant_id"].isin(refilled), "task"].value_counts().to_dict()


def planned_responses(export: Export, task_name: str) -> int:
    """How many responses the definition plans for a task: items × ratings of each."""
    task = next(t for t in export.definition["tasks"] if t["name"] == task_name)
    shown = 1 if task["kind"] == "trust" else 2 * len(task["networks"])
    return task["images"] * shown * len(task["methods"]) * task["ratings_per_item"]
