"""Photographs with their annotations: what every source of photographs gives."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from models.boxes import Box


@dataclass(frozen=True)
class AnnotatedObject:
    """One object. `box` is (xmin, ymin, xmax, ymax) in pixels as VOC counts them: from 1, both ends inside.

    None where the annotation has none, or where it is unknown which way up it was drawn. `segmentation` is the object's
    outline in the upright picture, JSON as COCO writes it: polygons, or run lengths.
    """

    category: str
    box: Box | None
    difficult: bool = False
    segmentation: str | None = None


@dataclass(frozen=True)
class Photograph:
    """One annotated picture; `width` and `height` in pixels, upright. Objects of every category are kept.

    `clipped` counts the boxes that lay a pixel outside of the picture.
    """

    image_id: str
    path: Path
    width: int
    height: int
    objects: tuple[AnnotatedObject, ...]
    clipped: int = 0

    @property
    def categories(self) -> tuple[str, ...]:
        """The distinct annotated categories, sorted; difficult objects count."""
        return tuple(sorted({o.category for o in self.objects}))


def notes(images: Iterable[Photograph]) -> str:
    """What a researcher should know of how the photographs were read, in one line; empty where there is nothing."""
    counts = [image.clipped for image in images if image.clipped]
    return f"boxes a pixel outside of their image, clipped: {sum(counts)}, in images: {len(counts)}" if counts else ""


def data_sha256(images: Iterable[Photograph]) -> str:
    """SHA-256 over ids, annotations and picture bytes in order: what a network is trained and measured on."""
    total = hashlib.sha256()
    for image in images:
        annotation = [[o.category, *(o.box or ()), o.difficult] for o in image.objects]
        total.update(json.dumps([image.image_id, image.width, image.height, annotation]).encode())
        total.update(hashlib.sha256(image.path.read_bytes()).digest())
    return total.hexdigest()
