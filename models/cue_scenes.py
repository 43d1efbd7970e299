"""Scenes with a planted cue, in VOC layout: each is drawn without and with it, so that the cue can be swapped."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from models.cue_pairs import CuePairs, Progress, claim, missing, open_pairs, write_pair
from models.glyphs import load_clutter, load_glyphs
from models.photographs import Photograph
from models.scene_drawing import BACKGROUND, draw_with_cue
from models.scenes import drawn_by_processes

_DRAWING = 1  # raise it when the same seed draws other pictures


@dataclass(frozen=True)
class CueScenes(CuePairs):
    """All that decides the pictures."""

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
    for category in {*wanted.classes, wanted.cue} - {BACKGROUND}:
        load_glyphs(emoji_folder, category)
    folder, ids = claim(root, asdict(wanted)), wanted.scene_ids()
    drawn_by_processes(partial(_draw, folder, emoji_folder, wanted), missing(folder, ids), len(ids), progress)
    splits = {split: [i for i in ids if i.startswith(split)] for split in ("train", "test")}
    return open_pairs(root, folder, splits, wanted.classes)


def _draw(folder: Path, emoji_folder: Path, wanted: CueScenes, scene_id: str) -> None:
    category = wanted.category(scene_id)
    names: Sequence[str] = [name for name in (category, wanted.cue) if name != BACKGROUND]
    glyphs = {name: load_glyphs(emoji_folder, name) for name in names}
    stream = int.from_bytes(hashlib.sha256(scene_id.encode()).digest()[:8], "big")
    rng = np.random.default_rng([wanted.seed, stream])
    write_pair(folder, scene_id, draw_with_cue(rng, category, glyphs, wanted.cue, load_clutter(emoji_folder)))
