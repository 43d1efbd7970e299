"""Pictures that people see beside each other can have one scale, which keeps the ratio of their maps."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from contracts.stimulus_set import read_stimuli
from models.catalogue import preprocess
from models.image_files import read_image
from stimuli.config import StimuliConfig, StimulusRequest
from stimuli.explain.engine import explain
from stimuli.produce.generate import generate
from stimuli.produce.together import on_one_scale
from stimuli.rendering import RECIPES, Rendering
from tests.stimuli.produce.test_render import ramp
from tests.stimuli.sample_set import CATEGORIES, contents, loaded_networks, pictures

METHODS = ("guided-grad-cam", "grad-cam")
PAIRS = StimulusRequest("trusting", "trust", 2, METHODS, ("strong", "weak"), joint_scale=True)
SINGLE = StimulusRequest("seeing", "class-discrimination", 4, METHODS, ("strong",))

# A recipe whose pixels change gets a new name; never edit a hash here, add a line.
GOLDEN = {
    "signed-v1": "7b8ca6c0f17712e155158711047ec259f8f989c589a9a3b3ec6831eb0531ba03",
    "heat-v1": "464c97d1599bc375e2498b1a29aba153e33488a0606675c116e61f5004daa636",
    "overlay-v1": "be40b2e52f3121a13d0c95e9185427f626775d89deb456138816b7fee7cc2f8a",
}


@pytest.mark.parametrize("recipe", GOLDEN)
def test_the_pixels_of_a_recipe_on_one_scale_never_change(recipe):
    photographs = torch.linspace(0, 1, 2 * 3 * 5 * 7, dtype=torch.float64).view(2, 3, 5, 7)
    drawn = [
        torch.cat(on_one_scale([ramp(channels), ramp(channels) / 4], Rendering(recipe, joint=True), [photographs] * 2))
        for channels in (3, 1)
    ]
    assert hashlib.sha256(torch.cat(drawn).numpy().tobytes()).hexdigest() == GOLDEN[recipe]


def test_every_recipe_that_can_be_joint_has_a_golden_hash():
    assert GOLDEN.keys() == {name for name, facts in RECIPES.items() if facts.can_be_joint}


def test_the_ratio_of_two_maps_is_kept():
    """With a gamma of 1 a step of the picture is a step of the map: half the map is half the steps from mid grey."""
    maps = ramp(3)
    one, half = on_one_scale([maps, maps / 2], Rendering("signed-v1", percentile=100, gamma=1, joint=True))
    steps, halved = (picture.double() - 128 for picture in (one, half))
    assert steps.abs().max() == 127
    assert (steps - 2 * halved).abs().max() <= 1.5, "rounding"


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("pictures"))


def made(folder, images, *requests, networks=None, **changes):
    told = {"recipe": "signed-v1", "percentile": 100, "gamma": 1.0, "device": "cpu", "batch_size": 2} | changes
    config = StimuliConfig(output=folder, **told)
    generate(config, requests, images, networks or loaded_networks(), CATEGORIES, "r")
    return {(row.tasks, row.image_id, row.category, row.method, row.network): row for row in read_stimuli(folder)}


def steps(folder, row) -> np.ndarray:
    return np.asarray(Image.open(folder / row.file).convert("RGB")).astype(float) - 128


def strength(network, image, category, method) -> float:
    """The greatest size in the map, which the engine gives to all that ask."""
    seen = preprocess(read_image(image.path), network.transform)[None]
    target = [[network.categories.index(category)]]
    return explain(network.module, seen, target, (method,), network.target_layer).maps[method].abs().max().item()


def test_a_set_keeps_the_ratio_of_its_networks_maps(tmp_path, images):
    networks, by_id = loaded_networks(), {image.image_id: image for image in images}
    rows = made(tmp_path / "set", images, PAIRS)
    assert len(rows) == 2 * len(METHODS) * 2
    for (_, image_id, category, method, _), strong in rows.items():
        weak = rows[("trusting",), image_id, category, method, "weak"]
        strong = rows[("trusting",), image_id, category, method, "strong"]
        sizes = [strength(networks[name], by_id[image_id], category, method) for name in ("strong", "weak")]
        drawn = [np.abs(steps(tmp_path / "set", row)).max() for row in (strong, weak)]
        assert max(drawn) == 127, "the stronger one fills the scale"
        assert drawn[1] / drawn[0] == pytest.approx(sizes[1] / sizes[0], abs=0.02)
        assert drawn[0] != drawn[1]


def test_without_it_each_picture_fills_its_own_scale(tmp_path, images):
    rows = made(tmp_path / "set", images, replace(PAIRS, joint_scale=False))
    assert {np.abs(steps(tmp_path / "set", row)).max() for row in rows.values()} == {127}
    assert "joint_scale" not in json.loads((tmp_path / "set" / "provenance.json").read_text())


def test_a_picture_of_another_task_keeps_its_own_scale_and_name(tmp_path, images):
    """One image, category, method and network in both tasks gives two pictures; alone, each has the same name."""
    both = made(tmp_path / "both", images, SINGLE, PAIRS)
    single, pairs = made(tmp_path / "single", images, SINGLE), made(tmp_path / "pairs", images, PAIRS)
    assert {row.stimulus_id for row in both.values()} == {
        row.stimulus_id for rows in (single, pairs) for row in rows.values()
    }
    assert json.loads((tmp_path / "both" / "provenance.json").read_text())["joint_scale"] == {
        "trusting": ["strong", "weak"]
    }


def test_the_network_beside_it_is_part_of_a_pictures_identity(tmp_path, images):
    changed = loaded_networks()
    changed["weak"] = replace(changed["weak"], sha256="c" * 64)
    first, second = made(tmp_path / "a", images, PAIRS), made(tmp_path / "b", images, PAIRS, networks=changed)
    apart = made(tmp_path / "c", images, replace(PAIRS, joint_scale=False))
    names = [{row.stimulus_id for row in rows.values() if row.network == "strong"} for rows in (first, second, apart)]
    assert not names[0] & names[1]
    assert not names[0] & names[2]


def test_a_set_that_was_killed_comes_out_the_same(tmp_path, images, monkeypatch):
    made(tmp_path / "whole", images, SINGLE, PAIRS, recipe="overlay-v1")

    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("stimuli.produce.generate.publish", dies)
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "again", images, SINGLE, PAIRS, recipe="overlay-v1")
    monkeypatch.undo()
    made(tmp_path / "again", images, SINGLE, PAIRS, recipe="overlay-v1")
    assert contents(tmp_path / "again") == contents(tmp_path / "whole")
