"""Distinction: a photograph, the explanations of four classes, and which of them does the network predict?"""

from collections.abc import Sequence

from contracts.tasks import KINDS
from contracts.tiles import Tiled
from study.config import TaskConfig
from study.database.schema import Item, Stimulus
from study.errors import OpeningError
from study.tasks.items import REMEDY, one_picture_each
from study.tasks.kind import Answered, Shown, StudyKind

PLACES = KINDS["distinction"].questions[0].values


def _items(task: TaskConfig, rows: Sequence[Stimulus]) -> list[Item]:
    for row in rows:
        try:
            Tiled.read(row.foil)
        except ValueError as error:
            raise OpeningError(f"task {task.name!r}: stimulus {row.stimulus_id}: {error}; {REMEDY}") from error
    return one_picture_each(task, rows)


def _truth(shown: Shown) -> tuple[str, ...]:
    found = Tiled.read(shown.foil)
    return (found.place(found.predicted),)


def _is_as_predicted(answered: Answered, _task: TaskConfig) -> bool:
    return answered.response in _truth(answered)


def _prediction_is(shown: Shown) -> str:
    return "right" if Tiled.read(shown.foil).is_right else "wrong"


KIND = StudyKind(_items, lambda _shown: PLACES, _truth, _is_as_predicted, balanced=None, sort=_prediction_is)
