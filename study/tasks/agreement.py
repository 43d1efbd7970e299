"""Agreement: a photograph, what the network predicts, why it does, and is the prediction right?"""

from contracts.tasks import KINDS
from study.config import TaskConfig
from study.tasks.items import one_picture_each
from study.tasks.kind import Answered, Shown, StudyKind

_DEGREES = KINDS["agreement"].questions[0].values
_THAT_IT_IS = {"incorrect": _DEGREES[:2], "correct": _DEGREES[2:]}  # by what is wrong to say of the prediction


def _options(_shown: Shown) -> tuple[str, ...]:
    return _DEGREES


def _truth(shown: Shown) -> tuple[str, ...]:
    return _THAT_IT_IS[shown.foil]


def _is_right(answered: Answered, _task: TaskConfig) -> bool:
    return answered.response in _truth(answered)


KIND = StudyKind(one_picture_each, _options, _truth, _is_right, balanced=None, foils=tuple(_THAT_IT_IS))
