"""Pointing, energy and seeds, each on pictures worked out by hand."""

import pytest
import torch

from stimuli.evaluate.metrics import energy, pointing, seeds
from stimuli.evaluate_config import EnergyOptions, PointingOptions, SeedsOptions
from tests.stimuli.evaluate.metrics.samples import blob, sample

CHOICES = PointingOptions(tolerance=2, steps=4)


def points(x: int, y: int, value: float = 1.0):
    return blob(20, 20, (x, y, x + 1, y + 1, value))


@pytest.mark.parametrize(
    ("x", "plain", "tolerant"), [(5, 1, 1), (9, 1, 1), (10, 0, 1), (11, 0, 1), (12, 0, 0), (4, 0, 1), (2, 0, 0)]
)
def test_the_maximum_is_in_the_box_or_near_it(x, plain, tolerant):
    found = pointing.measure(sample(points(x, 7), ((5, 5, 10, 10),)), CHOICES).values
    assert (found["pointing"], found["pointing_tolerant"]) == (plain, tolerant)
    assert found["pointing_difficult"] is None


def test_nearness_is_measured_around_corners():
    """The pixel's centre is 1.5 px off the box both ways, so 2.12 px off its corner."""
    assert pointing.hit(points(11, 11), ((5, 5, 10, 10),), 2) == 0
    assert pointing.hit(points(11, 11), ((5, 5, 10, 10),), 2.13) == 1


def test_of_several_maxima_their_share_counts_so_a_uniform_map_gives_the_boxes_share():
    found = pointing.measure(sample(torch.ones(20, 20), ((0, 0, 10, 5),)), CHOICES).values
    assert found["pointing"] == 50 / 400


def test_difficult_photographs_have_the_tolerant_value_too():
    found = pointing.measure(sample(points(11, 7), ((5, 5, 10, 10),), difficult=True), CHOICES).values
    assert found["pointing_difficult"] == 1


def test_masks_count_where_there_are_some():
    mask = torch.zeros(20, 20, dtype=torch.bool)
    mask[7, 5] = True
    assert pointing.measure(sample(points(5, 7), ((5, 5, 10, 10),), mask=mask), CHOICES).values["pointing_mask"] == 1
    assert pointing.measure(sample(points(6, 7), ((5, 5, 10, 10),), mask=mask), CHOICES).values["pointing_mask"] == 0


def test_rejecting_an_absent_category_is_right_and_rejecting_a_present_one_is_wrong():
    """Present and on the object (strongest), present and off it, absent with half and with a fifth of the maximum."""
    predicted = {0: points(7, 7), 1: points(0, 0, 0.8), 2: points(7, 7, 0.5), 3: points(7, 7, 0.2)}
    boxes = {0: ((5, 5, 10, 10),), 1: ((15, 15, 18, 18),)}
    one = sample(points(7, 7), boxes[0], predicted=predicted, annotated=frozenset({0, 1}), boxes_by_place=boxes)
    curve = pointing.measure(one, CHOICES).curves["pointing_rejecting"]
    assert curve == [0.25, 0.5, 0.5, 0.75]  # at 0, .25, .5, .75; .5 is not below .5
    again = sample(points(7, 7), boxes[1], predicted=predicted, target=1, of_image=one.of_image)
    assert pointing.measure(again, CHOICES).curves == {}  # once for each photograph


def test_energy_is_the_share_of_positive_values_in_boxes_and_mask():
    heat = blob(10, 10, (0, 0, 2, 2, 1.0), (5, 5, 7, 7, 3.0), (9, 9, 10, 10, -5.0))
    mask = torch.zeros(10, 10, dtype=torch.bool)
    mask[5, 5] = True
    found = energy.measure(sample(heat, ((5, 5, 9, 9), (6, 6, 9, 9)), mask=mask), EnergyOptions()).values
    assert found["energy_in_box"] == pytest.approx(12 / 16)
    assert found["energy_in_mask"] == pytest.approx(3 / 16)
    none = energy.measure(sample(torch.zeros(10, 10), ((5, 5, 9, 9),)), EnergyOptions()).values
    assert none == {"energy_in_box": None, "energy_in_mask": None}


def test_seeds_overlap_with_the_mask_at_each_threshold_as_a_plain_count_tells():
    heat = torch.rand(12, 15, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    mask = torch.rand(12, 15, generator=torch.Generator().manual_seed(3)) > 0.7
    found = seeds.measure(sample(heat, mask=mask), SeedsOptions(threshold=0.3, steps=5))

    def plain(threshold):
        seed = heat > threshold * heat.max()
        return int((seed & mask).sum()) / int((seed | mask).sum())

    assert found.values["seed_iou"] == pytest.approx(plain(0.3))
    assert found.curves["seed_curve"] == pytest.approx([plain(t) for t in (0, 0.2, 0.4, 0.6, 0.8)])
