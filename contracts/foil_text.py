"""What an item's `foil` can tell beside a wrong option: several names in one text, and what is read from it."""

from abc import ABC, abstractmethod
from typing import Self

BETWEEN = "|"  # two names
LONGEST_FOIL = 500  # characters


class ToldByFoil(ABC):
    """What some kinds of task show, told by the item's foil alone, so that no table or column has to tell it."""

    @classmethod
    @abstractmethod
    def read(cls, foil: str) -> Self:
        """From an item's foil. Raises ValueError where it tells of nothing of this sort."""

    @classmethod
    def found(cls, foil: str) -> Self | None:
        """As `read`; None for another foil."""
        try:
            return cls.read(foil)
        except ValueError:
            return None
