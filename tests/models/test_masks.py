"""Masks in VOC layout, as the network sees them: names of indices, sizes, crops, and what is damaged."""

import numpy as np
import pytest
import torch
from PIL import Image

from models.errors import PhotographError
from models.masks import category_mask
from models.photographs import AnnotatedObject, Photograph
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
