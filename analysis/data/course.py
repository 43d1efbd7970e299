"""How a study went for one kind of observer: amendments, pauses, looks at results and exports before the end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.data.completeness import planned_responses, reached
from analysis.data.exclusions import is_identical_pair
from analysis.data.export import Export
from analysis.data.history import Amendment
from analysis.notes import Note, marked

RATINGS = "ratings_per_item"  # the change that an extension makes
CHANGES = {RATINGS: marked("ratings per item"), "limit": marked("participants at most")}
LOOKS = {"export": marked("Data exported"), "estimates-seen": marked("Estimates looked at")}
BREAKS = {
    "study-paused": marked("Paused: nobody could join"),
    "study-closed": marked("Closed: nobody could join"),
    "study-resumed": marked("Opened again"),
}
PAUSES = ("study-paused", "study-closed")
LONGEST_TOLD = 60  # characters of a value; longer ones are texts
COLUMNS = ("at", "what", "answers", "reason")
_AMENDED = marked("Amended: {key} {before} → {after}")
_TEXT_AMENDED = marked("Amended: another text of {key} (in the export)")
_TASK_AMENDED = marked("Amended, “{task}”: {key} {before} → {after}")


@dataclass(frozen=True)
class Extension:
    """More ratings wanted of one task. `before` and `after`: planned responses; `answers`: ratings of it by then."""

    task: str
    at: pd.Timestamp
    before: int
    after: int
    answers: int
    reason: str


@dataclass(frozen=True)
class Look:
    """A look at results, or an export, when `answers` ratings were in and more were to come."""

    at: pd.Timestamp
    answers: int


@dataclass(frozen=True)
class Course:
    """`extensions`, `looks` and `pauses` (their times) in order of time. A pause is one that more answers followed.

    `steps`: a row for each of those, for other amendments, and for a study closed before its end: `at`, `what` (a
    note), `answers` (ratings by then), `reason`. `is_told`: the export says whether and when the data were looked at.
    """

    extensions: tuple[Extension, ...]
    looks: tuple[Look, ...]
    pauses: tuple[pd.Timestamp, ...]
    steps: pd.DataFrame
    is_told: bool

    @property
    def amended(self) -> pd.DataFrame:
        """The steps that changed the definition."""
        return self.steps[
            self.steps["what"].map(lambda what: what.template in (_AMENDED, _TEXT_AMENDED, _TASK_AMENDED)).astype(bool)
        ]

    def unplanned(self, task: str) -> tuple[Extension, ...]:
        """The extensions of one task that came after its first answers."""
        return tuple(extension for extension in self.extensions if extension.task == task and extension.answers)


def course(export: Export) -> Course:
    """The course of the study that `export`, which holds one kind of observer, is of."""
    rated = export.trials[(export.trials["state"] == "answered") & ~is_identical_pair(export.trials)]
    rated = rated[rated["answered_at"].notna()]
    times = rated["answered_at"]
    if rated.empty:
        return Course((), (), (), _steps([]), export.history.is_told)
    planned = sum(task.planned for task in reached(export)) or len(rated) + 1
    happenings = [h for h in export.history.happenings if _by(times, h.at) < planned]
    looks = [h for h in happenings if h.what in LOOKS]
    told = LOOKS | BREAKS
    rows = [(h.at, Note(told[h.what]), _by(times, h.at), "") for h in happenings if h.what in told]
    rows += [
        (a.at, _amended(a.task, *change), _by(rated.loc[_of_task(rated, a), "answered_at"], a.at), a.reason)
        for a in export.history.amendments
        for change in a.values
    ]
    return Course(
        extensions=tuple(_extensions(export, rated)),
        looks=tuple(Look(h.at, _by(times, h.at)) for h in looks),
        pauses=tuple(h.at for h in happenings if h.what in PAUSES and _by(times, h.at) < len(times)),
        steps=_steps(rows),
        is_told=export.history.is_told,
    )


def shares(extensions: Sequence[Extension]) -> list[float]:
    """The sizes planned before each extension and at last, as shares of the last."""
    sizes = [*(extension.before for extension in extensions), extensions[-1].after]
    return (np.array(sizes) / sizes[-1]).tolist()


def _by(times: pd.Series, moment: pd.Timestamp) -> int:
    return int((times <= moment).sum())


def _of_task(rated: pd.DataFrame, amendment: Amendment) -> pd.Series:
    return (rated["task"] == amendment.task) | (not amendment.task)


def _extensions(export: Export, rated: pd.DataFrame) -> list[Extension]:
    names = {task.name for task in export.tasks}
    return [
        Extension(
            task=a.task,
            at=a.at,
            before=planned_responses(export, a.task, before),
            after=planned_responses(export, a.task, after),
            answers=_by(rated.loc[rated["task"] == a.task, "answered_at"], a.at),
            reason=a.reason,
        )
        for a in export.history.amendments
        for key, before, after in a.values
        if key == RATINGS and a.task in names
    ]


def _amended(task: str, key: str, before: object, after: object) -> Note:
    """What was changed, in words; a key that has none is written as the definition has it."""
    if max(len(str(before)), len(str(after))) > LONGEST_TOLD:
        return Note(_TEXT_AMENDED, {"key": key})
    values = {"key": Note(CHANGES[key]) if key in CHANGES else key, "before": _shown(before), "after": _shown(after)}
    if task:
        return Note(_TASK_AMENDED, values | {"task": task})
    return Note(_AMENDED, values)


def _shown(value: object) -> object:
    return "–" if value is None else value


def _steps(rows: list[tuple[pd.Timestamp, Note, int, str]]) -> pd.DataFrame:
    return pd.DataFrame(sorted(rows, key=lambda row: row[0]), columns=list(COLUMNS)).astype({"what": object})
