"""What a failure looks like: simple rules on the boxes and on where Grad-CAM for the predicted category is strong.

The rules are guesses of a program, printed on the page with their numbers; people decide what a failure is.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from models.boxes import Box
from models.photographs import Photograph
from stimuli.evaluate.box_energy import share_in_boxes
from stimuli.failures.find import Failure

MOST, SURE, SMALL = 0.5, 0.9, 0.1  # shares of the energy, of certainty and of the photograph's area


@dataclass(frozen=True)
class Looked:
    """Shares of the energy of Grad-CAM for the predicted category, and of the area: in the boxes of the true category,
    in those of the other annotated objects outside of these; `difficult`: each object of the true category is marked
    so."""

    in_true: float
    in_others: float
    area: float
    difficult: bool


@dataclass(frozen=True)
class Group:
    """A kind of failure: its name, the rule in words, and the rule; the first that holds counts."""

    name: str
    rule: str
    holds: Callable[[Failure, Looked], bool]


NOT_GROUPED = "not grouped"
GROUPS = (
    Group(
        "annotation",
        f"each object of the true category is marked as difficult, or the network is at least {SURE:.0%} sure and at"
        f" least {MOST:.0%} of the energy is in boxes of the true category: the label may be wrong or debatable",
        lambda failure, looked: looked.difficult or (failure.confidence >= SURE and looked.in_true >= MOST),
    ),
    Group(
        "co-occurring object",
        f"at least {MOST:.0%} of the energy is in boxes of other annotated objects",
        lambda _failure, looked: looked.in_others >= MOST,
    ),
    Group(
        "size",
        f"the boxes of the true category cover less than {SMALL:.0%} of the photograph",
        lambda _failure, looked: looked.area < SMALL,
    ),
    Group(
        "background",
        f"less than {MOST:.0%} of the energy is in boxes of annotated objects; it may be in one that is not annotated",
        lambda _failure, looked: looked.in_true + looked.in_others < MOST,
    ),
    Group(
        "mistaken object",
        "none of the other rules holds: the network looked at annotated objects",
        lambda _failure, _looked: True,
    ),
)


def group_of(failure: Failure, looked: Looked | None) -> str:
    """The name of the first of GROUPS whose rule holds; NOT_GROUPED without a look."""
    if looked is None:
        return NOT_GROUPED
    return next(group.name for group in GROUPS if group.holds(failure, looked))


def looked_at(energies: Tensor, image: Photograph, true: str) -> Looked | None:
    """Where `energies` (H, W), not negative, lie in `image` as the network sees it; None without a box of `true` or
    without energy."""
    of_true = [found for found in image.objects if found.category == true]
    boxes = [found.box for found in of_true if found.box is not None]
    if not boxes or not energies.any():
        return None
    every = [found.box for found in image.objects if found.box is not None]

    def share(of: Tensor, inside: list[Box]) -> float:
        return share_in_boxes(of, inside, image.width, image.height)

    in_true = share(energies, boxes)
    return Looked(
        in_true,
        share(energies, every) - in_true,
        share(energies.new_ones(energies.shape), boxes),
        all(found.difficult for found in of_true),
    )
