"""Demo data: pictures composed of emoji glyphs, in VOC layout, the same bytes for the same seed.

Every scene has its own random stream, so scenes are drawn in any order, by any number of processes, and a
run that was killed goes on where it stopped. The folder appears under its name when it is complete.
"""

import hashlib
import io
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from models.errors import PhotographError, ScenesError
from models.glyphs import load_clutter, load_glyphs
from models.photographs import data_sha256
from models.scene_drawing import Scene, draw_scene
from models.sources import open_split
from models.voc import VocDataset

DEMO_COUNTS = {"train": 1500, "val": 400}
DEMO_SEED = 1
YEAR = "2012"
_DRAWING = 2  # raise it when the same seed draws other pictures
JPEG_QUALITY = 92
_MANIFEST = "scenes.json"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Request:
    """All that decides the pictures."""

    categories: tuple[str, ...]
    counts: dict[str, int]
    seed: int
    touching: tuple[str, ...] = ()
    drawing: int = _DRAWING

    def scene_ids(self) -> list[str]:
        return [scene_id for split in self.counts for scene_id in self.split_ids(split)]

    def split_ids(self, split: str) -> list[str]:
        return [f"{split}_{i:06d}" for i in range(self.counts[split])]

    def sha256(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def make_scenes(
    root: Path,
    emoji_folder: Path,
    categories: Sequence[str],
    counts: Mapping[str, int] = DEMO_COUNTS,
    seed: int = DEMO_SEED,
    progress: Progress | None = None,
    touching: Sequence[str] = (),
) -> str:
    """Draw scenes into `root/VOCdevkit/VOC2012` and return the SHA-256 of the data.

    `emoji_folder` is npm's `emoji-datasource-google` package; `counts` gives the number of scenes of each split;
    `progress` is called with (scenes done, scenes in all); the scenes of the splits `touching` show two objects side
    by side, those of others one to three anywhere. Finished data is recognised, checked and left alone.
    Raises ScenesError for a category without glyphs, for a missing package and where `root` holds anything else.
    """
    request = _Request(tuple(categories), dict(counts), seed, tuple(touching))
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        return _check_finished(root, request)
    _check_request(request, emoji_folder)
    unfinished = root.with_name(f"{root.name}.partial-{request.sha256()[:12]}")
    folder = unfinished / "VOCdevkit" / f"VOC{YEAR}"
    for name in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _draw_missing(folder, emoji_folder, request, progress or (lambda done, total: None))
    for split in request.counts:
        write_whole(
            folder / "ImageSets" / "Main" / f"{split}.txt", "".join(f"{i}\n" for i in request.split_ids(split)).encode()
        )
    sha256 = _data_sha256(unfinished, request)
    write_whole(unfinished / _MANIFEST, json.dumps({**asdict(request), "data_sha256": sha256}, indent=1).encode())
    unfinished.replace(root)
    return sha256


def _check_request(request: _Request, emoji_folder: Path) -> None:
    if not request.counts or min(request.counts.values()) < 1:
        raise ScenesError(f"counts {request.counts} ask for an empty split; give every split at least one scene")
    for category in request.categories:
        load_glyphs(emoji_folder, category)
    load_clutter(emoji_folder)


def _check_finished(root: Path, request: _Request) -> str:
    """The data's hash, if `root` holds exactly the data asked for, unchanged."""
    try:
        manifest = json.loads((root / _MANIFEST).read_text(encoding="utf-8"))
        recorded = manifest.pop("data_sha256")
        lists = {key: tuple(manifest[key]) for key in ("categories", "touching") if key in manifest}
        found = _Request(**{**manifest, **lists})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScenesError(
            f"{root} exists and holds no finished scenes; name another folder as dataset.root."
            " Photographs of your own need no `make-scenes`"
        ) from error
    if found != request:
        raise ScenesError(
            f"{root} holds scenes of other settings (seed {found.seed}, {found.counts}, drawing {found.drawing},"
            f" {len(found.categories)} categories); choose another folder or delete it"
        )
    try:
        actual = _data_sha256(root, request)
    except PhotographError as error:
        raise ScenesError(f"scenes in {root} are damaged ({error}); delete the folder and make them again") from error
    if actual != recorded:
        raise ScenesError(f"scenes in {root} were changed since they were made; delete the folder and make them again")
    return recorded


def _data_sha256(root: Path, request: _Request) -> str:
    dataset = VocDataset(root=root.resolve(), year=YEAR, categories=request.categories)
    return data_sha256(image for split in request.counts for image in open_split(dataset, split))


def _draw_missing(folder: Path, emoji_folder: Path, request: _Request, progress: Progress) -> None:
    scene_ids = request.scene_ids()
    # The annotation is written after the picture: where it is, both are.
    missing = [i for i in scene_ids if not (folder / "Annotations" / f"{i}.xml").exists()]
    drawn_by_processes(partial(_draw_one, folder, emoji_folder, request), missing, len(scene_ids), progress)


def drawn_by_processes(draw: Callable[[str], None], missing: Sequence[str], total: int, progress: Progress) -> None:
    """Let processes draw what is `missing` of `total` scenes."""
    done = total - len(missing)
    progress(done, total)
    # Spawned, not forked: the caller may hold torch's threads.
    # Ctrl-C reaches all processes: the caller ends the others, which would else print a traceback each.
    spawn, quiet = multiprocessing.get_context("spawn"), (signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(mp_context=spawn, initializer=signal.signal, initargs=quiet) as pool:
        for _ in pool.map(draw, missing, chunksize=16):
            done += 1
            progress(done, total)


def _draw_one(folder: Path, emoji_folder: Path, request: _Request, scene_id: str) -> None:
    glyphs = {category: load_glyphs(emoji_folder, category) for category in request.categories}
    stream = int.from_bytes(hashlib.sha256(scene_id.encode()).digest()[:8], "big")
    touching = scene_id.rsplit("_", 1)[0] in request.touching
    scene = draw_scene(np.random.default_rng([request.seed, stream]), glyphs, load_clutter(emoji_folder), touching)
    encoded = io.BytesIO()
    scene.picture.save(encoded, "JPEG", quality=JPEG_QUALITY)
    write_whole(folder / "JPEGImages" / f"{scene_id}.jpg", encoded.getvalue())
    write_whole(folder / "Annotations" / f"{scene_id}.xml", annotation(scene_id, scene))


def annotation(scene_id: str, scene: Scene) -> bytes:
    """VOC's XML for `scene`; pose and occlusion are not recorded, as readers of VOC seldom use them."""
    root = ElementTree.Element("annotation")
    _append(root, folder=f"VOC{YEAR}", filename=f"{scene_id}.jpg")
    _append(ElementTree.SubElement(root, "size"), width=scene.picture.width, height=scene.picture.height, depth=3)
    _append(root, segmented=0)
    for drawn in scene.objects:
        node = ElementTree.SubElement(root, "object")
        _append(node, name=drawn.category, pose="Unspecified", truncated=0, difficult=int(drawn.difficult))
        if drawn.box:
            edges = dict(zip(("xmin", "ymin", "xmax", "ymax"), drawn.box, strict=True))
            _append(ElementTree.SubElement(node, "bndbox"), **edges)
    ElementTree.indent(root)
    return ElementTree.tostring(root)


def _append(node: ElementTree.Element, **texts: str | int) -> None:
    for tag, text in texts.items():
        ElementTree.SubElement(node, tag).text = str(text)


def write_whole(path: Path, content: bytes) -> None:
    """Write `path` by atomic rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)
