"""The labels of a photograph that a network got wrong: people are told what it shows, and guess which label it gave.

The item's category is the label that the network gave. Its `foil` has what the photograph shows and the labels that the
network did not give: `shown|other|other|other|other`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from contracts.foil_text import BETWEEN, LONGEST_FOIL

LABELS = 5  # between which people choose
_RESERVED = (BETWEEN, ";")  # between names where they are stored


@dataclass(frozen=True)
class LabelChoice:
    """What a photograph shows, and the labels that the network did not give."""

    shown: str
    others: tuple[str, ...]

    @classmethod
    def read(cls, foil: str) -> Self:
        """From an item's foil. Raises ValueError where it is none of a choice between labels."""
        shown, *others = foil.split(BETWEEN)
        if not is_choice(others) or not shown or shown in others or len(foil) > LONGEST_FOIL:
            raise ValueError(
                f"{foil!r} does not have what the photograph shows and {LABELS - 1} other labels:"
                f" shown{BETWEEN}label{BETWEEN}label{BETWEEN}…"
            )
        return cls(shown, tuple(others))

    @classmethod
    def found(cls, foil: str, given: str) -> Self | None:
        """As `read`; None for another foil, and for one that has the label that was `given`."""
        try:
            choice = cls.read(foil)
        except ValueError:
            return None
        return None if given in (choice.shown, *choice.others) else choice

    def __str__(self) -> str:
        """As an item's foil."""
        return BETWEEN.join((self.shown, *self.others))

    def options(self, given: str) -> tuple[str, ...]:
        """Between which people choose: the label that the network gave and the others, by name."""
        return tuple(sorted((given, *self.others)))


def is_choice(others: Sequence[str]) -> bool:
    """Whether these can be the labels that the network did not give."""
    is_storable = all(others) and len(BETWEEN.join(others)) <= LONGEST_FOIL and all(map(can_be_offered, others))
    return is_storable and len(others) == len(set(others)) == LABELS - 1


def can_be_offered(name: str) -> bool:
    """Whether a label can be one of the options; those with a mark that separates options cannot."""
    return not any(mark in name for mark in _RESERVED)
