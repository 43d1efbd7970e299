"""Photographs of two classes, each marked as having the cue or not, and training sets of a given strength of them."""

import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from contracts.text_files import NotTextError, read_text
from models.photographs import Photograph
from stimuli.errors import BiasError

CLASSES = (0, 1)


@dataclass(frozen=True)
class Marked:
    """A photograph of one of the two classes, by its place. `twin` is what it shares with its swapped version: a scene
    has two photographs, one of one's own is its only one."""

    image: Photograph
    of_class: int
    has_cue: bool
    twin: str


def marked(
    images: Sequence[Photograph],
    classes: Sequence[str],
    has_cue: Callable[[Photograph], bool | None],
    twin: Callable[[str], str] = lambda image_id: image_id,
) -> list[Marked]:
    """The photographs of exactly one of the classes whose cue is known."""
    found = []
    for image in images:
        here, cue = [place for place in CLASSES if classes[place] in image.categories], has_cue(image)
        if len(here) == 1 and cue is not None:
            found.append(Marked(image, here[0], cue, twin(image.image_id)))
    return found


def cue_table(file: Path) -> dict[str, bool]:
    """Image id → whether it has the cue, of a CSV file with image and cue. Raises BiasError where it has none."""
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(file)), strict=True))
        return {row["image"].strip(): {"1": True, "0": False}[row["cue"].strip()] for row in rows}
    except (OSError, NotTextError, KeyError, AttributeError, csv.Error) as error:
        raise BiasError(
            f"bias.table {file} cannot be read ({error}); its columns are image and cue, and cue is 1 or 0"
        ) from error


def numbers(strength: float, count: int) -> dict[tuple[int, bool], int]:
    """(class, cue) → number of `count` training photographs at a strength; classes of the same size."""
    each = count // 2
    cued = {0: round(each * (1 + strength) / 2), 1: round(each * (1 - strength) / 2)}
    return {(c, cue): cued[c] if cue else each - cued[c] for c, cue in product(CLASSES, (False, True))}


def most(found: Sequence[Marked], strengths: Sequence[float], count: int) -> int:
    """The largest even number of photographs, `count` at most, of which every strength can have its numbers."""
    there = {cell: len(_cell(found, *cell)) for cell in product(CLASSES, (False, True))}
    for size in range(count - count % 2, 0, -2):
        if all(there[cell] >= n for strength in strengths for cell, n in numbers(strength, size).items()):
            return size
    return 0


def training_set(found: Sequence[Marked], strength: float, count: int, seed: int) -> list[Marked]:
    """`count` photographs at a strength. Those of another strength are the same where that is possible, so that twins
    change places and nothing else does."""
    taken: set[str] = set()
    chosen: list[Marked] = []
    for (c, cue), n in sorted(numbers(strength, count).items(), reverse=True):
        of_cell = [m for m in _ordered(_cell(found, c, cue), seed, cue) if m.twin not in taken][:n]
        taken |= {m.twin for m in of_cell}
        chosen += of_cell
    return sorted(chosen, key=lambda m: _key(seed, m.image.image_id))


def balanced(found: Sequence[Marked], seed: int) -> list[Marked]:
    """As many photographs of each class with and without the cue as there are. Raises BiasError where a kind lacks."""
    cells = [_ordered(_cell(found, c, cue), seed, False) for c, cue in product(CLASSES, (False, True))]
    if not (n := min(map(len, cells))):
        counts = ", ".join(map(str, map(len, cells)))
        raise BiasError(
            "a balanced test needs photographs of each class without and with the cue; of the split that is shown there"
            f" are {counts} (first class without, with; second without, with). Name another cue or classes in [bias]"
        )
    return [m for cell in cells for m in cell[:n]]


def _cell(found: Sequence[Marked], of_class: int, has_cue: bool) -> list[Marked]:
    return [m for m in found if (m.of_class, m.has_cue) == (of_class, has_cue)]


def _ordered(found: Sequence[Marked], seed: int, backwards: bool) -> list[Marked]:
    """By chance, the same for twins; backwards for those with the cue, so that a change of strength moves few."""
    return sorted(found, key=lambda m: _key(seed, m.twin), reverse=backwards)


def _key(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\x1f{name}".encode()).digest()
