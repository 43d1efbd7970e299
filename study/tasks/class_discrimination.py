"""Class discrimination: one visualization, and which of two categories does it show?"""

from study.config import TaskConfig
from study.tasks.items import one_picture_each
from study.tasks.kind import Answered, Shown, StudyKind


def _options(shown: Shown) -> tuple[str, ...]:
    return shown.category, shown.foil


def _is_right(answered: Answered, _task: TaskConfig) -> bool:
    return answered.response == answered.category


KIND = StudyKind(one_picture_each, _options, lambda shown: shown.category, _is_right, "Correct option listed first")
