"""Units get the names that a slow loop over pixels gives them, and sentences those of the greatest and least weights."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from models.photographs import Photograph
from stimuli.errors import UnitsError
from stimuli.units.dissect import TOP, Unit, dissect, named_units
from stimuli.units.sentence import importances, sentence, strongest_names
from stimuli.units.write import summary, write_units
from tests.stimuli.networks import gap_like
from tests.stimuli.sample_set import CATEGORIES, loaded_networks

CPU = torch.device("cpu")
NAMES = ("unlabelled", "sky", "grass", "dog")


def test_names_are_those_of_a_slow_loop():
    generator = torch.Generator().manual_seed(2)
    activations = torch.randn(6, 5, 7, 7, generator=generator)
    masks = torch.randint(0, 4, (6, 14, 14), generator=generator)
    masks[:, :7, :7] = 2
    activations[:, 0, :3, :3] += 9  # unit 0 answers to grass
    found = named_units(activations, masks, NAMES)
    for unit in found:
        values = sorted(activations[:, unit.number].flatten().tolist())
        threshold = values[round((1 - TOP) * len(values)) - 1]
        ious = {}
        for index, name in enumerate(NAMES[1:], 1):
            both = either = 0
            for image in range(6):
                large = F.interpolate(activations[image : image + 1, [unit.number]], (14, 14), mode="bilinear")[0, 0]
                above, mask = (large > threshold).numpy(), (masks[image] == index).numpy()
                both, either = both + (above & mask).sum(), either + (above | mask).sum()
            ious[name] = both / either
        assert unit.iou == pytest.approx(max(ious.values()), abs=1e-6)
        assert ious[unit.name] == pytest.approx(unit.iou, abs=1e-6)


def test_a_unit_whose_strong_places_are_a_category_s_masks_is_named_so():
    activations = torch.zeros(1, 2, 100, 100)
    activations[0, 0, :5, :10] = 1  # half a percent of the places
    activations[0, 1, 50, 50] = 1
    masks = torch.zeros(1, 100, 100, dtype=torch.long)
    masks[0, :5, :20] = 3
    first, second = named_units(activations, masks, NAMES)
    assert (first.name, first.iou, first.is_named) == ("dog", 0.5, True)
    assert not second.is_named


def test_a_sentence_has_distinct_names_of_named_units_by_their_weight():
    units = [Unit(n, name, 0.2) for n, name in enumerate(["sky", "dog", "dog", "grass", "tree", "car", "road", "sea"])]
    units.append(Unit(8, "boat", 0.01))  # not named
    weights = torch.tensor([0.5, 3.0, 2.0, -1.0, 0.1, 0.2, -0.3, -2.0, 9.0])
    high, low = strongest_names(units, weights)
    assert high == ["dog", "sky", "car", "tree", "road"]
    assert low == ["sea", "grass"]
    assert sentence("dog", (["dog"], [])) == "For dog: dog. Against it: no named unit."


def test_weights_are_the_mean_gradients_at_the_layer():
    network = loaded_networks()["strong"]
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    found, maps = importances(network, x, [[0], [3]])
    plain = gap_like().float()
    held = plain[:4](x).detach().requires_grad_()
    scores = plain[4:](held)
    (gradient,) = torch.autograd.grad(scores[0, 0] + scores[1, 3], held)
    assert torch.allclose(found, gradient.mean((2, 3)), atol=1e-6)
    assert maps.shape == (2, 1, 32, 32)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Three pictures in VOC layout, two of them with masks in VOC's own indices."""
    folder, random = tmp_path_factory.mktemp("units"), np.random.default_rng(4)
    for name in ("JPEGImages", "SegmentationClass"):
        (folder / name).mkdir()
    made = []
    for number in range(3):
        path = folder / "JPEGImages" / f"p{number}.png"
        Image.fromarray(random.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
        if number:
            labels = np.zeros((30, 40), np.uint8)
            labels[:, :20], labels[0, 0] = 12, 255  # a dog, and VOC's border
            Image.fromarray(labels).save(folder / "SegmentationClass" / f"p{number}.png")
        made.append(Photograph(path.stem, path, 40, 30, ()))
    return made


def test_a_page_has_the_units_and_photographs_in_words(images, tmp_path):
    networks = {"strong": loaded_networks()["strong"]}
    told = []
    units = {"strong": dissect(networks["strong"], images, CPU, lambda done, total: told.append((done, total)))}
    assert told == [(2, 2)]
    assert len(units["strong"]) == 8
    assert {unit.name for unit in units["strong"] if unit.iou > 0} == {"dog"}
    write_units(tmp_path / "out", "A <b>", networks, units, 2, images[:2], CATEGORIES, CPU)
    page = (tmp_path / "out/index.html").read_text()
    assert "A &lt;b&gt;" in page
    assert page.count("Against it:") == 2
    assert all((tmp_path / "out" / name).is_file() for name in re.findall(r'src="([^"]+)"', page))
    with (tmp_path / "out/units.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 8
    assert "of 8 units have a name" in summary(units)[0]


def test_photographs_without_masks_are_told(images):
    with pytest.raises(UnitsError, match=r"none of 1 photographs has masks; .*SegmentationClass"):
        dissect(loaded_networks()["strong"], [Photograph("x", Path("x/y/z.png"), 9, 9, ())], CPU)
