"""Masks of categories in VOC layout: `SegmentationClass/<id>.png`, a palette index for each pixel.

`mask_classes.txt` beside it names the indices (index and name a line); without it they are VOC's own, in its order.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.errors import PhotographError
from models.photographs import Photograph

FOLDER, CLASSES = "SegmentationClass", "mask_classes.txt"
VOC_CLASSES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
"""The VOC development kit's order of categories, section 3.1, behind the background."""


def mask_file(image: Photograph) -> Path | None:
    """The file with an image's masks, where there is one."""
    file = image.path.parent.parent / FOLDER / f"{image.path.stem}.png"
    return file if file.is_file() else None


def category_mask(image: Photograph, category: str) -> np.ndarray | None:
    """Which pixels (height, width) show `category`; None where the image has no masks or none of this category.

    Raises PhotographError where the file is damaged or of another size than the photograph.
    """
    if (file := mask_file(image)) is None or (index := _indices(file.parent.parent / CLASSES).get(category)) is None:
        return None
    found = _read(file, image) == index
    return found if found.any() else None


@dataclass(frozen=True)
class MaskLabels:
    """What each pixel (height, width) shows: an index of `names`, of which 0 names nothing."""

    labels: Tensor
    names: tuple[str, ...]


def mask_labels(image: Photograph) -> MaskLabels | None:
    """All of an image's masks; None where it has none. An index without a name counts as 0. Raises PhotographError."""
    if (file := mask_file(image)) is None:
        return None
    indices = {index: name for name, index in _indices(file.parent.parent / CLASSES).items()}
    names = tuple(indices.get(index, "") if index else "" for index in range(max(indices) + 1))
    labels = torch.from_numpy(_read(file, image).astype(np.int64))
    known = torch.tensor([bool(name) for name in names])
    return MaskLabels(torch.where((labels < len(names)) & known[labels.clamp(max=len(names) - 1)], labels, 0), names)


def _read(file: Path, image: Photograph) -> np.ndarray:
    try:
        with Image.open(file) as opened:
            labels = np.asarray(opened)
    except (OSError, SyntaxError, ValueError) as error:
        raise PhotographError(f"mask {file} cannot be read ({error}); fetch a sound copy of it") from error
    if labels.shape != (image.height, image.width):
        raise PhotographError(
            f"mask {file} has the shape {labels.shape}, its photograph {(image.height, image.width)};"
            " masks are indices, one for each pixel of the photograph"
        )
    return labels


@lru_cache(maxsize=8)
def _indices(file: Path) -> dict[str, int]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {name: index for index, name in enumerate(VOC_CLASSES)}
    rows = [line.split(maxsplit=1) for line in lines if line.strip()]
    if wrong := [row for row in rows if len(row) != 2 or not row[0].isdigit()]:
        raise PhotographError(f"{file}: {' '.join(wrong[0])!r} is no index and name; write one such pair a line")
    return {name.strip(): int(index) for index, name in rows}
