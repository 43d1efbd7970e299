"""Class discrimination: one visualization, and which of two categories does it show?"""

from study.config import TaskConfig
from study.tasks.items import one_picture_each
from study.tasks.kind import Answered, Example, Mark, Shown, StudyKind, ringed


def _options(shown: Shown) -> tuple[str, ...]:
    return shown.category, shown.foil


def _is_right(answered: Answered, _task: TaskConfig) -> bool:
    return answered.response == answered.category


# The wheels of a bicycle beside a horse, by examples/worked_examples.py.
_EXAMPLE = Example(
    ("bicycle.png",),
    (ringed(0, 13, 56.5, 12), ringed(0, 39.5, 56.5, 11), Mark(0, 77, 57)),
)

KIND = StudyKind(
    one_picture_each,
    _options,
    lambda shown: (shown.category,),
    _is_right,
    balanced="Correct option listed first",
    example=_EXAMPLE,
)
