"""Photographs in PASCAL VOC layout: one reader for VOC 2007, VOC 2012, your own and the demo's scenes.

Layout (Everingham et al., "The PASCAL Visual Object Classes Challenge", development kit, section 3):
`root/VOCdevkit/VOC<year>/JPEGImages/<id>.jpg`, `Annotations/<id>.xml`, `ImageSets/Main/<split>.txt`.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from models.config import DatasetConfig
from models.errors import VocError

_SIXTEEN_BIT_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")
_DAMAGED_IMAGE_ERRORS = (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError)


@dataclass(frozen=True)
class VocObject:
    """One object. `box` is (xmin, ymin, xmax, ymax) in pixels as VOC counts them: from 1, both ends inside."""

    category: str
    box: tuple[int, int, int, int]
    difficult: bool = False


@dataclass(frozen=True)
class VocImage:
    """One annotated picture; `width` and `height` in pixels. Objects of every category are kept, studied or not."""

    image_id: str
    path: Path
    width: int
    height: int
    objects: tuple[VocObject, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """The distinct annotated categories, sorted; difficult objects count."""
        return tuple(sorted({o.category for o in self.objects}))


def open_split(dataset: DatasetConfig, split: str) -> tuple[VocImage, ...]:
    """All pictures of `split` in the order of its list; annotations are read, pixels are not.

    Raises VocError where the list, an annotation or a picture is missing or an annotation cannot be understood.
    """
    folder = dataset.root / "VOCdevkit" / f"VOC{dataset.year}"
    if not folder.is_dir():
        raise VocError(
            f"no VOC data in {folder}: dataset.root must hold VOCdevkit/VOC{dataset.year}"
            " (for the demo, make it with `manage.py make-scenes`)"
        )
    image_ids = _read_split(folder / "ImageSets" / "Main", split)
    return tuple(_read_annotated(folder, image_id) for image_id in image_ids)


def read_image(path: Path) -> Image.Image:
    """The picture in RGB, 8 bits a channel, upright by its EXIF orientation, transparency laid on white.

    Greyscale (8 or 16 bits), palette, alpha and CMYK are converted; of an animation the first frame is read.
    Raises VocError where the file is missing or damaged.
    """
    try:
        with Image.open(path) as opened:
            opened.load()
            return _to_rgb(ImageOps.exif_transpose(opened))
    except FileNotFoundError:
        raise VocError(f"picture {path} is missing; restore it or take its id out of the split's list") from None
    except _DAMAGED_IMAGE_ERRORS as error:
        raise VocError(f"picture {path} cannot be read ({error}); fetch a sound copy of it") from error


def data_sha256(images: Iterable[VocImage]) -> str:
    """SHA-256 over ids, annotations and picture bytes in order: what a network is trained and measured on."""
    total = hashlib.sha256()
    for image in images:
        annotation = [[o.category, *o.box, o.difficult] for o in image.objects]
        total.update(json.dumps([image.image_id, image.width, image.height, annotation]).encode())
        total.update(hashlib.sha256(image.path.read_bytes()).digest())
    return total.hexdigest()


def _read_split(lists: Path, split: str) -> list[str]:
    path = lists / f"{split}.txt"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in lists.glob("*.txt"))) or "none"
        raise VocError(f"split list {path} is missing; splits found: {there}")
    image_ids = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not image_ids:
        raise VocError(f"split list {path} names no pictures; write one id a line")
    if repeated := len(image_ids) - len(set(image_ids)):
        raise VocError(f"split list {path} repeats {repeated} ids; write every id once")
    return image_ids


def _read_annotated(folder: Path, image_id: str) -> VocImage:
    annotation = folder / "Annotations" / f"{image_id}.xml"
    path = folder / "JPEGImages" / f"{image_id}.jpg"
    for needed in (annotation, path):
        if not needed.is_file():
            raise VocError(f"{needed} is missing; restore it or take {image_id} out of the split's list")
    try:
        root = ElementTree.parse(annotation).getroot()
        width, height = (int(_text(root, f"size/{side}")) for side in ("width", "height"))
        objects = tuple(_read_object(node, width, height) for node in root.findall("object"))
    except (ElementTree.ParseError, ValueError) as error:
        raise VocError(
            f"annotation {annotation} cannot be understood ({error}); correct it or fetch it anew"
        ) from error
    return VocImage(image_id, path, width, height, objects)


def _read_object(node: ElementTree.Element, width: int, height: int) -> VocObject:
    category = _text(node, "name")
    # Some VOC 2011 and 2012 annotations give fractions of a pixel.
    xmin, ymin, xmax, ymax = (round(float(_text(node, f"bndbox/{side}"))) for side in ("xmin", "ymin", "xmax", "ymax"))
    if not (0 <= xmin <= xmax <= width and 0 <= ymin <= ymax <= height):
        raise ValueError(f"box {xmin, ymin, xmax, ymax} of {category} does not lie in {width} × {height} pixels")
    return VocObject(category, (xmin, ymin, xmax, ymax), difficult=(node.findtext("difficult") or "0").strip() == "1")


def _text(node: ElementTree.Element, path: str) -> str:
    text = (node.findtext(path) or "").strip()
    if not text:
        raise ValueError(f"no <{path}> in <{node.tag}>")
    return text


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BIT_MODES:
        # Pillow would clip 16 bits at 255 instead of scaling them.
        return Image.fromarray((np.asarray(image).astype(np.uint32) // 257).clip(0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if image.mode == "F":
        raise ValueError("floating-point pixels have no fixed range; save it with 8 or 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")
