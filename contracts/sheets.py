"""Sheets: one picture holds several photographs, or their explanations, below each other, and a trial shows all of it.

The item's `foil` says what a sheet holds: `photographs|class|image|class|image|…`, from top to bottom; the first image
is the one that the sheet is named by. So neither a table nor a column has to tell it.
"""

from dataclasses import dataclass
from typing import Self

from contracts.foil_text import BETWEEN, LONGEST_FOIL, ToldByFoil

MARK = "photographs"
MOST = 4  # photographs of a sheet


@dataclass(frozen=True)
class Sheet(ToldByFoil):
    """What a sheet holds: (explained class, image id) of each photograph, from top to bottom."""

    held: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, foil: str) -> Self:
        """From an item's foil. Raises ValueError where it does not say what a sheet holds."""
        mark, *told = foil.split(BETWEEN)
        found = cls(tuple(zip(told[::2], told[1::2], strict=False)))
        images = {image for _, image in found.held}
        if mark != MARK or str(found) != foil or not all(told) or not 1 < len(images) == len(found.held) <= MOST:
            raise ValueError(
                f"{foil!r} does not say what 2 to {MOST} photographs of a trial are:"
                f" {BETWEEN.join((MARK, 'class', 'image', 'class', 'image'))}"
            )
        return found

    def __str__(self) -> str:
        """As an item's foil."""
        return BETWEEN.join((MARK, *(part for pair in self.held for part in pair)))

    @property
    def fault(self) -> str:
        """Why it cannot be told as an item's foil; empty where it can."""
        if len(str(self)) > LONGEST_FOIL:
            return f"their names have more than {LONGEST_FOIL} characters together"
        names = [part for pair in self.held for part in pair]
        bad = next((name for name in names if BETWEEN in name), "")
        return f"{bad!r} holds {BETWEEN!r}" if bad else ""


def height_of_one(foil: str, height: int) -> int:
    """Of one photograph of a picture that is `height` pixels high; `foil` tells how many there are."""
    sheet = Sheet.found(foil)
    return height // len(sheet.held) if sheet else height
