"""What a set's pictures look like beside each other: a method that shows nothing is found before people see it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from contracts.methods import PHOTOGRAPH, method_name
from contracts.stimulus_set import Stimulus

LEVELS = 25  # off the background, of 255: what is nearer can hardly be told from it
SAME, EMPTY = 0.9, 0.01  # from this correlation on, and up to this visible share, a set is worth a warning
PHOTOGRAPHS = 40  # of a method and network that are compared


@dataclass(frozen=True)
class Appearance:
    """Of one method and network, medians over the photographs compared.

    `visible`: share of pixels more than LEVELS off the picture's median colour. `photographs` and `categories`:
    Pearson's correlation of the pixels of two photographs' pictures, and of one photograph's pictures for two
    categories; None where there are no two, or all pictures compared are of one colour.
    """

    method: str
    network: str
    pictures: int
    visible: float
    photographs: float | None
    categories: float | None


def appearances(folder: Path, stimuli: Sequence[Stimulus]) -> list[Appearance]:
    """Of each method and network of a set, from at most PHOTOGRAPHS of its photographs, spread evenly."""
    files: dict[tuple[str, str], dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for row in (row for row in stimuli if row.method != PHOTOGRAPH):
        files[row.method, row.network][row.image_id][row.category] = row.file
    return [_appearance(folder, *key, of_images) for key, of_images in sorted(files.items())]


def _appearance(folder: Path, method: str, network: str, files: dict[str, dict[str, str]]) -> Appearance:
    ids = spread(files, PHOTOGRAPHS)
    drawn = [[_pixels(folder / file) for _, file in sorted(files[image].items())] for image in ids]
    pictures = [picture for of_image in drawn for picture in of_image]
    first = [of_image[0] for of_image in drawn]
    return Appearance(
        method,
        network,
        len(pictures),
        median(map(visible_share, pictures)),
        _median_correlation(pairwise(first)),
        _median_correlation((of_image[0], of_image[1]) for of_image in drawn if len(of_image) > 1),
    )


def spread(ids: Collection[str], most: int) -> list[str]:
    """At most `most` of `ids`, in order and spread evenly."""
    return sorted(ids)[:: -(-len(ids) // most)]


def _pixels(file: Path) -> np.ndarray:
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"), dtype=float)


def visible_share(picture: np.ndarray) -> float:
    """Of the pixels of a picture (H, W, 3), those more than LEVELS off its median colour."""
    return float((np.abs(picture - np.median(picture, axis=(0, 1))).max(2) > LEVELS).mean())


def _median_correlation(pairs: Iterator[tuple[np.ndarray, np.ndarray]]) -> float | None:
    """Pictures of one colour, or of two sizes, have none and are left out."""
    found = [
        float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
        for a, b in pairs
        if a.shape == b.shape and a.std() > 0 and b.std() > 0
    ]
    return median(found) if found else None


def warnings(found: Sequence[Appearance]) -> Iterator[str]:
    """A sentence for each thing that participants could not see, or that would tell them nothing."""
    for each in found:
        if _is_blind(each):
            yield (
                f"{_pictures(each)} draws nearly the same for every photograph (correlation {each.photographs:.2f})."
                " Where the network looks at the same place of each, as at a cue at the edge, that is right; else it"
                " shows nothing of what the network saw: choose another method, or a network with other layers"
            )
        elif _is_unspecific(each) and not _is_compared(each, found):
            yield (
                f"{_pictures(each)} draws nearly the same for both categories of a photograph (correlation"
                f" {each.categories:.2f}): which one it explains can only be guessed"
            )
        if each.visible <= EMPTY:
            yield (
                f"{_pictures(each)} is nearly empty: {each.visible:.1%} of the pixels of a typical picture can be told"
                ' from its background. [stimuli] recipe = "signed-v1" or "heat-v1" draws more that can be seen'
            )


def notes(found: Sequence[Appearance]) -> Iterator[str]:
    """A sentence for each method that the study compares with others because it does not tell categories apart."""
    for each in found:
        if _is_unspecific(each) and not _is_blind(each) and _is_compared(each, found):
            yield (
                f"{_pictures(each)} draws nearly the same for both categories of a photograph (correlation"
                f" {each.categories:.2f}), other methods do not: expect people to guess with it"
            )


def _pictures(each: Appearance) -> str:
    return f"{method_name(each.method)} of network {each.network!r}"


def _is_blind(each: Appearance) -> bool:
    return each.photographs is not None and each.photographs >= SAME


def _is_unspecific(each: Appearance) -> bool:
    return each.categories is not None and each.categories >= SAME


def _is_compared(each: Appearance, found: Sequence[Appearance]) -> bool:
    """Whether pictures of the same network by another method do tell categories apart."""
    return any(
        other.network == each.network and other.categories is not None and other.categories < SAME for other in found
    )
