"""Simulatability: after examples with the network's answer, which of two classes does it predict for a photograph?"""

from study.config import TaskConfig
from study.tasks.items import one_picture_each
from study.tasks.kind import Answered, Shown, StudyKind


def _options(shown: Shown) -> tuple[str, ...]:
    """In the same order in all trials."""
    first, second = sorted((shown.category, shown.foil))
    return first, second


def _is_as_predicted(answered: Answered, _task: TaskConfig) -> bool:
    return answered.response == answered.category


KIND = StudyKind(one_picture_each, _options, lambda shown: (shown.category,), _is_as_predicted, balanced=None)
