"""models.architectures builds torchvision's classifiers and the demo's networks with a head for any categories."""

import sys

import pytest
import torch
from torch import nn
from torchvision import models as torchvision_models

from models import architectures
from models.architectures import architecture_names, build, find_head
from models.errors import NetworkError

pytestmark = pytest.mark.slow

# Heads of every kind: linear or convolutional, in a Sequential or not, before functional ReLUs, beside transformers.
FAMILIES = {
    "demo-vgg": 64, "demo-alexnet": 96, "squeezenet1_1": 96, "resnet18": 64, "mobilenet_v2": 64, "inception_v3": 96,
    "shufflenet_v2_x0_5": 64, "mnasnet0_5": 64, "regnet_x_400mf": 64, "densenet121": 64, "swin_t": 64,
}  # fmt: skip
PUBLISHED = [
    name
    for name in torchvision_models.list_models(module=torchvision_models)
    if not name.startswith("regnet")  # torchvision cannot build RegNets on the meta device
]


@pytest.mark.parametrize(("name", "image_size"), FAMILIES.items())
@torch.no_grad()
def test_the_output_is_one_logit_a_category_and_the_head_makes_them(name, image_size):
    torch.manual_seed(0)
    module = build(name, 7, image_size).eval()
    logits = module(torch.randn(2, 3, image_size, image_size))
    assert logits.shape == (2, 7)
    head = module.get_submodule(find_head(module))
    assert head.weight.shape[0] == 7
    nn.init.zeros_(head.weight)
    head.bias.copy_(torch.arange(7.0) - 3)
    changed = module(torch.randn(2, 3, image_size, image_size))
    assert torch.allclose(changed, torch.arange(7.0).expand(2, 7) - 3)  # below zero too, SqueezeNet's included


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_torchvision_classifier_keeps_its_published_layers(name):
    """Weights of torchvision fit all but the head: same keys, same shapes. Built without memory, on the meta device."""
    with torch.device("meta"):
        ours = build(name, 7, 224)
        options = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
        published = torchvision_models.get_model(name, weights=None, **options)
    head = f"{find_head(ours)}."
    ours_shapes, published_shapes = (
        {key: value.shape for key, value in module.state_dict().items() if not key.startswith(head)}
        for module in (ours, published)
    )
    assert ours_shapes == published_shapes
    assert set(published.state_dict()) - set(published_shapes) <= {f"{head}weight", f"{head}bias"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vgg-16", "no architecture named 'vgg-16'; did you mean vgg16"),
        ("resnet", "did you mean resnet"),
        ("fasterrcnn_resnet50_fpn", "no architecture named"),
        ("xyzzy", "did you mean demo-vgg or vgg16 or resnet50"),
    ],
)
def test_an_unknown_architecture_is_refused_with_near_names(name, message):
    with pytest.raises(NetworkError, match=message):
        build(name, 7, 224)


def test_a_picture_size_the_architecture_cannot_take_is_refused():
    with pytest.raises(NetworkError, match="vit_b_32 cannot be built for pictures of 100 px"):
        build("vit_b_32", 7, 100)


def test_the_names_hold_both_demo_networks_and_torchvisions_classifiers():
    names = architecture_names()
    assert {"demo-vgg", "demo-alexnet", "vgg16", "alexnet", "googlenet"} <= set(names)
    assert not [name for name in names if "rcnn" in name or "deeplab" in name]


@pytest.mark.parametrize("name", ["demo-vgg", "demo-alexnet", "demo-vgg-wide", "demo-alexnet-wide"])
def test_demo_networks_have_features_that_end_with_a_relu_and_a_pool(name):
    """The paper's target layer is the last ReLU before the last pool."""
    module = build(name, 20, 128)
    *_, last_relu, last_pool = module.features
    assert isinstance(last_relu, nn.ReLU)
    assert not last_relu.inplace
    assert isinstance(last_pool, nn.MaxPool2d)
    assert sum(p.numel() for p in module.parameters()) * 4 < 4e6


def test_a_network_of_timm_is_built_with_as_many_outputs_as_asked_for():
    module = build("timm:test_resnet", 7, 64).eval()
    assert type(module).__module__ == "timm.models.resnet"
    assert module(torch.zeros(2, 3, 64, 64)).shape == (2, 7)
    with pytest.raises(
        NetworkError, match=r"no architecture named 'timm:test_resnt'; did you mean timm:test_resnet or"
    ):
        build("timm:test_resnt", 7, 64)


def test_that_timm_is_missing_is_told_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    architectures._timm.cache_clear()
    with pytest.raises(NetworkError, match=r"timm is not installed.* `pip install -r requirements-timm.txt`"):
        build("timm:tiny_net", 7, 64)
