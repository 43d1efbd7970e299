"""The shipped checkpoints are what they say: really trained, one clearly better, both far above chance, and guided
backpropagation through them hardly depends on the category, which is the paper's phenomenon."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

from models.average_precision import PRESENT, label_matrix, mean_average_precision
from models.catalogue import LoadedNetwork, load_network, preprocess
from models.checkpoint import read_checkpoint
from models.config import NetworkConfig
from models.glyphs import CATEGORIES
from models.image_files import read_image
from models.photographs import Photograph
from models.scenes import make_scenes
from models.sources import open_split
from models.train import measure
from models.voc import VocDataset
from stimuli.explain.engine import explain
from stimuli.produce.render import render
from stimuli.rendering import Rendering

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
SCENES = 300
SCENES_EXPLAINED = 24


@pytest.fixture(scope="module")
def configs() -> dict[str, NetworkConfig]:
    document = tomllib.loads((EXAMPLES / "demo.toml").read_text(encoding="utf-8"))
    context = {"folder": EXAMPLES}
    return {name: NetworkConfig.model_validate(n, context=context) for name, n in document["networks"].items()}


@pytest.fixture(scope="module")
def networks(configs: dict[str, NetworkConfig]) -> dict[str, LoadedNetwork]:
    return {name: load_network(name, configs[name], CATEGORIES) for name in ("strong", "weak")}


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory, emoji: Path) -> tuple[Photograph, ...]:
    """Scenes of another seed than the networks were trained on and measured with."""
    root = tmp_path_factory.mktemp("unseen") / "scenes"
    make_scenes(root, emoji, CATEGORIES, {"val": SCENES}, seed=20_161_007, touching=("val",))
    return open_split(VocDataset(root=root, categories=CATEGORIES), "val")


@pytest.fixture(scope="module")
def measured(networks: dict[str, LoadedNetwork], unseen: tuple[Photograph, ...]) -> dict[str, float]:
    return {
        name: mean_average_precision(list(measure(n.module, n.transform, unseen, n.categories).values()))
        for name, n in networks.items()
    }


def test_the_recorded_gap_is_like_the_papers(networks):
    """79.09 against 69.20 mAP there; here 6 to 15 points on the demo's 400 held-out scenes, and the strong one at least 80."""
    strong, weak = (networks[name].mean_average_precision for name in ("strong", "weak"))
    assert 0.06 <= strong - weak <= 0.15
    assert strong >= 0.80


@pytest.mark.parametrize("name", ["strong", "weak"])
def test_scenes_never_seen_give_the_recorded_figure(networks, measured, name):
    """Within what 300 other scenes of about 30 a category vary by."""
    assert measured[name] == pytest.approx(networks[name].mean_average_precision, abs=0.05)


def test_both_are_far_above_chance_and_the_strong_one_is_ahead(measured, unseen):
    chance = float(np.mean(label_matrix(unseen, CATEGORIES) == PRESENT))
    assert min(measured.values()) > 4 * chance
    assert 0.04 < measured["strong"] - measured["weak"] < 0.18


@pytest.mark.parametrize("name", ["strong", "weak"])
def test_guided_backpropagation_does_not_depend_on_the_category_and_guided_grad_cam_does(networks, unseen, name):
    """The median correlation of the pictures of a scene's two categories, drawn as the demo draws them."""
    recipe = Rendering(tomllib.loads((EXAMPLES / "demo.toml").read_text(encoding="utf-8"))["stimuli"]["recipe"])
    network, methods = networks[name], ["guided-backprop", "guided-grad-cam"]
    images = torch.stack([preprocess(read_image(scene.path), network.transform) for scene in unseen[:SCENES_EXPLAINED]])
    targets = [[CATEGORIES.index(c) for c in scene.categories] for scene in unseen[:SCENES_EXPLAINED]]
    maps = explain(network.module, images, targets, methods, network.target_layer).maps
    guided, guided_grad_cam = (
        np.median([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(of[::2], of[1::2], strict=True)])
        for of in (render(maps[method], recipe).double().numpy() for method in methods)
    )
    assert guided >= 0.9
    assert guided_grad_cam <= 0.3


@pytest.mark.parametrize("name", ["strong-features", "weak-features", "strong", "weak"])
def test_a_checkpoint_says_how_to_make_it_again(configs, name):
    config = configs[name]
    metadata = read_checkpoint(config.checkpoint)[1]
    assert metadata.command == f"./manage.py train --study examples/demo.toml --network {name}"
    assert metadata.seed == config.training.seed
    assert metadata.categories == CATEGORIES
    assert len(metadata.data_sha256) == 64


def test_the_checkpoints_are_small(configs):
    assert sum(config.checkpoint.stat().st_size for config in configs.values()) <= 12_000_000


@pytest.mark.parametrize("name", ["strong", "weak"])
def test_the_features_are_those_that_were_learnt_first(configs, name):
    state, first = (read_checkpoint(configs[of].checkpoint)[0] for of in (name, f"{name}-features"))
    features = [key for key in first if key.startswith("features.")]
    assert features
    assert all(torch.equal(state[key], first[key]) for key in features)


def test_both_were_trained_on_the_same_scenes(configs):
    strong, weak = (read_checkpoint(configs[name].checkpoint)[1] for name in ("strong", "weak"))
    assert strong.data_sha256 == weak.data_sha256
