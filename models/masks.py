"""Masks of categories: files in VOC layout, or the outlines that COCO's annotations have of their objects.

In VOC layout, `SegmentationClass/<id>.png` has a palette index for each pixel, and `mask_classes.txt` beside it names
the indices (index and name a line); without it they are VOC's own, in its order. Where there is a file, it counts.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from pycocotools import mask as coco
from torch import Tensor

from models.errors import PhotographError
from models.photographs import Photograph

FOLDER, CLASSES = "SegmentationClass", "mask_classes.txt"
VOC_CLASSES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
"""The VOC development kit's order of categories, section 3.1, behind the background."""


def has_masks(image: Photograph) -> bool:
    """Whether anything tells which pixels show which category; no pixel is read."""
    return _file(image) is not None or any(o.segmentation for o in image.objects)


def masks_sha256(image: Photograph) -> str:
    """SHA-256 of what its masks are read from; empty where it has none."""
    if not has_masks(image):
        return ""
    file = _file(image)
    outlines = json.dumps([[o.category, o.segmentation] for o in image.objects]).encode()
    return hashlib.sha256(file.read_bytes() if file else outlines).hexdigest()


def category_mask(image: Photograph, category: str) -> np.ndarray | None:
    """Which pixels (height, width) show `category`; None where the image has no masks or none of this category.

    Also None where one of the category's objects has no outline: the mask would not be whole. Raises PhotographError
    where the file is damaged or of another size than the photograph, or where run lengths cannot be read.
    """
    if (file := _file(image)) is None:
        outlines = [o.segmentation for o in image.objects if o.category == category]
        return _drawn(image, outlines) if outlines else None
    if (index := _indices(file.parent.parent / CLASSES).get(category)) is None:
        return None
    found = _read(file, image) == index
    return found if found.any() else None


def mask_names(images: Iterable[Photograph]) -> tuple[str, ...]:
    """The names of `mask_labels` of these images; the first, empty one is of pixels that show nothing named."""
    if file := next(filter(None, map(_file, images)), None):
        indices = {index: name for name, index in _indices(file.parent.parent / CLASSES).items()}
        return tuple(indices.get(index, "") if index else "" for index in range(max(indices) + 1))
    return ("", *sorted({o.category for image in images for o in image.objects if o.segmentation}))


def mask_labels(image: Photograph, names: Sequence[str]) -> Tensor | None:
    """What each pixel (height, width) shows, as an index of `names`; 0 where it is none of them. None without masks.

    Where outlines overlap, the smaller object is in front. Raises PhotographError as `category_mask` does.
    """
    if not has_masks(image):
        return None
    if file := _file(image):
        labels = torch.from_numpy(_read(file, image).astype(np.int64))
        known = torch.tensor([bool(name) for name in names])
        return torch.where((labels < len(names)) & known[labels.clamp(max=len(names) - 1)], labels, 0)
    labels = torch.zeros(image.height, image.width, dtype=torch.int64)
    outlined = [(_drawn(image, [o.segmentation]), o.category) for o in image.objects if o.segmentation]
    for mask, category in sorted(((m, c) for m, c in outlined if m is not None), key=lambda one: -one[0].sum()):
        labels[torch.from_numpy(mask)] = names.index(category)
    return labels


def _file(image: Photograph) -> Path | None:
    file = image.path.parent.parent / FOLDER / f"{image.path.stem}.png"
    return file if file.is_file() else None


def _drawn(image: Photograph, outlines: Sequence[str | None]) -> np.ndarray | None:
    """The pixels (height, width) inside of any of `outlines`; None where one is missing or no pixel is inside."""
    inside = np.zeros((image.height, image.width), bool)
    for told in outlines:
        if told is None:
            return None
        for counts in _counts(json.loads(told), image):
            if min(counts) < 0 or sum(counts) != inside.size:
                raise PhotographError(f"a segmentation of {image.path} does not fit its size; correct it")
            pixels = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
            inside |= pixels.reshape(inside.shape, order="F")
    return inside if inside.any() else None


def _counts(told: Any, image: Photograph) -> list[list[int]]:
    """Pixels outside and inside by turns, column by column, of each part of an outline in one of COCO's three forms."""
    if isinstance(told, list):
        return [_of_text(part["counts"]) for part in coco.frPyObjects(told, image.height, image.width)]
    return [told["counts"] if isinstance(told["counts"], list) else _of_text(told["counts"].encode())]


def _of_text(text: bytes) -> list[int]:
    """COCO's text of counts: five bits a character, a sixth says that more follow; from the fourth on, differences."""
    found: list[int] = []
    number = bits = 0
    for character in text:
        number |= (character - 48 & 31) << bits
        bits += 5
        if not character - 48 & 32:
            sign = -1 << bits if character - 48 & 16 else 0
            found.append((number | sign) + (found[-2] if len(found) > 2 else 0))
            number = bits = 0
    return found or [-1]


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
