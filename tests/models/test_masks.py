"""Masks in either layout, as the network sees them: names of indices, outlines, sizes, crops, what is damaged."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools import mask as coco

from models.coco import CocoDataset
from models.errors import PhotographError
from models.masks import category_mask, has_masks, mask_labels, mask_names, masks_sha256
from models.photographs import AnnotatedObject, Photograph
from models.sources import open_split
from models.transform import Transform
from stimuli.evaluate.truth import boxes_of, is_difficult, mask_of


def voc(folder, labels, classes=None):
    """A photograph of the masks' size with a dog in its right half."""
    height, width = labels.shape
    for name in ("JPEGImages", "SegmentationClass"):
        (folder / name).mkdir(exist_ok=True)
    Image.fromarray(labels).save(folder / "SegmentationClass" / "one.png")
    if classes is not None:
        (folder / "mask_classes.txt").write_text(classes)
    objects = (AnnotatedObject("dog", (width // 2 + 1, 1, width, height)),)
    return Photograph("one", folder / "JPEGImages" / "one.jpg", width, height, objects)


def right_half(index, width=8, height=4):
    labels = np.zeros((height, width), np.uint8)
    labels[:, width // 2 :] = index
    return labels


def test_indices_are_vocs_or_those_of_the_file_beside_the_masks(tmp_path):
    image = voc(tmp_path, right_half(12))
    assert category_mask(image, "dog").tolist() == (right_half(12) == 12).tolist()
    assert category_mask(image, "cat") is None
    assert category_mask(image, "zebra") is None


def test_a_file_names_other_indices(tmp_path):
    image = voc(tmp_path, right_half(3), "0\tunlabeled\n3\tpotted plant\n")
    assert category_mask(image, "potted plant").sum() == 16
    assert category_mask(image, "dog") is None


def test_a_photograph_without_masks_has_none(tmp_path):
    image = voc(tmp_path, right_half(12))
    (tmp_path / "SegmentationClass" / "one.png").unlink()
    assert category_mask(image, "dog") is None


@pytest.mark.parametrize("damage", ["size", "file", "classes"])
def test_what_is_damaged_is_named(tmp_path, damage):
    image = voc(tmp_path, right_half(12), "a dog\n" if damage == "classes" else None)
    if damage == "size":
        image = voc(tmp_path, right_half(12, 6))
        image = Photograph("one", image.path, 8, 4, image.objects)
    if damage == "file":
        (tmp_path / "SegmentationClass" / "one.png").write_bytes(b"no picture")
    with pytest.raises(PhotographError, match=r"mask_classes\.txt" if damage == "classes" else r"one\.png"):
        category_mask(image, "dog")


@pytest.mark.parametrize(("resize", "left"), [(None, 16), (32, 16)])
def test_masks_and_boxes_are_those_of_the_part_that_the_network_sees(tmp_path, resize, left):
    """Squashed, the right half stays the right half; of the square in the middle it is the right half, too."""
    image, transform = voc(tmp_path, right_half(12)), Transform(32, resize=resize)
    mask = mask_of(image, "dog", transform)
    expected = torch.zeros(32, 32, dtype=torch.bool)
    expected[:, left:] = True
    assert torch.equal(mask, expected)
    assert boxes_of(image, "dog", transform) == ((left, 0, 32, 32),)
    assert mask_of(image, "cat", transform) is None


def test_boxes_outside_of_what_is_seen_are_left_out():
    objects = (AnnotatedObject("dog", (1, 1, 2, 4)), AnnotatedObject("dog", None))
    image = Photograph("one", None, 8, 4, objects)
    assert boxes_of(image, "dog", Transform(32, resize=32)) == ()
    assert boxes_of(image, "dog", Transform(32)) == ((0, 0, 8, 32),)


@pytest.mark.parametrize(("edge", "other", "expected"), [(4, True, True), (5, True, False), (4, False, False)])
def test_difficult_is_small_beside_another_category(edge, other, expected):
    more = (AnnotatedObject("cat", (1, 1, 1, 1)),) if other else ()
    image = Photograph("one", None, 8, 9, (AnnotatedObject("dog", (1, 1, 4, edge)), *more))
    assert is_difficult(image, "dog") is expected  # 16 of 72 is below a quarter, 20 is not


SQUARE = [[2, 1, 6, 1, 6, 3, 2, 3]]  # columns 2 to 5, rows 1 and 2
COLUMNS = {"size": [4, 8], "counts": [20, 12]}  # column by column: the last three


def outlined(*told, category="dog"):
    objects = tuple(AnnotatedObject(category, None, segmentation=one and json.dumps(one)) for one in told)
    return Photograph("one", Path("there/images/one.jpg"), 8, 4, objects)


def area(rows, columns):
    expected = np.zeros((4, 8), bool)
    expected[rows, columns] = True
    return expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (SQUARE, area(slice(1, 3), slice(2, 6))),
        (COLUMNS, area(slice(None), slice(5, 8))),
        ({"size": [4, 8], "counts": "d0<"}, area(slice(None), slice(5, 8))),  # the same: 20 and 12 in COCO's digits
        ([*SQUARE, [0, 0, 1, 0, 1, 1, 0, 1]], area(slice(1, 3), slice(2, 6)) | area(0, 0)),
    ],
    ids=["polygon", "run lengths", "text", "two polygons"],
)
def test_an_outline_holds_its_pixels(told, expected):
    assert np.array_equal(category_mask(outlined(told), "dog"), expected)


def test_objects_of_a_category_are_one_mask_and_one_without_an_outline_leaves_none():
    both = area(slice(1, 3), slice(2, 6)) | area(slice(None), slice(5, 8))
    assert np.array_equal(category_mask(outlined(SQUARE, COLUMNS), "dog"), both)
    assert category_mask(outlined(SQUARE, None), "dog") is None
    assert category_mask(outlined(SQUARE), "cat") is None
    assert [has_masks(image) for image in (outlined(SQUARE, None), outlined(None))] == [True, False]
    assert masks_sha256(outlined(SQUARE)) != masks_sha256(outlined(COLUMNS))


def test_the_smaller_of_two_objects_is_in_front():
    image = replace(outlined(), objects=(*outlined(SQUARE, category="cat").objects, *outlined(COLUMNS).objects))
    names = mask_names([image])
    expected = np.where(area(slice(None), slice(5, 8)), 2, 0)
    expected[1:3, 2:6] = 1
    assert names == ("", "cat", "dog")
    assert mask_labels(image, names).tolist() == expected.tolist()


def test_texts_are_read_as_cocos_own_code_writes_them():
    drawn = np.random.default_rng(1).random((40, 30)) < np.linspace(0, 0.9, 30)
    counts = np.diff(np.flatnonzero(np.diff(drawn.T.ravel().astype(int), prepend=0, append=2))).tolist()
    counts = [int(np.argmax(drawn.T.ravel())), *counts]
    text = coco.frPyObjects({"size": [40, 30], "counts": counts}, 40, 30)["counts"].decode()
    image = replace(outlined({"size": [40, 30], "counts": text}), width=30, height=40)
    assert np.array_equal(category_mask(image, "dog"), drawn)


def test_run_lengths_that_cannot_be_read_are_told():
    with pytest.raises(PhotographError, match=r"a segmentation of .*one\.jpg does not fit its size"):
        category_mask(outlined({"size": [4, 8], "counts": "zzzz"}), "dog")


@pytest.mark.shared
def test_the_development_masks_are_the_same_in_either_layout(shared: Path, tmp_path: Path):
    """The JSON is written here from the files' pixels, as run lengths counted by numpy."""
    voc = shared / "coco" / "VOCdevkit" / "VOC2012"
    lines = [line.split(maxsplit=1) for line in (voc / "mask_classes.txt").read_text().splitlines()]
    categories = [{"id": int(number), "name": name} for number, name in lines if int(number)]
    files, images, annotations = sorted((voc / "SegmentationClass").glob("*.png"))[:12], [], []
    for file in files:
        labels = np.asarray(Image.open(file))
        height, width = labels.shape
        images.append({"id": file.stem, "file_name": f"{file.stem}.jpg", "width": width, "height": height})
        for number in set(np.unique(labels)) & {category["id"] for category in categories}:
            pixels = np.concatenate([[False], (labels == number).T.ravel()])
            counts = np.diff([0, *np.flatnonzero(np.diff(pixels)), pixels.size - 1]).tolist()
            told = {"size": [height, width], "counts": counts}
            annotations.append(
                {"image_id": file.stem, "category_id": int(number), "bbox": [0, 0, 9, 9], "segmentation": told}
            )
    document = {"images": images, "categories": categories, "annotations": annotations}
    (tmp_path / "val.json").write_text(json.dumps(document))
    (tmp_path / "pictures").symlink_to(voc / "JPEGImages")
    source = CocoDataset(root=tmp_path, categories=("dog", "cat"), annotations="{split}.json", images="pictures")
    found = open_split(source, "val")
    names = mask_names(found)
    for image in found:
        in_voc = replace(image, path=voc / "JPEGImages" / image.path.name)
        for category in image.categories:
            assert np.array_equal(category_mask(image, category), category_mask(in_voc, category))
        theirs = mask_names([in_voc])
        ours = np.array(names, object)[mask_labels(image, names).numpy()]
        assert np.array_equal(ours, np.array(theirs, object)[mask_labels(in_voc, theirs).numpy()])
