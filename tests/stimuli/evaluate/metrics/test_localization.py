"""Localization against pictures worked out by hand, torchvision's box_iou and a plain flood fill."""

import numpy as np
import pytest
import torch
from torchvision.ops import box_iou

from stimuli.evaluate.metrics.localization import LOCALIZATION, measure
from stimuli.evaluate.metrics.segments import overlaps, segments, stretched
from stimuli.evaluate_config import LocalizationOptions
from tests.stimuli.evaluate.metrics.samples import blob, sample

CHOICES = LocalizationOptions(steps=10)


def test_the_box_is_around_the_largest_segment_above_15_percent_not_around_the_strongest():
    heat = blob(20, 20, (2, 2, 4, 4, 1.0), (8, 8, 16, 18, 0.2), (0, 18, 20, 20, 0.15))
    found = measure(sample(heat, ((8, 8, 16, 20),)), CHOICES).values
    assert found["localization_iou"] == pytest.approx(80 / 96)  # 8 × 10 in 8 × 12; .15 is not above 15 %
    assert found["localization_known"] == 1


@pytest.mark.parametrize(("width", "is_found"), [(10, 1.0), (11, 0.0)])
def test_half_of_overlap_is_enough_and_less_is_not(width, is_found):
    found = measure(sample(blob(20, 20, (0, 0, 5, 20, 1.0)), ((0, 0, width, 20),)), CHOICES)
    assert found.values["localization_known"] == is_found


@pytest.mark.parametrize(("rank", "top1", "top5"), [(0, 0, 0), (1, 1, 0), (4, 1, 0), (5, 1, 1)])
def test_a_found_box_counts_only_where_the_category_is_among_the_strongest(rank, top1, top5):
    scores = torch.arange(8, 0, -1.0).roll(0)
    heat = blob(10, 10, (2, 2, 8, 8, 1.0))
    found = measure(sample(heat, ((2, 2, 8, 8),), scores=scores, target=rank), CHOICES).values
    assert (found["localization_top1_error"], found["localization_top5_error"]) == (top1, top5)
    assert (found["classification_top1_error"], found["classification_top5_error"]) == (top1, top5)
    elsewhere = measure(sample(heat, ((0, 0, 2, 2),), scores=scores, target=rank), CHOICES).values
    assert (elsewhere["localization_top1_error"], elsewhere["localization_top5_error"]) == (1, 1)


def test_the_curve_has_each_threshold_and_every_segment_counts_for_v2():
    """Above .5 only the strong small segment is left; the box is around the weak one, that is the larger."""
    heat = blob(20, 20, (0, 0, 2, 2, 1.0), (5, 5, 15, 15, 0.5))
    curves = measure(sample(heat, ((5, 5, 15, 15),)), CHOICES).curves
    assert curves["localization_curve"] == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    small = measure(sample(heat, ((0, 0, 2, 2),)), CHOICES).curves
    assert small["localization_curve"] == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert small["localization_v2_50"] == [1] * 10
    half = measure(sample(heat, ((5, 5, 15, 11),)), CHOICES).curves  # IoU .6
    assert (half["localization_v2_50"][0], half["localization_v2_70"][0]) == (1, 0)


def test_the_curve_is_over_the_range_of_the_map_and_the_papers_threshold_over_its_maximum():
    heat = blob(20, 20, (5, 5, 15, 15, 1.0)) + 1
    found = measure(sample(heat, ((5, 5, 15, 15),)), CHOICES)
    assert found.values["localization_iou"] == pytest.approx(100 / 400)  # 1 of 2 is above 15 %
    assert found.curves["localization_curve"][1] == 1


@pytest.mark.parametrize(("value", "iou"), [(0.0, 0.0), (2.0, 0.25)])
def test_a_map_of_one_number_is_the_whole_picture_and_one_of_zeros_finds_nothing(value, iou):
    found = measure(sample(torch.full((10, 10), value), ((0, 0, 5, 5),)), CHOICES)
    assert found.values["localization_iou"] == iou
    assert found.curves["localization_v2_30"] == [0] * 10


def test_baselines_are_segmented_once_for_all_photographs():
    first = sample(torch.ones(4, 4), ((0, 0, 4, 4),), method="uniform")
    measure(first, CHOICES)
    second = sample(torch.zeros(4, 4), ((0, 0, 4, 4),), method="uniform", network=first.network)
    assert measure(second, CHOICES).curves["localization_curve"] == [1] * 10


@pytest.mark.parametrize("neighbours", [4, 8])
def test_segments_are_those_of_a_flood_fill(neighbours):
    mask = np.random.default_rng(7).random((40, 50)) > 0.6
    found = segments(mask, neighbours)
    filled = flood(mask, neighbours)
    boxes = {(min(x), min(y), max(x) + 1, max(y) + 1) for y, x in (zip(*pixels, strict=True) for pixels in filled)}
    assert set(map(tuple, found.boxes.astype(int).tolist())) == boxes
    assert len(found.boxes) == len(filled)
    y, x = zip(*max(filled, key=len), strict=True)
    assert found.main.tolist() == [[min(x), min(y), max(x) + 1, max(y) + 1]]


def flood(mask: np.ndarray, neighbours: int) -> list[list[tuple[int, int]]]:
    """Segments as lists of pixels, by a stack."""
    steps = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (abs(y) + abs(x) == 1) or (neighbours == 8 and y and x)]
    left, found = set(map(tuple, np.argwhere(mask).tolist())), []
    while left:
        stack, pixels = [left.pop()], []
        while stack:
            y, x = stack.pop()
            pixels.append((y, x))
            for near in ((y + dy, x + dx) for dy, dx in steps):
                if near in left:
                    left.remove(near)
                    stack.append(near)
        found.append(pixels)
    return found


def test_overlaps_are_torchvisions():
    random = torch.rand(2, 30, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 50
    first, second = (torch.cat([b[:, :2], b[:, :2] + b[:, 2:] + 1], 1) for b in random)
    assert np.allclose(overlaps(first.numpy(), second.tolist()), box_iou(first, second).numpy(), atol=1e-9)


def test_a_map_is_stretched_from_0_to_1():
    assert stretched(np.array([[1.0, 3.0]])).tolist() == [[0, 1]]


def test_published_figures_are_those_of_the_paper():
    errors = {c.name: [r.value for r in c.reported if r.method == "grad-cam"] for c in LOCALIZATION.columns}
    assert errors["localization_top1_error"] == pytest.approx([0.5651, 0.683, 0.6009])
    assert errors["localization_top5_error"] == pytest.approx([0.4641, 0.566, 0.4934])
