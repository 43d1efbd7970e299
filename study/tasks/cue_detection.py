"""Cue detection: explanations of several photographs of one network, and what does this network rely on?

What counts is what hits and false alarms count: to name the planted cue of a network that relies on it, and not to name
it of one that relies on the object. Practice tells what the network relies on.
"""

from itertools import permutations

from contracts.cues import CUES
from contracts.foil_text import BETWEEN
from contracts.tasks import KINDS, OBJECT
from study.config import TaskConfig
from study.tasks.items import one_picture_each
from study.tasks.kind import Answered, Shown, StudyKind

VALUES = KINDS["cue-detection"].questions[0].values
_FOILS = tuple(BETWEEN.join(pair) for cue in CUES for pair in permutations((OBJECT, cue)))


def _relied_on(shown: Shown) -> str:
    return shown.foil.split(BETWEEN)[1]


def _truth(shown: Shown) -> tuple[str, ...]:
    """What practice tells; people who name neither this nor the cue are not told that they are right."""
    return (_relied_on(shown),)


def _is_hit_or_rejection(answered: Answered, _task: TaskConfig) -> bool:
    wrong, right = answered.foil.split(BETWEEN)
    return answered.response != wrong if right == OBJECT else answered.response == right


KIND = StudyKind(
    one_picture_each, lambda _shown: VALUES, _truth, _is_hit_or_rejection, balanced=None, foils=_FOILS, sort=_relied_on
)
