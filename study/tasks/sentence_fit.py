"""Sentence fit: an explanation, and which sentence fits it: that of the network's units or of shuffled names?"""

from contracts.tasks import KINDS
from study.config import TaskConfig
from study.tasks.items import one_picture_each
from study.tasks.kind import Answered, Shown, StudyKind

_FACTS = KINDS["sentence-fit"]


def _options(shown: Shown) -> tuple[str, ...]:
    """The right one first, before any exchange."""
    return _FACTS.both_options(shown.category, shown.foil)[::-1]


def _right(shown: Shown) -> str:
    return _options(shown)[0]


def _is_right(answered: Answered, _task: TaskConfig) -> bool:
    return answered.response == _right(answered)


KIND = StudyKind(
    one_picture_each,
    _options,
    lambda shown: (_right(shown),),
    _is_right,
    balanced="Right sentence listed first",
    foils=("sky, sea / wall, door|dog, grass / car, road",),
)
