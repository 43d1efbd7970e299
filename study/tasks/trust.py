"""Trust: a visualization from each of two networks, and which of them is more reliable, and how clearly?"""

from contracts.tasks import KINDS, first_is_left
from study.config import TaskConfig
from study.tasks.items import pairs_of_networks
from study.tasks.kind import Answered, Example, Shown, StudyKind, ringed

_DEGREES = KINDS["trust"].questions[0].values


def _options(_shown: Shown) -> tuple[str, ...]:
    return _DEGREES


def _towards_first(answered: Answered, task: TaskConfig) -> int:
    """The degree towards that of the two networks which the task names first, on whichever side it was."""
    is_left = first_is_left(answered.left_network, answered.right_network, task.networks)
    return int(answered.response) * (1 if is_left else -1)


# A plant and a dog, both predicted to be a dog, by examples/worked_examples.py.
_EXAMPLE = Example(
    ("dog-a.png", "dog-b.png"),
    (ringed(0, 69.5, 43.5, 20), ringed(0, 25.5, 48, 21), ringed(1, 28.5, 50.5, 18)),
)

KIND = StudyKind(
    pairs_of_networks,
    _options,
    lambda _shown: (),
    _towards_first,
    balanced="First network on the left",
    example=_EXAMPLE,
)
