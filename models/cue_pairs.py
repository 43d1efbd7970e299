"""Pictures without and with a cue, in VOC layout: a folder of pairs, so that the cue can be swapped."""

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import ScenesError
from models.photographs import Photograph
from models.scene_drawing import Scene
from models.scenes import JPEG_QUALITY, YEAR, annotation, write_whole
from models.sources import open_split
from models.voc import VocDataset

WITH = "-cue"  # at the end of the id of a picture with its cue
ONLY_WITH = f"test{WITH}"  # the split of the test's pictures with their cue alone
_MANIFEST = "cue-scenes.json"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class CuePairs:
    """What is wanted: as many pairs of either class, `train` and `test` in all; the cue goes with the first class."""

    classes: tuple[str, str]
    cue: str
    train: int
    test: int
    seed: int


def claim(root: Path, wanted: Mapping[str, Any]) -> Path:
    """The folder of VOC's layout in `root`, made for what `wanted` tells; the pictures of a stopped run stay.

    Raises ScenesError where `root` holds anything else.
    """
    manifest, told = root / _MANIFEST, json.loads(json.dumps(wanted))
    if root.exists() and any(root.iterdir()) and _read(manifest) != told:
        raise ScenesError(f"{root} holds something else than these scenes; name another folder, or move it away")
    folder = root / "VOCdevkit" / f"VOC{YEAR}"
    for name in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_whole(manifest, json.dumps(told, indent=1).encode())
    return folder


def missing(folder: Path, ids: Iterable[str]) -> list[str]:
    """Those of which a stopped run did not write both pictures: the annotation with the cue is written last."""
    return [i for i in ids if not (folder / "Annotations" / f"{i}{WITH}.xml").exists()]


def write_pair(folder: Path, picture_id: str, pair: Sequence[Scene]) -> None:
    """Write the picture without its cue and the one with it, each with its annotation."""
    for end, scene in zip(("", WITH), pair, strict=True):
        encoded = io.BytesIO()
        scene.picture.save(encoded, "JPEG", quality=JPEG_QUALITY)
        write_whole(folder / "JPEGImages" / f"{picture_id}{end}.jpg", encoded.getvalue())
        write_whole(folder / "Annotations" / f"{picture_id}{end}.xml", annotation(f"{picture_id}{end}", scene))


def open_pairs(
    root: Path, folder: Path, ids: Mapping[str, Sequence[str]], categories: tuple[str, ...]
) -> dict[str, tuple[Photograph, ...]]:
    """List the pictures of each split and return them, each without and with its cue. ONLY_WITH is listed too."""
    lists = {split: [f"{i}{end}" for i in of for end in ("", WITH)] for split, of in ids.items()}
    lists[ONLY_WITH] = [f"{i}{WITH}" for i in ids["test"]]
    for split, listed in lists.items():
        write_whole(folder / "ImageSets" / "Main" / f"{split}.txt", "".join(f"{i}\n" for i in listed).encode())
    dataset = VocDataset(root=root.resolve(), year=YEAR, categories=categories)
    return {split: open_split(dataset, split) for split in ids}


def _read(manifest: Path) -> object:
    try:
        return json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
