"""Where the models' tests find pictures: a small VOC folder written here, the emoji package, the development photographs."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.scenes import make_scenes
from models.voc import VocDataset

REPOSITORY = Path(__file__).parents[2]
EMOJI = REPOSITORY / "node_modules" / "emoji-datasource-google"

OBJECT = """<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin>\
<xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox><part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin>\
<xmax>2</xmax><ymax>2</ymax></bndbox></part></object>"""
ANNOTATION = """<annotation><filename>{image_id}.jpg</filename><size><width>{width}</width><height>{height}</height>\
<depth>3</depth></size>{objects}</annotation>"""

Objects = Sequence[tuple[str, tuple[float, float, float, float], int]]
AddImage = Callable[..., Path]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """These networks are too small to share among threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def dataset(tmp_path: Path) -> VocDataset:
    """An empty VOC 2007 folder whose study is about dogs and cats."""
    folder = tmp_path / "VOCdevkit" / "VOC2007"
    for name in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (folder / name).mkdir(parents=True)
    return VocDataset(root=tmp_path, year="2007", categories=("dog", "cat"))


@pytest.fixture
def add_image(dataset: VocDataset) -> AddImage:
    """Adds a grey 40 × 30 picture with the given objects to a split and returns the VOC folder."""
    folder = dataset.root / "VOCdevkit" / "VOC2007"

    def add(image_id: str, objects: Objects, split: str = "val", grey: int = 128) -> Path:
        pixels = np.full((30, 40, 3), grey, np.uint8)
        Image.fromarray(pixels).save(folder / "JPEGImages" / f"{image_id}.jpg")
        nodes = "".join(OBJECT.format(name=name, box=box, difficult=difficult) for name, box, difficult in objects)
        text = ANNOTATION.format(image_id=image_id, width=40, height=30, objects=nodes)
        (folder / "Annotations" / f"{image_id}.xml").write_text(text)
        with (folder / "ImageSets" / "Main" / f"{split}.txt").open("a") as ids:
            ids.write(f"{image_id}\n")
        return folder

    return add


@pytest.fixture(scope="session")
def emoji() -> Path:
    """The npm package with the glyphs."""
    if not (EMOJI / "img").is_dir():
        pytest.fail("emoji-datasource-google is not installed; run `npm ci`")
    return EMOJI


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of development photographs and weights, or a skip."""
    folder = Path(os.environ.get("DISCERN_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "voc").is_dir():
        pytest.skip(f"no development photographs in {folder}; set DISCERN_SHARED to run this test")
    return folder


@pytest.fixture(scope="session")
def small_scenes(tmp_path_factory: pytest.TempPathFactory, emoji: Path) -> VocDataset:
    """120 scenes of three categories to train on and 60 to measure on."""
    categories = ("cat", "car", "sheep")
    root = tmp_path_factory.mktemp("small") / "scenes"
    make_scenes(root, emoji, categories, {"train": 120, "val": 60}, seed=5)
    return VocDataset(root=root, categories=categories)
