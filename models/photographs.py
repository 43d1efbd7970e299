"""Photographs with their annotations: what every source of photographs gives."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AnnotatedObject:
    """One object. `box` is (xmin, ymin, xmax, ymax) in pixels as VOC counts them: from 1, both ends inside."""

    category: str
    box: tuple[int, int, int, int]
    difficult: bool = False


@dataclass(frozen=True)
class Photograph:
    """One annotated picture; `width` and `height` in pixels. Objects of every category are kept, studied or not."""

    image_id: str
    path: Path
    width: int
    height: int
    objects: tuple[AnnotatedObject, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """The distinct annotated categories, sorted; difficult objects count."""
        return tuple(sorted({o.category for o in self.objects}))


def data_sha256(images: Iterable[Photograph]) -> str:
    """SHA-256 over ids, annotations and picture bytes in order: what a network is trained and measured on."""
    total = hashlib.sha256()
    for image in images:
        annotation = [[o.category, *o.box, o.difficult] for o in image.objects]
        total.update(json.dumps([image.image_id, image.width, image.height, annotation]).encode())
        total.update(hashlib.sha256(image.path.read_bytes()).digest())
    return total.hexdigest()
