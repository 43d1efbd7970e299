"""Scenes with a planted cue, in VOC layout: each is drawn without and with it, so that the cue can be swapped."""

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from models.errors import ScenesError
from models.glyphs import load_clutter, load_glyphs
from models.photographs import Photograph
from models.scene_drawing import BACKGROUND, draw_with_cue
from models.scenes import JPEG_QUALITY, YEAR, annotation, drawn_by_processes, write_whole
from models.sources import open_split
from models.voc import VocDataset

WITH = "-cue"  # at the end of the id of a scene with its cue
_MANIFEST, _DRAWING = "cue-scenes.json", 1  # raise it when the same seed draws other pictures

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class CueScenes:
    """All that decides the pictures: as many of either class, `train` and `test` scenes in all."""

    classes: tuple[str, str]
    cue: str
    train: int
    test: int
    seed: int
    drawing: int = _DRAWING

    def scene_ids(self) -> list[str]:
        """Of the scenes without their cue."""
        return [f"{split}_{i:05}" for split in ("train", "test") for i in range(getattr(self, split))]

    def category(self, scene_id: str) -> str:
        """The class that a scene shows; they take turns."""
        return self.classes[int(scene_id[-5:]) % 2]


def make_cue_scenes(
    root: Path, emoji_folder: Path, wanted: CueScenes, progress: Progress = lambda done, total: None
) -> dict[str, tuple[Photograph, ...]]:
    """Draw the scenes into `root` and return them by split, "train" and "test", each scene without and with its cue.

    `emoji_folder` is npm's `emoji-datasource-google` package. Drawn ones are kept, so that a stopped run goes on.
    Raises ScenesError for a category without glyphs and where `root` holds anything else.
    """
    told = json.loads(json.dumps(asdict(wanted)))
    manifest = root / _MANIFEST
    if root.exists() and any(root.iterdir()) and _read(manifest) != told:
        raise ScenesError(f"{root} holds something else than these scenes; name another folder, or move it away")
    for category in {*wanted.classes, wanted.cue} - {BACKGROUND}:
        load_glyphs(emoji_folder, category)
    folder = root / "VOCdevkit" / f"VOC{YEAR}"
    for name in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_whole(manifest, json.dumps(told, indent=1).encode())
    # The annotation with the cue is written last: where it is, all is.
    missing = [i for i in wanted.scene_ids() if not (folder / "Annotations" / f"{i}{WITH}.xml").exists()]
    drawn_by_processes(partial(_draw, folder, emoji_folder, wanted), missing, len(wanted.scene_ids()), progress)
    for split in ("train", "test"):
        ids = [f"{i}{end}" for i in wanted.scene_ids() if i.startswith(split) for end in ("", WITH)]
        write_whole(folder / "ImageSets" / "Main" / f"{split}.txt", "".join(f"{i}\n" for i in ids).encode())
    dataset = VocDataset(root=root.resolve(), year=YEAR, categories=wanted.classes)
    return {split: open_split(dataset, split) for split in ("train", "test")}


def _read(manifest: Path) -> object:
    try:
        return json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _draw(folder: Path, emoji_folder: Path, wanted: CueScenes, scene_id: str) -> None:
    category = wanted.category(scene_id)
    names: Sequence[str] = [name for name in (category, wanted.cue) if name != BACKGROUND]
    glyphs = {name: load_glyphs(emoji_folder, name) for name in names}
    stream = int.from_bytes(hashlib.sha256(scene_id.encode()).digest()[:8], "big")
    rng = np.random.default_rng([wanted.seed, stream])
    scenes = draw_with_cue(rng, category, glyphs, wanted.cue, load_clutter(emoji_folder))
    for end, scene in zip(("", WITH), scenes, strict=True):
        encoded = io.BytesIO()
        scene.picture.save(encoded, "JPEG", quality=JPEG_QUALITY)
        write_whole(folder / "JPEGImages" / f"{scene_id}{end}.jpg", encoded.getvalue())
        write_whole(folder / "Annotations" / f"{scene_id}{end}.xml", annotation(f"{scene_id}{end}", scene))
