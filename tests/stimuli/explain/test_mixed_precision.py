"""`precision = "mixed"` (bfloat16 on the way back) draws what single precision draws, on trained networks."""

import os
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
import torchvision

from definition import load_definition
from models.catalogue import LoadedNetwork, load_network, preprocess
from models.image_files import read_image
from models.transform import Transform
from stimuli.explain import steps
from stimuli.explain.engine import explain
from stimuli.explain.products import LARGE, rounded_product
from stimuli.produce.render import render
from stimuli.rendering import Rendering
from tests.stimuli import networks

PAPER = Rendering("paper-v1")

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("DISCERN_SHARED", REPOSITORY / "../shared"))
METHODS = ["deconvolution", "guided-backprop", "grad-cam", "deconvolution-grad-cam", "guided-grad-cam"]
PRETRAINED = {
    "squeezenet1_0": ("squeezenet1_0_deepcompression.pt", "features.12"),
    "mobilenet_v2": ("mobilenet_v2_tflite_quant_dequantized.pt", "features.18"),
}


def check(module, images, targets, layer):
    exact = explain(module, images, targets, METHODS, layer)
    mixed = explain(module, images, targets, METHODS, layer, precision="mixed")
    assert torch.equal(mixed.logits, exact.logits), "the forward pass is the same"
    for method in METHODS:
        assert mixed.maps[method].dtype == torch.float32
        ours, oracle = mixed.maps[method].double().flatten(1), exact.maps[method].double().flatten(1)
        said = oracle.abs().amax(1) > 0  # an all-zero map has no direction
        assert torch.equal(ours[~said], oracle[~said])
        assert F.cosine_similarity(ours[said], oracle[said], eps=0).min() >= 0.9995, method
        levels = [render(found.maps[method], PAPER).float() for found in (mixed, exact)]
        assert (levels[0] - levels[1]).abs().mean() <= 0.5, method


@pytest.mark.shared
@pytest.mark.parametrize("name", PRETRAINED)
def test_on_pretrained_networks_and_photographs(name):
    file, layer = PRETRAINED[name]
    photographs = sorted((SHARED / "voc/VOCdevkit/VOC2012/JPEGImages").glob("*.jpg"))[::700][:2]
    if not photographs:
        pytest.skip("the development photographs are not here; DISCERN_SHARED names their folder")
    module = torchvision.models.get_model(name, weights=None).eval()
    module.load_state_dict(torch.load(SHARED / "weights" / file, weights_only=True))
    transform = Transform(image_size=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    images = torch.stack([preprocess(read_image(photograph), transform) for photograph in photographs])
    targets = [scores.topk(2).indices.tolist() for scores in module(images)]
    check(module, images, targets, layer)


def demo_network(name: str) -> LoadedNetwork:
    config = load_definition(REPOSITORY / "examples/demo.toml").networks[name]
    if not config.checkpoint.exists():
        pytest.skip(f"{config.checkpoint.name} is not here; `./manage.py train` makes it")
    return load_network(name, config)


def smooth_pictures(size: int, count: int = 3) -> torch.Tensor:
    coarse = torch.randn(count, 3, 9, 9, generator=torch.Generator().manual_seed(2))
    return F.interpolate(coarse, size=size, mode="bicubic")


@pytest.mark.parametrize("large", [LARGE, 1], ids=["", "every linear layer rounded"])
@pytest.mark.parametrize("name", ["strong-features", "weak-features"])
def test_on_the_demo_networks(name, large, monkeypatch):
    monkeypatch.setattr(steps, "LARGE", large)
    network = demo_network(name)
    # Many: how far a map moves hangs on the rounding of its one brightest pixel, which differs between processors.
    images = smooth_pictures(network.transform.image_size, 10)
    targets = [scores.topk(2).indices.tolist() for scores in network.module(images)]
    check(network.module, images, targets, network.target_layer)


def test_grad_cam_behind_the_last_convolution_is_the_same_to_the_bit_where_small_linear_layers_follow():
    """They are walked in single precision, and no convolution lies between the scores and the layer."""
    network, images = networks.alexnet_like().float(), networks.pictures().float()
    maps = [
        explain(network, images, [[1]] * 3, ["grad-cam"], "4", precision=precision).maps["grad-cam"]
        for precision in ("fp32", "mixed")
    ]
    assert torch.equal(*maps)


@pytest.mark.parametrize("outputs", [256, 300, 700])
def test_a_rounded_product_is_the_exact_one_to_bfloat16s_three_digits(outputs):
    generator = torch.Generator().manual_seed(0)
    gradients = torch.randn(3, 2, outputs, generator=generator)
    weight = torch.randn(outputs, 50, generator=generator)
    oracle = gradients.double() @ weight.double()
    found = rounded_product(gradients, weight, torch.bfloat16)
    assert found.dtype == torch.float32
    assert F.cosine_similarity(found.double().flatten(), oracle.flatten(), dim=0) > 0.99999


def test_a_large_head_is_rounded_and_draws_the_same_pictures():
    """torchvision's AlexNet, whose first linear layer has 38 million weights; drawn at random, for none are here."""
    torch.manual_seed(0)
    network = torchvision.models.alexnet(weights=None).eval()
    check(network, smooth_pictures(224), [[1, 2]] * 3, "features.11")
