"""Cue detection: explanations of several photographs of one network, and what does this network rely on?

Right is what hits and false alarms count: to name the planted cue of a network that relies on it, and not to name it of
one that relies on the object.
"""

from itertools import permutations

from contracts.cues import CUES
from contracts.tasks import KINDS, OBJECT
from contracts.tiles import BETWEEN
from study.config import TaskConfig
from study.tasks.items import one_picture_each
from study.tasks.kind import Answered, Shown, StudyKind

VALUES = KINDS["cue-detection"].questions[0].values
_FOILS = tuple(BETWEEN.join(pair) for cue in CUES for pair in permutations((OBJECT, cue)))


def _relied_on(shown: Shown) -> str:
    return shown.foil.split(BETWEEN)[1]


def _truth(shown: Shown) -> tuple[str, ...]:
    """The cue, or first the object and then all else but the cue."""
    wrong, right = shown.foil.split(BETWEEN)
    return (right, *(value for value in VALUES if value not in (wrong, right))) if right == OBJECT else (right,)


def _is_right(answered: Answered, _task: TaskConfig) -> bool:
    return answered.response in _truth(answered)


KIND = StudyKind(
    one_picture_each, lambda _shown: VALUES, _truth, _is_right, balanced=None, foils=_FOILS, sort=_relied_on
)
