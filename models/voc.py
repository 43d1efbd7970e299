"""Photographs in PASCAL VOC layout: one reader for VOC 2007, VOC 2012, your own and the demo's scenes.

Layout (Everingham et al., "The PASCAL Visual Object Classes Challenge", development kit, section 3):
`root/VOCdevkit/VOC<year>/JPEGImages/<id>.jpg`, `Annotations/<id>.xml`, `ImageSets/Main/<split>.txt`.
"""

from pathlib import Path
from typing import Annotated, Literal
from xml.etree import ElementTree

from pydantic import Field

from models.config import DatasetConfig
from models.errors import PhotographError
from models.photographs import AnnotatedObject, Photograph
from models.source import Source


class VocDataset(DatasetConfig):
    """Photographs in VOC layout: `root/VOCdevkit/VOC<year>/{JPEGImages,Annotations,ImageSets/Main}`."""

    format: Literal["voc"] = "voc"
    year: Annotated[str, Field(pattern=r"^\d{4}$")] = "2012"


def _open_split(dataset: VocDataset, split: str) -> tuple[Photograph, ...]:
    """All pictures of `split` in the order of its list; annotations are read, pixels are not.

    Raises PhotographError where the list, an annotation or a picture is missing or an annotation cannot be understood.
    """
    folder = dataset.root / "VOCdevkit" / f"VOC{dataset.year}"
    if not folder.is_dir():
        raise PhotographError(
            f"no VOC data in {folder}: dataset.root must hold VOCdevkit/VOC{dataset.year}"
            " (for the demo, make it with `./manage.py make-scenes`)"
        )
    image_ids = _read_split(folder / "ImageSets" / "Main", split)
    return tuple(_read_annotated(folder, image_id) for image_id in image_ids)


def _read_split(lists: Path, split: str) -> list[str]:
    path = lists / f"{split}.txt"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in lists.glob("*.txt"))) or "none"
        raise PhotographError(f"split list {path} is missing; splits found: {there}")
    image_ids = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not image_ids:
        raise PhotographError(f"split list {path} names no pictures; write one id a line")
    if repeated := len(image_ids) - len(set(image_ids)):
        raise PhotographError(f"split list {path} repeats {repeated} ids; write every id once")
    return image_ids


def _read_annotated(folder: Path, image_id: str) -> Photograph:
    annotation = folder / "Annotations" / f"{image_id}.xml"
    path = folder / "JPEGImages" / f"{image_id}.jpg"
    for needed in (annotation, path):
        if not needed.is_file():
            raise PhotographError(f"{needed} is missing; restore it or take {image_id} out of the split's list")
    try:
        root = ElementTree.parse(annotation).getroot()
        width, height = (int(_text(root, f"size/{side}")) for side in ("width", "height"))
        objects = tuple(_read_object(node, width, height) for node in root.findall("object"))
    except (ElementTree.ParseError, ValueError) as error:
        raise PhotographError(
            f"annotation {annotation} cannot be understood ({error}); correct it or fetch it anew"
        ) from error
    return Photograph(image_id, path, width, height, objects)


def _read_object(node: ElementTree.Element, width: int, height: int) -> AnnotatedObject:
    category = _text(node, "name")
    # Some VOC 2011 and 2012 annotations give fractions of a pixel.
    xmin, ymin, xmax, ymax = (round(float(_text(node, f"bndbox/{side}"))) for side in ("xmin", "ymin", "xmax", "ymax"))
    if not (0 <= xmin <= xmax <= width and 0 <= ymin <= ymax <= height):
        raise ValueError(f"box {xmin, ymin, xmax, ymax} of {category} does not lie in {width} × {height} pixels")
    is_difficult = (node.findtext("difficult") or "0").strip() == "1"
    return AnnotatedObject(category, (xmin, ymin, xmax, ymax), is_difficult)


def _text(node: ElementTree.Element, path: str) -> str:
    text = (node.findtext(path) or "").strip()
    if not text:
        raise ValueError(f"no <{path}> in <{node.tag}>")
    return text


VOC = Source("voc", VocDataset, _open_split)
