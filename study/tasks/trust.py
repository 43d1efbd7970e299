"""Trust: a visualization from each of two networks, and which of them is more reliable, and how clearly?"""

from contracts.tasks import KINDS, first_is_left
from study.config import TaskConfig
from study.tasks.items import pairs_of_networks
from study.tasks.kind import Answered, Example, Mark, Shown, StudyKind

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
    (Mark(0, 69.5, 17, ((69.5, 42, 19),)), Mark(0, 25, 26, ((25, 50, 18),)), Mark(1, 27.5, 24, ((27.5, 50, 20),))),
)

KIND = StudyKind(
    pairs_of_networks,
    _options,
    lambda _shown: (),
    _towards_first,
    balanced="First network on the left",
    example=_EXAMPLE,
)
