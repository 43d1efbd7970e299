"""Deletion, pointing, energy and segments as other programs compute them: Quantus and scikit-image."""

import warnings
from importlib import import_module

import numpy as np
import pytest
import torch
from skimage import measure as regions
from torch import nn

from stimuli.evaluate.metrics import deletion, energy, localization, pointing
from stimuli.evaluate.metrics.segments import segments
from stimuli.evaluate_config import EvaluateConfig
from tests.stimuli import networks
from tests.stimuli.evaluate.metrics import samples
from tests.stimuli.evaluate.test_faithfulness import SIDE, sample

MAPS, HEIGHT, WIDTH = 40, 30, 40
BOXES = ((3, 4, 17, 21), (20, 8, 38, 28))
QUIET = {"abs": False, "normalise": False, "disable_warnings": True}
CHOICES = EvaluateConfig()


@pytest.fixture(scope="module")
def quantus():
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of its escapes, as it is compiled
        return import_module("quantus")  # takes seconds: only in the process that runs these tests


@pytest.fixture(scope="module")
def maps() -> np.ndarray:
    """(N, 1, H, W), no two values of a map alike; some values are below 0."""
    return np.random.default_rng(7).normal(0.2, 1, (MAPS, 1, HEIGHT, WIDTH))


def inside(boxes) -> np.ndarray:
    mask = np.zeros((1, HEIGHT, WIDTH), bool)
    for x0, y0, x1, y1 in boxes:
        mask[:, y0:y1, x0:x1] = True
    return mask


def by_quantus(metric, maps, boxes=BOXES) -> list[float]:
    """Of each map; localization asks no network."""
    told = {"x_batch": np.zeros((len(maps), 3, HEIGHT, WIDTH)), "y_batch": np.zeros(len(maps), int), "a_batch": maps}
    return metric(model=None, s_batch=np.repeat(inside(boxes)[None], len(maps), 0), channel_first=True, **told)


def of_each(module, name, maps, value) -> list[float]:
    options = CHOICES.options_of(name)
    return [module.measure(samples.sample(heat[0], BOXES), options).values[value] for heat in maps]


def test_pointing_is_the_pointing_game_of_quantus(quantus, maps):
    found = of_each(pointing, "pointing", maps, "pointing")
    assert found == pytest.approx([float(hit) for hit in by_quantus(quantus.PointingGame(**QUIET), maps)], abs=1e-6)
    assert 0 < np.mean(found) < 1


def test_energy_is_relevance_mass_accuracy(quantus, maps):
    positive = maps.clip(min=0)
    expected = by_quantus(quantus.RelevanceMassAccuracy(**QUIET), positive)
    assert of_each(energy, "energy", maps, "energy_in_box") == pytest.approx(expected, abs=1e-6)


class Masked(nn.Module):
    """Scores of a picture whose pixels are kept where a mask (N, 1, H, W) is 1: Quantus flips channels one by one."""

    def __init__(self, network: nn.Module, picture: torch.Tensor) -> None:
        super().__init__()
        self.network, self.picture = network, picture

    def forward(self, mask: torch.Tensor) -> torch.Tensor:
        return self.network(self.picture * mask)


@pytest.mark.parametrize("target", [0, 2])
def test_deletion_to_the_mean_colour_is_pixel_flipping_to_0(quantus, target):
    """Zero is the mean colour of normalised pictures. Quantus leaves out the whole picture, the first of our curve."""
    steps, network = 8, networks.vgg_like().eval().float()
    picture = networks.pictures(1, SIDE, SIDE)[0].float()
    heat = torch.rand(SIDE, SIDE, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    flipping = quantus.PixelFlipping(features_in_step=SIDE**2 // steps, perturb_baseline=0.0, **QUIET)
    told = {"x_batch": np.ones((1, 1, SIDE, SIDE), np.float32), "a_batch": heat[None, None].numpy()}
    (expected,) = flipping(Masked(network, picture).eval(), y_batch=np.array([target]), device="cpu", **told)
    options = EvaluateConfig(deletion={"steps": steps}).options_of("deletion")
    found = deletion.measure(sample(network, heat, picture, target), options).curves["deletion_mean_curve"]
    assert found[1:] == pytest.approx([float(share) for share in expected], abs=1e-6)


@pytest.mark.parametrize("neighbours", [4, 8])
def test_segments_and_their_boxes_are_those_of_scikit_image(neighbours, maps):
    for heat in maps[:20, 0]:
        mask = heat > 0.9
        told = regions.regionprops(regions.label(mask, connectivity=1 if neighbours == 4 else 2))
        found = segments(mask, neighbours)
        expected = sorted((x0, y0, x1, y1) for y0, x0, y1, x1 in (region.bbox for region in told))
        assert sorted(map(tuple, found.boxes)) == expected
        largest = max(region.area for region in told)
        y0, x0, y1, x1 = next(region.bbox for region in told if region.area == largest)
        assert found.main.tolist() == [[x0, y0, x1, y1]]


def test_the_box_of_a_map_is_that_of_its_largest_region(maps):
    """Localization whole: thresholded at 15 % of the maximum, the largest region of scikit-image, its overlap."""
    smooth = torch.nn.functional.avg_pool2d(torch.from_numpy(maps), 9, 1, 4).numpy()
    for heat in smooth[:, 0]:
        told = regions.regionprops(regions.label(heat > 0.15 * heat.max(), connectivity=2))
        y0, x0, y1, x1 = max(told, key=lambda region: region.area).bbox
        box = np.zeros((HEIGHT, WIDTH), bool)
        box[y0:y1, x0:x1] = True
        ious = [(box & other).sum() / (box | other).sum() for other in (inside([b])[0] for b in BOXES)]
        found = localization.measure(samples.sample(heat, BOXES), CHOICES.options_of("localization"))
        assert found.values["localization_iou"] == pytest.approx(max(ious), abs=1e-6)
