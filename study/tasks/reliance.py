"""Reliance: an own answer, the network's advice, and a final answer; each is one of two options."""

from contracts.tasks import KINDS
from study.config import TaskConfig
from study.tasks.items import one_picture_each
from study.tasks.kind import Answered, Shown, StudyKind

_FACTS = KINDS["reliance"]


def _options(shown: Shown) -> tuple[str, ...]:
    """By name, so that their order does not tell which one the network predicts."""
    return tuple(sorted(_FACTS.both_options(shown.category, shown.foil)))


def _right(shown: Shown) -> str:
    return _FACTS.both_options(shown.category, shown.foil)[1]


def _advice_is(shown: Shown) -> str:
    return "right" if shown.category == _right(shown) else "wrong"


def _is_right(answered: Answered, _task: TaskConfig) -> bool:
    return answered.response == _right(answered)


KIND = StudyKind(one_picture_each, _options, lambda shown: (_right(shown),), _is_right, balanced=None, sort=_advice_is)
