"""models.catalogue hands out networks with all that belongs to them, and refuses what does not fit, by name."""

import hashlib
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from torchvision import transforms
from torchvision.models import AlexNet_Weights

from models.architectures import build
from models.catalogue import Transform, load_network, preprocess
from models.checkpoint import CheckpointMetadata, read_checkpoint, write_checkpoint
from models.config import NetworkConfig
from models.defects import exchange_labels, keep_only, others
from models.errors import NetworkError
from models.photographs import AnnotatedObject, Photograph
from models.transform import as_seen, fitted
from models.weights import load_weights

pytestmark = pytest.mark.slow

CATEGORIES = ("cat", "car", "sheep")
METADATA = CheckpointMetadata(
    architecture="demo-alexnet",
    categories=CATEGORIES,
    transform=Transform(96),
    mean_average_precision=0.625,
    average_precision={"cat": 0.5, "car": 0.75, "sheep": None},
    seed=3,
    command="manage.py train --study examples/demo.toml",
    data_sha256="0" * 64,
    library_versions={"torch": "2"},
)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    write_checkpoint(tmp_path / "net.safetensors", build("demo-alexnet", 3, 96).state_dict(), METADATA)
    return tmp_path / "net.safetensors"


def config(checkpoint: Path, **changes) -> NetworkConfig:
    fields = {"architecture": "demo-alexnet", "target_layer": "features.11", "image_size": 96} | changes
    return NetworkConfig(checkpoint=checkpoint, **fields)


def test_a_loaded_network_carries_what_the_checkpoint_says(checkpoint):
    network = load_network("weak", config(checkpoint), categories=["car"])
    assert (network.name, network.architecture, network.target_layer) == ("weak", "demo-alexnet", "features.11")
    assert (network.categories, network.transform) == (CATEGORIES, Transform(96))
    assert network.mean_average_precision == 0.625
    assert network.sha256 == hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert not network.module.training
    torch.manual_seed(0)
    original = build("demo-alexnet", 3, 96).eval()
    inputs = torch.randn(2, 3, 96, 96)
    assert torch.equal(network.module(inputs), original(inputs))


def test_a_last_layer_is_reset_by_its_seed_and_the_network_is_another_one(checkpoint):
    trained, reset, again, other = (
        load_network("weak", config(checkpoint, **({} if seed is None else {"reset_last_layer": seed})))
        for seed in (None, 1, 1, 2)
    )
    assert len({network.sha256 for network in (trained, reset, again, other)}) == 3
    before, after, same = (network.module.state_dict() for network in (trained, reset, again))
    *_, weight, bias = before
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed == {weight, bias}
    assert torch.equal(after[weight], same[weight])
    assert reset.mean_average_precision is None


def test_metadata_survive_the_file(checkpoint):
    assert read_checkpoint(checkpoint)[1] == METADATA


def test_the_same_network_is_the_same_file(tmp_path, checkpoint):
    """safetensors alone shuffles the metadata from run to run."""
    state = read_checkpoint(checkpoint)[0]
    for attempt in range(5):
        write_checkpoint(tmp_path / "again", state, METADATA)
        assert (tmp_path / "again").read_bytes() == checkpoint.read_bytes(), attempt


def test_a_checkpoint_is_never_half_written(tmp_path, monkeypatch):
    """Writing fails midway: the old file stays, nothing of the new one is seen under its name."""
    path = tmp_path / "net.safetensors"
    path.write_bytes(b"old")

    def fail(self: Path, content: bytes) -> None:
        with self.open("wb") as opened:
            opened.write(content[: len(content) // 2])
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="disk full"):
        write_checkpoint(path, {"a": torch.ones(9)}, METADATA)
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "demo-vg"}, "no architecture named 'demo-vg'; did you mean demo-vgg"),
        ({"architecture": "alexnet"}, 'is a demo-alexnet, the definition says alexnet; set architecture = "demo-alexnet"'),
        ({"image_size": 224}, "was trained at 96 px, the definition says 224; set image_size = 96"),
        ({"target_layer": "features.99"}, r"network 'weak' has no layer 'features.99'; layers of like names: features\.9"),
        ({"target_layer": ""}, "has no layer ''"),
    ],
)  # fmt: skip
def test_a_definition_that_does_not_fit_the_checkpoint_is_refused(checkpoint, changes, message):
    with pytest.raises(NetworkError, match=message):
        load_network("weak", config(checkpoint, **changes))


def test_categories_the_network_does_not_know_are_named(checkpoint):
    with pytest.raises(NetworkError, match="does not know dog, zebra, only cat, car, sheep; leave them out"):
        load_network("weak", config(checkpoint), categories=["dog", "cat", "zebra"])


def resave(path: Path, **changes: str) -> None:
    """The same tensors with other metadata."""
    with safe_open(path, framework="pt") as opened:
        metadata = opened.metadata()
    save_file(load_file(path), path, metadata | changes)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), r"net\.safetensors is missing; make it with `\./manage\.py train`"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), r"net\.safetensors is damaged"),
        (lambda path: path.write_bytes(b""), r"net\.safetensors is an empty file\. .* move this one away"),
        (lambda path: path.write_bytes(pickle.dumps({"a": 1})), r"is a Python pickle.* name it as `weights`"),
        (lambda path: save_file(load_file(path), path), r"is safetensors weights\. .* name it as `weights`"),
        (
            lambda path: torch.save({"weight": torch.ones(2)}, path),
            r"a file that torch\.save wrote.* name it as `weights`",
        ),
        (lambda path: path.write_bytes(b"<!doctype html>"), r"is a web page"),
        (lambda path: path.write_bytes(b"\xff\xd8 a photograph"), r"is no file of weights"),
        (lambda path: resave(path, categories="cat"), r"net\.safetensors is damaged"),
        (
            lambda path: write_checkpoint(path, build("demo-vgg", 3, 96).state_dict(), METADATA),
            r"does not fit demo-alexnet: it lacks features\.0\.bias",
        ),
        (
            lambda path: write_checkpoint(path, build("demo-alexnet", 4, 96).state_dict(), METADATA),
            r"another shape for .*classifier\.2\.weight \(4, 256\)",
        ),
    ],
)
def test_a_spoilt_checkpoint_is_refused(checkpoint, spoil, message):
    spoil(checkpoint)
    with pytest.raises(NetworkError, match=message):
        load_network("weak", config(checkpoint))


def scripted(path: Path) -> None:
    """What torch.jit.save writes, but for its content; making a real one warns that it is deprecated."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("data.pkl", "constants.pkl", "code/net.py"):
            archive.writestr(f"weights/{name}", pickle.dumps({}))


class Malice:
    """Unpickled, it writes a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (Path(self.path),))


def test_a_pickle_is_refused_and_not_run(tmp_path):
    victim = tmp_path / "was-run"
    weights = tmp_path / "weights.pt"
    torch.save({"weight": Malice(str(victim))}, weights)
    with pytest.raises(NetworkError, match="hold more than tensors and are not opened"):
        load_weights(build("demo-alexnet", 3, 96), "demo-alexnet", str(weights))
    assert not victim.exists()


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_weights_fill_all_but_the_head(tmp_path, suffix):
    torch.manual_seed(1)
    trained, fresh = build("demo-alexnet", 10, 96), build("demo-alexnet", 3, 96)
    before = fresh.classifier[2].weight.clone()
    path = tmp_path / f"weights.{suffix}"
    (save_file if suffix == "safetensors" else torch.save)(trained.state_dict(), path)
    load_weights(fresh, "demo-alexnet", str(path))
    assert torch.equal(fresh.features[0].weight, trained.features[0].weight)
    assert torch.equal(fresh.classifier[0].bias, trained.classifier[0].bias)
    assert torch.equal(fresh.classifier[2].weight, before)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "are missing; put the file there"),
        (lambda path: path.write_bytes(b"PK\x03\x04 nothing"), "are damaged .*; fetch them anew"),
        (
            lambda path: path.write_bytes(b"\xff\xd8 a photograph"),
            "cannot be read: it is no file of weights; name a file",
        ),
        (scripted, r"it is a scripted network \(TorchScript\)"),
        (lambda path: path.mkdir(), "it is a folder"),
        (lambda path: torch.save([torch.ones(2)], path), "are not a state dict"),
        (lambda path: torch.save({"epoch": 3}, path), "are not a state dict"),
        (lambda path: torch.save(build("demo-vgg", 3, 96).state_dict(), path), "does not fit demo-alexnet: it lacks"),
    ],
)
def test_unfit_weights_are_refused(tmp_path, write, message):
    write(tmp_path / "weights.pt")
    with pytest.raises(NetworkError, match=message):
        load_weights(build("demo-alexnet", 3, 96), "demo-alexnet", str(tmp_path / "weights.pt"))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("architecture", "file"),
    [
        ("squeezenet1_0", "squeezenet1_0_deepcompression.pt"),
        ("mobilenet_v2", "mobilenet_v2_tflite_quant_dequantized.pt"),
    ],
)
def test_the_development_weights_load(shared, architecture, file):
    module = build(architecture, 6, 224)
    load_weights(module, architecture, str(shared / "weights" / file))
    published = torch.load(shared / "weights" / file, weights_only=True)
    loaded = module.state_dict()
    differ = {key for key in published if published[key].shape != loaded[key].shape}
    assert differ == {"classifier.1.weight", "classifier.1.bias"}
    assert all(torch.equal(loaded[key], published[key]) for key in published if key not in differ)


def test_torchvisions_weights_come_by_its_own_interface(monkeypatch):
    torch.manual_seed(2)
    published, ours = build("alexnet", 1000, 224), build("alexnet", 3, 224)
    monkeypatch.setattr(AlexNet_Weights, "get_state_dict", lambda self, **options: published.state_dict())
    load_weights(ours, "alexnet", "torchvision:IMAGENET1K_V1")
    assert torch.equal(ours.features[0].weight, published.features[0].weight)


@pytest.mark.parametrize(
    ("architecture", "weights", "message"),
    [
        ("alexnet", "torchvision:IMAGENET", "no weights 'IMAGENET' for alexnet; it has IMAGENET1K_V1"),
        ("demo-alexnet", "torchvision:DEFAULT", "torchvision has no weights for demo-alexnet"),
    ],
)
def test_unknown_torchvision_weights_are_refused(architecture, weights, message):
    with pytest.raises(NetworkError, match=message):
        load_weights(build("demo-alexnet", 3, 96), architecture, weights)


def test_weights_that_cannot_be_fetched_say_what_else_to_do(monkeypatch):
    def offline(self, **options):
        raise URLError("no route")

    monkeypatch.setattr(AlexNet_Weights, "get_state_dict", offline)
    with pytest.raises(NetworkError, match=r"could not be fetched .*no route.*name a state-dict file"):
        load_weights(build("demo-alexnet", 3, 96), "alexnet", "torchvision:IMAGENET1K_V1")


@pytest.mark.parametrize("size", [(320, 214), (90, 300), (224, 224)])
def test_preprocessing_is_torchvisions_squash_and_normalisation(size):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8))
    transform = Transform(112)
    oracle = transforms.Compose(
        [transforms.Resize((112, 112)), transforms.ToTensor(), transforms.Normalize(transform.mean, transform.std)]
    )
    ours = preprocess(image, transform)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, oracle(image), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("size", [(320, 214), (90, 301), (224, 224)])
def test_the_middle_is_torchvisions_resize_and_centre_crop(size):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8))
    oracle = transforms.Compose([transforms.Resize(128), transforms.CenterCrop(112), transforms.PILToTensor()])
    assert torch.equal(fitted(image, Transform(112, resize=128)), oracle(image))


def test_boxes_move_with_the_part_that_is_seen():
    seen = AnnotatedObject("dog", (91, 11, 110, 30))
    image = Photograph("i", Path("i.jpg"), 200, 100, (seen, AnnotatedObject("cat", None)))
    part = as_seen(image, Transform(64, resize=80))  # the middle 80 × 80 of 200 × 100 pixels
    assert (part.width, part.height) == (80, 80)
    assert [found.box for found in part.objects] == [(31, 1, 50, 20), None]
    assert as_seen(image, Transform(64)) == image


def test_channels_stay_red_green_blue():
    """The paper's figure once had them swapped."""
    inputs = preprocess(Image.new("RGB", (50, 40), (255, 0, 0)), Transform(32, mean=(0, 0, 0), std=(1, 1, 1)))
    assert inputs[0].min() == 1
    assert inputs[1:].max() == 0


def test_the_mean_average_precision_may_be_unknown(tmp_path):
    path = tmp_path / "net.safetensors"
    state = build("demo-alexnet", 3, 96).state_dict()
    write_checkpoint(path, state, replace(METADATA, mean_average_precision=None))
    assert load_network("weak", config(path)).mean_average_precision is None


def test_exchanged_labels_give_each_category_the_output_of_another(checkpoint):
    """So it predicts what the trained network does, under another name, and its explanations stay the same."""
    trained, exchanged = (
        load_network("a", config(checkpoint)),
        load_network("b", config(checkpoint, exchanged_labels=1)),
    )
    inputs = torch.randn(4, 3, 96, 96)
    before, after = trained.module(inputs), exchanged.module(inputs)
    order = others(3, 1)
    assert torch.equal(after, before[:, order])
    assert all(place != other for place, other in enumerate(order))
    assert exchanged.mean_average_precision is None
    assert exchanged.sha256 != trained.sha256


@pytest.mark.parametrize("n", [2, 3, 7, 20])
def test_no_category_keeps_its_name(n):
    for seed in range(20):
        assert sorted(others(n, seed)) == list(range(n))
        assert all(place != other for place, other in enumerate(others(n, seed)))


def test_out_of_distribution_a_network_answers_only_with_what_it_knows(checkpoint):
    trained = load_network("a", config(checkpoint))
    foreign = load_network("b", config(checkpoint, out_of_distribution=("sheep",)), categories=["car", "unheard of"])
    inputs = torch.randn(4, 3, 96, 96)
    before, after = trained.module(inputs), foreign.module(inputs)
    place = CATEGORIES.index("sheep")
    assert torch.equal(after[:, place], before[:, place])
    assert (after.argmax(1) == place).all()
    assert foreign.mean_average_precision is None
    with pytest.raises(NetworkError, match=r"out_of_distribution names horse; it knows cat, car, sheep"):
        load_network("b", config(checkpoint, out_of_distribution=("horse",)))


def test_a_network_without_a_last_layer_for_each_category_has_no_such_defect():
    with pytest.raises(NetworkError, match="no last layer with 3 outputs; leave out exchanged_labels"):
        exchange_labels("a", nn.Conv2d(3, 2, 1), 1, 3)
    with pytest.raises(NetworkError, match="has no bias; give it one for out_of_distribution"):
        keep_only("a", nn.Linear(4, 2, bias=False), ("cat",), ("cat", "dog"))
