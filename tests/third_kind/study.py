"""One picture, two options that never change places, and the half that is not the wrong one is right."""

from study.config import TaskConfig
from study.tasks.items import one_picture_each
from study.tasks.kind import Answered, Shown, StudyKind
from tests.third_kind.facts import HALVES


def right_half(shown: Shown) -> tuple[str, ...]:
    upper, lower = HALVES
    return (lower if shown.foil == upper else upper,)


def is_right(answered: Answered, _task: TaskConfig) -> bool:
    return answered.response in right_half(answered)


KIND = StudyKind(one_picture_each, lambda _shown: HALVES, right_half, is_right, balanced=None)
