"""Pictures with tiles: one picture explains several classes side by side, on one scale, and people choose a tile.

The item's `foil` says what its tiles explain: `predicted|correct|name|name|…`, both as places of tiles from 1, the
names in the order of the tiles. So neither a table nor a column has to tell it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Self

from contracts.foil_text import BETWEEN, ToldByFoil

TILES = 4  # of a picture, in two rows of two


@dataclass(frozen=True)
class Tiled(ToldByFoil):
    """The classes that the tiles of a picture explain, in their order; `predicted` and `correct` are among them."""

    predicted: str
    correct: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, predicted: str, correct: str, names: Sequence[str]) -> Self:
        """In alphabetical order, which tells nothing of the network."""
        return cls(predicted, correct, tuple(sorted(names)))

    @classmethod
    def read(cls, foil: str) -> Self:
        """From an item's foil. Raises ValueError where it is none of a picture with tiles."""
        predicted, correct, *names = [*foil.split(BETWEEN), ""]
        names = names[:-1]
        places = {str(place): name for place, name in enumerate(names, start=1)}
        found = cls(places.get(predicted, ""), places.get(correct, ""), tuple(names))
        if len(set(names)) < TILES or len(names) > TILES or str(found) != foil:
            raise ValueError(
                f"{foil!r} does not say what {TILES} tiles explain: predicted{BETWEEN}correct{BETWEEN}names"
            )
        return found

    def __str__(self) -> str:
        """As an item's foil."""
        return BETWEEN.join((self.place(self.predicted), self.place(self.correct), *self.names))

    def place(self, name: str) -> str:
        """The tile of a class, from "1"."""
        return str(self.names.index(name) + 1)

    @property
    def is_right(self) -> bool:
        """Whether the network predicts the correct class."""
        return self.predicted == self.correct


def columns_of(tiles: int) -> int:
    """In how many columns, and as many rows, a picture has its tiles; 1 for a picture without tiles."""
    return isqrt(tiles) if tiles else 1
