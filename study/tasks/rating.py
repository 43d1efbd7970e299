"""Rating: photographs, what one network predicts and why, and would you recommend this network?"""

from collections.abc import Sequence

from contracts.sheets import Sheet
from contracts.tasks import KINDS
from study.config import TaskConfig
from study.database.schema import Item, Stimulus
from study.errors import OpeningError
from study.tasks.items import REMEDY, one_picture_each
from study.tasks.kind import Answered, Shown, StudyKind

_FACTS = KINDS["rating"]


def _of_each_network(task: TaskConfig, rows: Sequence[Stimulus]) -> list[Item]:
    """An item for each image, method and network, of the category that this network predicts."""
    images = {row.image_id for row in rows}
    items = []
    _require_sheets(task, rows)
    for network in task.networks:
        own = [row for row in rows if row.network == network]
        if len(found := {row.image_id for row in own}) < len(images):
            raise OpeningError(
                f"task {task.name!r}: of its {len(images)} images the stimulus set has {len(found)} with explanations"
                f" of network {network!r}; {REMEDY}"
            )
        items += one_picture_each(task.model_copy(update={"networks": (network,)}), own)
    return items


def _require_sheets(task: TaskConfig, rows: Sequence[Stimulus]) -> None:
    held = {row: Sheet.found(row.foil) for row in rows} if task.explanations > 1 else {}
    for row, sheet in held.items():
        if sheet is None or len(sheet.held) != task.explanations:
            there = len(sheet.held) if sheet else 1
            raise OpeningError(
                f"task {task.name!r} shows {task.explanations} photographs together, and stimulus {row.stimulus_id}"
                f" holds {there}; {REMEDY}"
            )


def _options(_shown: Shown) -> tuple[str, ...]:
    return _FACTS.questions[0].values


def _score(answered: Answered, task: TaskConfig) -> float:
    """The point on the scale from 1 to 5, however many points were shown."""
    shown = len(task.questions[0].values)
    return _FACTS.least + _FACTS.length * (int(answered.response) - 1) / (shown - 1)


KIND = StudyKind(_of_each_network, _options, lambda _shown: (), _score, balanced=None)
