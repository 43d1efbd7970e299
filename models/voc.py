"""Photographs in PASCAL VOC layout: one reader for VOC 2007, VOC 2012, your own and the demo's scenes.

Layout (Everingham et al., "The PASCAL Visual Object Classes Challenge", development kit, section 3):
`root/VOCdevkit/VOC<year>/JPEGImages/<id>.jpg`, `Annotations/<id>.xml`, `ImageSets/Main/<split>.txt`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal
from xml.etree import ElementTree

from pydantic import Field

from contracts.text_files import NotTextError, read_text
from models.annotations import SUFFIXES, Annotation, inside, photograph, read_all
from models.boxes import Box
from models.config import FORMAT, DatasetConfig
from models.errors import PhotographError
from models.photographs import AnnotatedObject, Photograph
from models.source import Source

NEGATIVE, FLAGS = "-1", {"-1", "0", "1"}  # of VOC's lists of a category: absent, only difficult, there


class VocDataset(DatasetConfig):
    """Photographs in VOC layout: `root/VOCdevkit/VOC<year>/{JPEGImages,Annotations,ImageSets/Main}`."""

    format: Literal["voc"] = Field("voc", description=FORMAT)
    year: Annotated[str, Field(pattern=r"^\d{4}$")] = Field("2012", description="of the folder VOC<year>")


def _open_split(dataset: VocDataset, split: str) -> tuple[Photograph, ...]:
    """All pictures of `split` in the order of its list; annotations and the pictures' sizes are read, pixels are not.

    Raises PhotographError where the list is missing or empty, else with everything that is wrong with its pictures.
    """
    folder = dataset.root / "VOCdevkit" / f"VOC{dataset.year}"
    if not folder.is_dir():
        raise PhotographError(
            f"no VOC data in {folder}: dataset.root must hold VOCdevkit/VOC{dataset.year}"
            " (for the demo, make it with `./manage.py make-scenes`)"
        )
    image_ids = _read_split(folder / "ImageSets" / "Main", split)
    pictures = _pictures(folder / "JPEGImages")
    return read_all(image_ids, lambda i: _read_annotated(folder, i, pictures), f"split {split!r} of {folder}")


def _read_split(lists: Path, split: str) -> list[str]:
    """The ids of a list; of one that gives each a flag (VOC's `cat_val.txt`), those that show the category."""
    path = lists / f"{split}.txt"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in lists.glob("*.txt"))) or "none"
        raise PhotographError(f"split list {path} is missing; splits found: {there}")
    try:
        lines = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    except NotTextError as error:
        raise PhotographError(f"split list {error}") from error
    if lines and all(len(line.split()) == 2 and line.split()[1] in FLAGS for line in lines):
        lines = [line.split()[0] for line in lines if line.split()[1] != NEGATIVE]
    if not lines:
        raise PhotographError(f"split list {path} names no pictures; write one id a line")
    if repeated := len(lines) - len(set(lines)):
        raise PhotographError(f"split list {path} repeats {repeated} ids; write every id once")
    return lines


def _pictures(folder: Path) -> dict[str, list[Path]]:
    """Picture files by their id, which is the name without the ending."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            found[path.relative_to(folder).with_suffix("").as_posix()].append(path)
    return found


def _read_annotated(folder: Path, image_id: str, pictures: Mapping[str, Sequence[Path]]) -> Photograph:
    inside(image_id, folder)
    annotation, of_it = folder / "Annotations" / f"{image_id}.xml", pictures.get(image_id, ())
    path = of_it[0] if of_it else folder / "JPEGImages" / f"{image_id}.jpg"
    if len(of_it) > 1:
        raise PhotographError(f"{image_id} is {' and '.join(p.name for p in of_it)}; keep one of these pictures")
    for needed in (annotation, path):
        if not needed.is_file():
            raise PhotographError(f"{needed} is missing; restore it or take {image_id} out of the split's list")
    try:
        return photograph(_annotation(image_id, path, ElementTree.parse(annotation).getroot()))
    except (ElementTree.ParseError, ValueError, OverflowError) as error:
        raise PhotographError(
            f"annotation {annotation} cannot be understood ({error}); correct it or fetch it anew"
        ) from error


def _annotation(image_id: str, path: Path, root: ElementTree.Element) -> Annotation:
    width, height = (int(_text(root, f"size/{side}")) for side in ("width", "height"))
    objects = tuple(
        AnnotatedObject(_text(node, "name"), _box(node), (node.findtext("difficult") or "0").strip() == "1")
        for node in root.findall("object")
    )
    return Annotation(image_id, path, (width, height), objects)


def _box(node: ElementTree.Element) -> Box | None:
    if node.find("bndbox") is None:
        return None
    # Some VOC 2011 and 2012 annotations give fractions of a pixel.
    xmin, ymin, xmax, ymax = (round(float(_text(node, f"bndbox/{side}"))) for side in ("xmin", "ymin", "xmax", "ymax"))
    return xmin, ymin, xmax, ymax


def _text(node: ElementTree.Element, path: str) -> str:
    text = (node.findtext(path) or "").strip()
    if not text:
        raise ValueError(f"no <{path}> in <{node.tag}>")
    return text


VOC = Source("voc", VocDataset, _open_split)
