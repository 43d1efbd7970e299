"""Photographs in folders named after their category, or listed in a table: labels first, boxes where there are any."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import Field

from contracts.file_names import as_stored, composed
from contracts.text_files import NotTextError, not_commas, read_text
from models.annotations import SUFFIXES, Annotation, edges_to_box, inside, photograph, read_all
from models.boxes import Box
from models.config import FORMAT, DatasetConfig, DefinitionPath
from models.errors import PhotographError
from models.image_files import stored_picture
from models.photographs import AnnotatedObject, Photograph
from models.source import Source

_EDGES = ("x0", "y0", "x1", "y1")
Row = Mapping[str, str]


class FolderDataset(DatasetConfig):
    """Photographs as `root/<split>/<category>/<picture>`, `root/<category>/<picture>`, or in a table."""

    format: Literal["folder"] = Field("folder", description=FORMAT)
    table: DefinitionPath | None = Field(
        None, description="CSV file in place of folders: picture (below root), labels (separated by ;), split"
    )
    names: DefinitionPath | None = Field(None, description="CSV file: folder, name of its category")
    boxes: DefinitionPath | None = Field(
        None,
        description="CSV file of boxes: image, x0, y0, x1, y1 (pixels from 0), the width and height that they belong to"
        " where the picture was resized, and the label where a picture has several",
    )


def _open_split(dataset: FolderDataset, split: str) -> tuple[Photograph, ...]:
    """All pictures of `split`, sorted by category and name or in the order of the table; pixels are not read.

    Raises PhotographError where folders or tables are missing, else with everything that is wrong with the pictures.
    """
    labelled = _of_table(dataset, split) if dataset.table else _of_folders(dataset, split)
    if not labelled:
        raise PhotographError(f"split {split!r} of {dataset.table or dataset.root} has no pictures ({_endings()})")
    boxes: dict[str, list[Row]] = defaultdict(list)
    for row in _rows(dataset.boxes, ("image", *_EDGES)) if dataset.boxes else ():
        boxes[composed(row["image"])].append(row)
    told = next(iter(boxes), None)
    items = [
        (name, path, labels, boxes[composed(name)] or boxes[composed(path.name)])
        for name, (path, labels) in labelled.items()
    ]
    if told and split == dataset.split and not any(found for *_, found in items):
        raise PhotographError(
            f"table {dataset.boxes} names no picture of split {split!r}; its column image must hold names such as"
            f" {items[0][0]}, and holds {told}"
        )
    return read_all(items, lambda item: _read(*item), f"split {split!r} of {dataset.table or dataset.root}")


def _of_folders(dataset: FolderDataset, split: str) -> dict[str, tuple[Path, Sequence[str]]]:
    names = (
        {composed(r["folder"]): r["name"] for r in _rows(dataset.names, ("folder", "name"))} if dataset.names else {}
    )
    top = _split_folder(dataset, split)
    return {
        path.relative_to(top).as_posix(): (path, (names.get(composed(folder.name), composed(folder.name)),))
        for folder in sorted(p for p in top.iterdir() if p.is_dir())
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES
    }


def _split_folder(dataset: FolderDataset, split: str) -> Path:
    if not dataset.root.is_dir():
        raise PhotographError(f"no folder {dataset.root}; set dataset.root to the folder of the photographs")
    folder, splits = dataset.root / split, (dataset.split, dataset.train_split)
    if folder.is_dir():
        return folder
    if split == dataset.split and not any((dataset.root / name).is_dir() for name in splits):
        return dataset.root  # it holds the categories
    there = ", ".join(sorted(p.name for p in dataset.root.iterdir() if p.is_dir())) or "none"
    raise PhotographError(f"no folder {folder}; folders found: {there}")


def _of_table(dataset: FolderDataset, split: str) -> dict[str, tuple[Path, Sequence[str]]]:
    assert dataset.table is not None
    rows = _rows(dataset.table, ("picture", "labels"))
    if any(row.get("split") for row in rows):
        rows = [row for row in rows if row["split"] == split]
    elif split != dataset.split:
        raise PhotographError(f"{dataset.table} has no column split, so there is no split {split!r}; add one")
    found: dict[str, tuple[Path, Sequence[str]]] = {
        row["picture"]: (_inside(row["picture"], dataset.root), _labels(row["labels"])) for row in rows
    }
    if repeated := len(rows) - len(found):
        raise PhotographError(
            f"{dataset.table} repeats {repeated} pictures; write each once, its labels separated by ;"
        )
    return found


def _inside(name: str, root: Path) -> Path:
    inside(name, root)
    return as_stored(root, name)


def _labels(text: str) -> tuple[str, ...]:
    return tuple(label.strip() for label in text.split(";") if label.strip())


def _read(name: str, path: Path, labels: Sequence[str], rows: Sequence[Row]) -> Photograph:
    if not path.is_file():
        raise PhotographError(f"{path} is missing; restore it or take it out of the table")
    try:
        boxes = [(_label(row, labels), _box(row, path)) for row in rows]
        without = [label for label in labels if label not in {found for found, _ in boxes}]
        objects = [AnnotatedObject(label, box) for label, box in (*boxes, *((label, None) for label in without))]
        image_id = PurePosixPath(name).with_suffix("").as_posix()
        return photograph(Annotation(image_id, path, None, tuple(objects)))
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise PhotographError(f"{name} cannot be understood ({error}); correct the tables") from error


def _label(row: Row, labels: Sequence[str]) -> str:
    label = row.get("label") or (labels[0] if len(labels) == 1 else "")
    if label not in labels:
        raise ValueError(f"a box has the label {label!r}; labels of the picture: {', '.join(labels)}")
    return label


def _box(row: Row, path: Path) -> Box:
    width, height = stored_picture(path).upright
    across = width / float(row.get("width") or width)
    down = height / float(row.get("height") or height)
    x0, y0, x1, y1 = (float(row[edge]) for edge in _EDGES)
    return edges_to_box(x0 * across, y0 * down, x1 * across, y1 * down)


def _rows(path: Path, needed: Iterable[str]) -> list[Row]:
    try:
        found = csv.DictReader(io.StringIO(read_text(path)), strict=True)
        if missing := [column for column in needed if column not in (found.fieldnames or ())]:
            there = ", ".join(found.fieldnames or ()) or "none"
            raise PhotographError(
                f"{path} lacks the columns {', '.join(missing)}; columns found: {there}"
                + not_commas(found.fieldnames or ())
            )
        return [{k: (v or "").strip() for k, v in row.items() if isinstance(k, str)} for row in found]
    except FileNotFoundError:
        raise PhotographError(f"table {path} is missing; correct its name in [dataset]") from None
    except (NotTextError, csv.Error, OSError) as error:
        raise PhotographError(f"table {path} cannot be read: {error}") from error


def _endings() -> str:
    return "files that end in " + ", ".join(SUFFIXES)


FOLDER = Source("folder", FolderDataset, _open_split)
