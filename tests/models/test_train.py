"""models.train: reproducible, survives being killed, trains what it was asked to and writes an honest checkpoint."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from torch import nn

from models.architectures import build
from models.average_precision import label_matrix
from models.catalogue import load_network
from models.checkpoint import CheckpointMetadata, read_checkpoint, write_checkpoint
from models.config import NetworkConfig, TrainingConfig
from models.errors import NetworkError, TrainingError
from models.fit import fit, learning_rate, multi_label_loss
from models.head import copy_head, head_features, put_head
from models.photographs import data_sha256
from models.pixels import augment, read_pixels
from models.sources import open_split
from models.train import measure, train
from models.transform import Transform
from models.voc import VocDataset

pytestmark = pytest.mark.slow


def network(checkpoint: Path, weights: Path | None = None, architecture: str = "demo-vgg", **training) -> NetworkConfig:
    settings = {
        "parts": "all",
        "epochs": 3,
        "batch_size": 16,
        "learning_rate": 3e-3,
        "images": 48,
        "seed": 4,
    } | training
    return NetworkConfig(
        architecture=architecture,
        weights=None if weights is None else str(weights),
        checkpoint=checkpoint,
        target_layer="features",
        image_size=32,
        training=TrainingConfig(**settings),
    )


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A state dict of a demo VGG that was made for ten other categories."""
    torch.manual_seed(8)
    torch.save(build("demo-vgg", 10, 32).state_dict(), tmp_path / "weights.pt")
    return tmp_path / "weights.pt"


@pytest.mark.parametrize("parts", ["head", "all"])
def test_the_same_seed_trains_the_same_network_and_another_seed_another(tmp_path, small_scenes, weights, parts):
    def run(name: str, seed: int) -> bytes:
        train("net", network(tmp_path / name, weights, parts=parts, epochs=2, seed=seed), small_scenes)
        return (tmp_path / name).read_bytes()

    assert run("a", 4) == run("b", 4)
    assert run("c", 5) != run("a", 4)


@pytest.mark.parametrize("parts", ["head", "all"])
def test_a_killed_training_goes_on_and_ends_the_same(tmp_path, small_scenes, parts):
    epoch = 48 if parts == "all" else 1  # the work it counts for, beside 48 pictures to read and 60 to measure

    def kill(done: int, total: int) -> None:
        if done == 48 + 2 * epoch:
            raise KeyboardInterrupt

    seen = []
    killed, undisturbed = (network(tmp_path / name, parts=parts) for name in ("killed", "undisturbed"))
    with pytest.raises(KeyboardInterrupt):
        train("net", killed, small_scenes, progress=kill)
    assert not killed.checkpoint.exists()
    train("net", killed, small_scenes, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == [32, 48, 48 + 2 * epoch, 48 + 3 * epoch, 80 + 3 * epoch, 108 + 3 * epoch]
    assert {total for _, total in seen} == {108 + 3 * epoch}
    train("net", undisturbed, small_scenes)
    assert killed.checkpoint.read_bytes() == undisturbed.checkpoint.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["killed", "undisturbed"]


def test_a_state_of_other_settings_is_not_continued(tmp_path, small_scenes):
    def kill(done: int, total: int) -> None:
        if done == 2 * 48:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("net", network(tmp_path / "net", seed=1), small_scenes, progress=kill)
    train("net", network(tmp_path / "net", seed=2), small_scenes)
    train("net", network(tmp_path / "fresh", seed=2), small_scenes)
    assert (tmp_path / "net").read_bytes() == (tmp_path / "fresh").read_bytes()


def test_a_head_is_all_that_changes_when_only_the_head_is_trained(tmp_path, small_scenes, weights):
    train("net", network(tmp_path / "net", weights, parts="head"), small_scenes)
    trained, before = load_file(tmp_path / "net"), torch.load(weights, weights_only=True)
    changed = {
        key for key in trained if trained[key].shape != before[key].shape or not torch.equal(trained[key], before[key])
    }
    assert changed == {"classifier.2.weight", "classifier.2.bias"}


def test_a_wide_classifier_is_trained_on_the_features_of_a_narrow_network(tmp_path, small_scenes, weights):
    settings = {"parts": "classifier", "epochs": 1, "images": 16}
    train("net", network(tmp_path / "net", weights, "demo-vgg-wide", **settings), small_scenes)
    trained, before = load_file(tmp_path / "net"), torch.load(weights, weights_only=True)
    kept = {key for key in trained if key in before and torch.equal(trained[key], before[key])}
    assert kept == {key for key in before if key.startswith("features.")}
    assert trained["classifier.2.weight"].shape == (768, 768)
    for architecture in ("resnet18", "squeezenet1_1"):
        layer = "layer4" if architecture == "resnet18" else "features"
        config = network(tmp_path / "other", architecture=architecture, **settings)
        config = config.model_copy(update={"target_layer": layer})
        with pytest.raises(
            TrainingError, match=rf'{architecture} has no classifier of linear layers; set parts = "head"'
        ):
            train("net", config, small_scenes)


def test_batch_statistics_stay_when_training_starts_from_weights(tmp_path, small_scenes, weights):
    """A network with folded normalisation (means 0, variances 1) would be broken by new statistics."""
    train("net", network(tmp_path / "net", weights, epochs=1), small_scenes)
    trained, before = load_file(tmp_path / "net"), torch.load(weights, weights_only=True)
    statistics = [key for key in trained if "running" in key or "num_batches" in key]
    assert statistics
    assert all(torch.equal(trained[key], before[key]) for key in statistics)
    assert not torch.equal(trained["features.0.weight"], before["features.0.weight"])


def test_training_from_nothing_learns(tmp_path, small_scenes):
    """On the pictures it was trained on, well above a network that was hardly trained; held-out figures are the demo's."""
    labels = label_matrix(open_split(small_scenes, "train"), small_scenes.categories)
    on_itself = small_scenes.model_copy(update={"split": "train"})
    settings = {"epochs": 15, "images": 120, "learning_rate": 5e-3}
    result = train("net", network(tmp_path / "net", **settings), on_itself)
    assert result.mean_average_precision > (labels == 1).mean() + 0.2


def test_the_checkpoint_says_how_it_was_made(tmp_path, small_scenes):
    config = network(tmp_path / "net", epochs=1)
    returned = train("net", config, small_scenes, command="manage.py train --study demo.toml")
    loaded = load_network("net", config, categories=small_scenes.categories)
    metadata = read_checkpoint(config.checkpoint)[1]
    assert metadata == returned
    assert (metadata.command, metadata.seed) == ("manage.py train --study demo.toml", 4)
    assert metadata.library_versions["torch"].startswith(torch.__version__.split("+")[0])
    manifest = json.loads((small_scenes.root / "scenes.json").read_text())
    assert metadata.data_sha256 == manifest["data_sha256"]
    assert metadata.data_sha256 == data_sha256(s for n in ("train", "val") for s in open_split(small_scenes, n))
    again = measure(loaded.module, loaded.transform, open_split(small_scenes, "val"), small_scenes.categories)
    assert again == metadata.average_precision
    assert metadata.mean_average_precision == pytest.approx(np.mean(list(again.values())))


def test_no_picture_of_a_category_is_refused(tmp_path, small_scenes):
    dataset = small_scenes.model_copy(update={"categories": (*small_scenes.categories, "zebra")})
    with pytest.raises(TrainingError, match=r"no picture of split 'train' \(48 used\) shows zebra; leave them out"):
        train("net", network(tmp_path / "net"), dataset)


def test_a_target_layer_that_does_not_exist_is_refused_before_training(tmp_path, small_scenes):
    config = network(tmp_path / "net").model_copy(update={"target_layer": "feature.18"})
    with pytest.raises(NetworkError, match=r"has no layer 'feature\.18'"):
        train("net", config, small_scenes)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["net", "net.training"])
@pytest.mark.parametrize("write", [torch.save, lambda _, path: path.write_text("my notes")], ids=["weights", "notes"])
def test_a_file_that_discern_did_not_write_is_left_alone(tmp_path, small_scenes, name, write):
    write(build("demo-vgg", 3, 32).state_dict(), tmp_path / name)
    before = (tmp_path / name).read_bytes()
    with pytest.raises((NetworkError, TrainingError), match=rf"{name}\b.* Discern did not write"):
        train("net", network(tmp_path / "net", epochs=1, images=16), small_scenes)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {name: before}


def test_a_network_of_an_earlier_training_is_replaced(tmp_path, small_scenes):
    for seed in (1, 2):
        config = network(tmp_path / "net", epochs=1, images=16, seed=seed)
        train("net", config, small_scenes)
    assert read_checkpoint(config.checkpoint)[1].seed == 2


def test_the_callers_random_state_is_left_alone(tmp_path, small_scenes):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    train("net", network(tmp_path / "net", epochs=1, images=16), small_scenes)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("architecture", ["demo-vgg", "squeezenet1_1", "mobilenet_v2", "resnet18"])
def test_features_and_the_copied_head_give_the_networks_logits(architecture):
    """SqueezeNet too, whose head is a convolution before the mean over places."""
    torch.manual_seed(0)
    module = build(architecture, 5, 64).eval()
    inputs = torch.randn(3, 3, 64, 64)
    head = copy_head(module)
    torch.testing.assert_close(head(head_features(module, inputs)), module(inputs), atol=1e-5, rtol=1e-5)
    nn.init.normal_(head.weight)
    put_head(module, head)
    torch.testing.assert_close(head(head_features(module, inputs)), module(inputs), atol=1e-4, rtol=1e-5)


def test_fitting_finds_the_maximum_likelihood(tmp_path):
    """Oracle: scikit-learn's logistic regression without penalty, on noisy data from a logistic model."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 3))
    truth = 1 / (1 + np.exp(-(points @ [1.5, -1.0, 0.3] + 0.5)))
    labels = (rng.random(400) < truth).astype(np.int8)
    torch.manual_seed(0)
    layer = nn.Linear(3, 1)
    table = torch.from_numpy(points).float()
    settings = TrainingConfig(epochs=300, batch_size=400, learning_rate=0.05)
    fit(
        layer, lambda rows, _: table[rows], torch.from_numpy(labels)[:, None], settings, tmp_path / "state", "request",
        trained=lambda epochs: None,
    )  # fmt: skip
    oracle = LogisticRegression(C=np.inf).fit(points, labels)
    assert layer.weight.detach().numpy() == pytest.approx(oracle.coef_, abs=0.01)
    assert layer.bias.detach().numpy() == pytest.approx(oracle.intercept_, abs=0.01)


def test_the_loss_leaves_ignored_entries_out():
    logits = torch.tensor([[2.0, -1.0], [0.5, 3.0]], requires_grad=True)
    labels = torch.tensor([[1, -1], [0, 1]])
    loss = multi_label_loss(logits, labels)
    expected = torch.tensor([2.0, -0.5, 3.0]).sigmoid().log().neg().mean()
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert logits.grad[0, 1] == 0


def test_the_learning_rate_rises_and_falls_to_nothing():
    rates = [learning_rate(done, 0.1) for done in np.linspace(0, 1, 101)]
    assert rates[0] == 0
    assert max(rates) == pytest.approx(0.1)
    assert rates.index(max(rates)) == 15
    assert rates[-1] == pytest.approx(0, abs=1e-12)


def test_augmentation_follows_its_generator_and_mirrors_about_half():
    inputs = torch.zeros(200, 3, 16, 16)
    inputs[..., :4] = 5.0  # bright on the left
    first, again = (augment(inputs, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, augment(inputs, torch.Generator().manual_seed(4)))
    mirrored = (first[..., :8].mean((1, 2, 3)) < first[..., 8:].mean((1, 2, 3))).float().mean()
    assert 0.35 < mirrored < 0.65


def test_pictures_come_in_batches_in_order(small_scenes):
    images = open_split(small_scenes, "val")
    batches = list(read_pixels(images, Transform(32), 25))
    assert [len(batch) for batch in batches] == [25, 25, 10]
    assert torch.equal(torch.cat(batches), next(read_pixels(images, Transform(32), 60)))


def test_an_empty_category_is_not_averaged(small_scenes):
    dataset = VocDataset(root=small_scenes.root, categories=("cat", "zebra"))
    module = build("demo-alexnet", 2, 64)
    values = measure(module, Transform(64), open_split(dataset, "val"), dataset.categories)
    assert values["zebra"] is None
    assert values["cat"] > 0


def test_a_checkpoint_is_known_as_our_own_whatever_its_layers_are_called(tmp_path):
    """Names that begin with a digit or a capital letter, as Inception's do, sort before the metadata."""
    metadata = CheckpointMetadata("x", ("a" * 30_000,), Transform(32), None, {}, 0, "", "", {})
    for name in ("0.weight", "Conv2d_1a.weight", "~"):
        write_checkpoint(tmp_path / "own.safetensors", {name: torch.zeros(2)}, metadata)
        state, read = read_checkpoint(tmp_path / "own.safetensors")
        assert (list(state), read) == ([name], metadata)
