"""Photographs in COCO layout: the pictures of a split in a folder, its objects in one JSON file.

Format (https://cocodataset.org/#format-data, "Object Detection"): `images` with `id`, `file_name`, `width`, `height`;
`categories` with `id` and `name`; `annotations` with `image_id`, `category_id`, `bbox` [x, y, width, height] in pixels
from 0, and `iscrowd`. Regions of a crowd count as difficult: COCO's own evaluation leaves them out, too. Where an
annotation has a `segmentation` (polygons or run lengths), it is kept and becomes a mask when a measure asks for one.
"""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import Field

from contracts.text_files import NotTextError, read_text
from models.annotations import Annotation, edges_to_box, inside, photograph, read_all
from models.config import FORMAT, DatasetConfig
from models.errors import PhotographError
from models.photographs import AnnotatedObject, Photograph
from models.source import Source


class CocoDataset(DatasetConfig):
    """Photographs in COCO layout: `root/annotations/instances_<split>.json` and `root/<split>/`."""

    format: Literal["coco"] = Field("coco", description=FORMAT)
    annotations: str = Field(
        "annotations/instances_{split}.json", description="JSON file of a split below root; {split} is its name"
    )
    images: str = Field("{split}", description="folder of a split's pictures below root; {split} is its name")


def _open_split(dataset: CocoDataset, split: str) -> tuple[Photograph, ...]:
    """All pictures of `split` in the order of its JSON file; pixels are not read.

    Raises PhotographError where the file is missing or is none of COCO's, else with everything wrong with its pictures.
    """
    path = dataset.root / dataset.annotations.replace("{split}", split)
    folder = dataset.root / dataset.images.replace("{split}", split)
    document = _document(path)
    try:
        names = {category["id"]: str(category["name"]) for category in document["categories"]}
        rows = document["images"]
        by_image: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for row in document["annotations"]:
            by_image[row["image_id"]].append(row)
        where = f"split {split!r} of {path}"
        return read_all(rows, lambda row: _read(folder, path, row, by_image[row["id"]], names), where)
    except (AttributeError, KeyError, TypeError) as error:
        raise PhotographError(
            f"{path} is not as COCO writes instances ({type(error).__name__}: {error}); it needs images, categories"
            " and annotations"
        ) from error


def _document(path: Path) -> Any:
    if not path.is_file():
        there = ", ".join(sorted(p.name for p in path.parent.glob("*.json"))) or "none"
        raise PhotographError(
            f"{path} is missing; set dataset.root, dataset.split and dataset.annotations (JSON files there: {there})"
        )
    try:
        document = json.loads(read_text(path))
    except (NotTextError, ValueError, RecursionError) as error:
        raise PhotographError(f"{path} is no JSON ({error}); fetch it anew") from error
    if not isinstance(document, dict) or not document.get("images"):
        raise PhotographError(f"{path} lists no images; name the file of the split in dataset.annotations")
    return document


def _read(
    folder: Path, source: Path, row: Mapping[str, Any], annotated: Sequence[Mapping[str, Any]], names: Mapping[Any, str]
) -> Photograph:
    path = inside(row["file_name"], folder)
    if not path.is_file():
        raise PhotographError(f"{path} is missing; restore it or take it out of {source.name}")
    try:
        size = int(row["width"]), int(row["height"])
        objects = tuple(_object(found, names, size) for found in annotated)
        image_id = PurePosixPath(row["file_name"]).with_suffix("").as_posix()
        return photograph(Annotation(image_id, path, size, objects))
    except (ValueError, OverflowError, LookupError) as error:
        raise PhotographError(f"{row['file_name']} in {source} cannot be understood ({error}); correct it") from error


def _object(row: Mapping[str, Any], names: Mapping[Any, str], size: tuple[int, int]) -> AnnotatedObject:
    if row["category_id"] not in names:
        raise ValueError(f"no category has the id {row['category_id']}")
    x, y, width, height = map(float, row["bbox"])
    box = edges_to_box(x, y, x + width, y + height)
    name, told = names[row["category_id"]], row.get("segmentation")
    if told and not (_are_polygons(told) or _are_run_lengths(told, size)):
        raise ValueError(
            f"{name}: its segmentation is neither polygons nor run lengths of {size[0]} × {size[1]} pixels"
        )
    return AnnotatedObject(name, box, bool(row.get("iscrowd", 0)), json.dumps(told) if told else None)


def _are_polygons(told: Any) -> bool:
    """Each a list of x and y by turns, of three corners at least."""
    return isinstance(told, list) and all(
        isinstance(polygon, list) and len(polygon) >= 6 and len(polygon) % 2 == 0 and all(map(_is_number, polygon))
        for polygon in told
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _are_run_lengths(told: Any, size: tuple[int, int]) -> bool:
    """`size` [height, width] and `counts`: pixels off and on by turns, column by column, or COCO's text of them."""
    if not isinstance(told, dict) or told.get("size") != [size[1], size[0]]:
        return False
    counts = told.get("counts")
    if isinstance(counts, list):
        return all(isinstance(n, int) and n >= 0 for n in counts) and sum(counts) == size[0] * size[1]
    return isinstance(counts, str)


COCO = Source("coco", CocoDataset, _open_split)
