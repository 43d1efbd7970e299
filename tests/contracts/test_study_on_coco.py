"""A study on COCO's photographs with three networks that keep their own thousand outputs, from files to a ranking.

The photographs and weights are those of the development folder. The same photographs in VOC's layout and in COCO's JSON,
written here, are read alike, with their masks.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from analysis.reading.load import load
from analysis.results import compute
from contracts.stimulus_set import read_stimuli
from models.coco import CocoDataset
from models.masks import category_mask
from models.sources import open_split
from models.voc import VocDataset
from tests.contracts.small_study import Study

SHARED = Path(os.environ.get("DISCERN_SHARED", Path(__file__).parents[3] / "shared"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (SHARED / "coco").is_dir(),
        reason=f"no development photographs in {SHARED}; set DISCERN_SHARED to run this test",
    ),
]
# All three networks are right about the first six: stop sign, teddy bear, zebra, apple, umbrella, traffic light.
IMAGES = "000000000724 000000000776 000000001818 000000002149 000000009448 000000008762 000000000285 000000007278"
OUTPUTS = {"stop sign": 919, "teddy bear": 850, "zebra": 340, "apple": 948, "umbrella": 879, "traffic light": 920}
NETWORKS = {
    "mobilenet": 'architecture = "mobilenet_v2"\nweights = "{weights}/mobilenet_v2_tflite_quant_dequantized.pt"',
    "lite": 'module = "own_networks.py:efficientnet_lite0"\nweights = "{weights}/efficientnet-lite0-57934424.pth"\n'
    "normalize = {{ mean = [0.498, 0.498, 0.498], std = [0.502, 0.502, 0.502] }}",
    "squeezenet": 'architecture = "squeezenet1_0"\nweights = "{weights}/squeezenet1_0_deepcompression.pt"',
}
DEFINITION = """
[study]
slug = "coco"
contact = "nobody"
minutes = 2
title.en = "Which network?"
consent.en = "text.md"
debriefing.en = "text.md"

[dataset]
{dataset}
categories = {categories}

{networks}
[stimuli]
output = "stimuli"
recipe = "heat-v1"
device = "cpu"

[[tasks]]
name = "trusting"
kind = "trust"
networks = ["mobilenet", "lite", "squeezenet"]
methods = ["grad-cam"]
images = 4
ratings_per_item = 2
trials_per_participant = 4
"""


DATASETS = {
    "voc": 'format = "voc"\nroot = "."',
    "coco": 'format = "coco"\nroot = "VOCdevkit/VOC2012"\nannotations = "instances_{split}.json"\nimages = "JPEGImages"',
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight of the photographs in VOC's layout and, beside them, what COCO's JSON says of the same."""
    folder = tmp_path_factory.mktemp("coco")
    source, here = SHARED / "coco/VOCdevkit/VOC2012", folder / "VOCdevkit/VOC2012"
    (here / "ImageSets/Main").mkdir(parents=True)
    (here / "ImageSets/Main/val.txt").write_text("\n".join(IMAGES.split()))
    for name in ("JPEGImages", "Annotations", "SegmentationClass", "mask_classes.txt"):
        (here / name).symlink_to(source / name)
    images = open_split(VocDataset(root=folder, categories=tuple(OUTPUTS)), "val")
    names = sorted({category for image in images for category in image.categories})
    document = {
        "images": [{"id": n, "file_name": i.path.name, "width": i.width, "height": i.height} for n, i in enumerate(images)],
        "categories": [{"id": n, "name": name} for n, name in enumerate(names)],
        "annotations": [
            {
                "image_id": n,
                "category_id": names.index(seen.category),
                "bbox": [x0 - 1, y0 - 1, x1 - x0 + 1, y1 - y0 + 1],
                "iscrowd": int(seen.difficult),
            }
            for n, image in enumerate(images)
            for seen in image.objects
            for x0, y0, x1, y1 in [seen.box or (1, 1, 1, 1)]
        ],
    }  # fmt: skip
    (here / "instances_val.json").write_text(json.dumps(document))
    (folder / "labels.csv").write_text("index,name\n" + "".join(f"{n},{name}\n" for name, n in OUTPUTS.items()))
    (folder / "own_networks.py").symlink_to(SHARED / "own-study/own_networks.py")
    (folder / "text.md").write_text("Words.")
    return folder


def coco_of(folder: Path) -> CocoDataset:
    root = folder / "VOCdevkit/VOC2012"
    return CocoDataset(root=root, annotations="instances_{split}.json", images="JPEGImages", categories=tuple(OUTPUTS))


def test_both_layouts_give_the_same_photographs_and_masks(folder: Path) -> None:
    voc = open_split(VocDataset(root=folder, categories=tuple(OUTPUTS)), "val")
    coco = open_split(coco_of(folder), "val")
    assert [(i.image_id, i.width, i.height, i.objects) for i in coco] == [
        (i.image_id, i.width, i.height, i.objects) for i in voc
    ]
    pairs = [(a, b, category) for a, b in zip(voc, coco, strict=True) for category in a.categories]
    masks = [(category_mask(a, category), category_mask(b, category)) for a, b, category in pairs]
    there = [(a, b) for a, b in masks if a is not None]
    assert len(there) > 3
    assert all(np.array_equal(a, b) and a.any() for a, b in there)


@pytest.mark.parametrize("layout", DATASETS)
def test_three_networks_go_from_photographs_to_people_and_a_ranking(folder: Path, layout: str) -> None:
    """Every item has its ratings, and the report ranks all three; which photographs are shown is the same in both."""
    pytest.importorskip("efficientnet_lite_pytorch", reason="PyPI's efficientnet-lite-pytorch is not installed")
    common = 'labels = "labels.csv"\ntarget_layer = "auto"\n'
    networks = "\n".join(
        f"[networks.{name}]\n{what.format(weights=SHARED / 'weights')}\n{common}" for name, what in NETWORKS.items()
    )
    text = DEFINITION.format(dataset=DATASETS[layout], networks=networks, categories=json.dumps([*OUTPUTS]))
    study = Study(folder)
    study.definition.write_text(text.replace('"coco"', f'"{layout}"', 1).replace('"stimuli"', f'"{layout}/stimuli"'))
    assert study.of_study("generate-stimuli").count("1000 outputs") == 3
    stimuli = read_stimuli(folder / layout / "stimuli")
    assert len(stimuli) == 4 * 3
    assert {Path(row.image_id).stem for row in stimuli} <= set(IMAGES.split()[:6])
    study.manage("db", "upgrade")
    study.of_study("open-study")
    with study.served() as url:
        assert "6 simulated participants finished." in study.of_study("simulate", "--url", url, "--participants", "6")
    study.of_study("export", "--out", str(folder / layout / "export"))
    (results,) = compute(load(folder / layout / "export"))
    pairs = results.tables["network-pairs"]
    assert pairs[["first", "equal", "second"]].sum(axis=1).tolist() == [8, 8, 8]
    assert set(results.tables["strengths"]["network"]) == set(NETWORKS)

    study.definition.write_text(study.definition.read_text().replace("images = 4", "images = 8"))
    refused = study.run("generate-stimuli", "--study", str(study.definition)).output
    assert "of 8 images mobilenet and lite agree on" in refused
