"""AI check: a photograph, the network's label and confidence, an explanation, and is the label right?"""

from collections.abc import Sequence

from contracts.tasks import KINDS
from study.config import TaskConfig
from study.database.schema import Item, Stimulus
from study.errors import OpeningError
from study.tasks.items import one_picture_each
from study.tasks.kind import Answered, Shown, StudyKind

VALUES = KINDS["ai-check"].questions[0].values


def _items(task: TaskConfig, rows: Sequence[Stimulus]) -> list[Item]:
    if untold := sorted({row.image_id for row in rows if row.probability is None}):
        raise OpeningError(
            f"task {task.name!r}: the stimulus set does not tell the network's confidence for {len(untold)} images, the"
            f" first is {untold[0]}; fill in the column probability of your table of pictures, or use the kind"
            " agreement, which tells no confidence"
        )
    return one_picture_each(task, rows)


def _options(_shown: Shown) -> tuple[str, ...]:
    return VALUES


def _truth(shown: Shown) -> tuple[str, ...]:
    return tuple(value for value in VALUES if value != shown.foil)


def _is_right(answered: Answered, _task: TaskConfig) -> bool:
    return answered.response in _truth(answered)


KIND = StudyKind(_items, _options, _truth, _is_right, balanced=None, foils=VALUES)
