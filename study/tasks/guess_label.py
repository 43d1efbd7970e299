"""Guessing a label: a photograph that the network got wrong; which of five labels did the network give?"""

from collections.abc import Sequence

from contracts.label_choice import LabelChoice
from contracts.tasks import KINDS
from study.config import TaskConfig
from study.database.schema import Item, Stimulus
from study.errors import OpeningError
from study.tasks.items import REMEDY, one_picture_each
from study.tasks.kind import Answered, Shown, StudyKind

_FACTS = KINDS["guess-label"]


def _items(task: TaskConfig, rows: Sequence[Stimulus]) -> list[Item]:
    for row in rows:
        if LabelChoice.found(row.foil, row.category) is None:
            raise OpeningError(
                f"task {task.name!r}: stimulus {row.stimulus_id}: {row.foil!r} does not have what the photograph shows"
                f" and {_FACTS.labels - 1} labels other than {row.category!r}; {REMEDY}"
            )
    return one_picture_each(task, rows)


def _options(shown: Shown) -> tuple[str, ...]:
    return _FACTS.options_of(shown.category, shown.foil)


def _is_right(answered: Answered, _task: TaskConfig) -> bool:
    return answered.response == answered.category


KIND = StudyKind(_items, _options, lambda shown: (shown.category,), _is_right, balanced=None)
