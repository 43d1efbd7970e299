"""torchvision's classifiers with random weights, in float64, small enough to compute on in a test."""

import functools

import torch
from torch import Tensor, nn

from models.architectures import build

RELU_NETWORKS = {
    "alexnet": "features.11",
    "vgg16": "features.29",
    "vgg16_bn": "features.42",
    "vgg19": "features.35",
    "vgg19_bn": "features.51",
    "squeezenet1_0": "features.12",
    "resnet18": "layer4",
    "resnet50": "layer4",
    "googlenet": "inception5b",
    "inception_v3": "Mixed_6e",
    "densenet121": "features.denseblock4",
    "shufflenet_v2_x1_0": "conv5",
    "mobilenet_v2": "features.18",
    "mnasnet1_0": "layers",
}
"""Each with a target layer of feature maps."""

OTHER_NETWORKS = {
    "convnext_tiny": ("features.7", "GeluBackward0"),
    "efficientnet_b0": ("features.8", "SiluBackward0"),
    "mobilenet_v3_small": ("features.12", "HardswishBackward0"),
    "regnet_y_400mf": ("trunk_output", "SigmoidBackward0"),
    "vit_b_16": ("conv_proj", "GeluBackward0"),
}
"""Each with a target layer and the activation for which the ReLU rules refuse it."""


@functools.lru_cache(maxsize=1)
def classifier(name: str) -> nn.Module:
    """`name` with 5 categories; batch norms that are not the identity, and ReLU6 that clips from above as well.

    AlexNet's and VGG's fully connected layers are narrowed, and those inside ViT's blocks: in float64 theirs would take
    1 GB and most of the time.
    """
    with torch.random.fork_rng():
        torch.manual_seed(11)
        narrowed = _NARROWED.get(name.removesuffix("_bn"), {})
        with torch.device("meta" if narrowed else "cpu"):  # drawing 140 million numbers to drop them takes seconds
            network = build(name, 5, size_of(name))
            for place, narrow in narrowed.items():
                network.set_submodule(place, nn.Linear(*narrow))
        network = (
            _drawn((network.to_empty(device="cpu") if narrowed else network).double()).eval().requires_grad_(False)
        )
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                module.weight.uniform_(1.0, 2.0)
                module.bias.normal_(0, 0.3)
    return network


_VGG = {"classifier.0": (25088, 16), "classifier.3": (16, 12), "classifier.6": (12, 5)}
_NARROWED = {
    "alexnet": {"classifier.1": (9216, 16), "classifier.4": (16, 12), "classifier.6": (12, 5)},
    "vgg16": _VGG,
    "vgg19": _VGG,
    "vit_b_16": {
        f"encoder.layers.encoder_layer_{layer}.mlp.{place}": narrow
        for layer in range(12)
        for place, narrow in ((0, (768, 64)), (3, (64, 768)))
    },
}


def _drawn(network: nn.Module) -> nn.Module:
    """He's initialisation for every weight, small biases and positions."""
    for parameter in network.parameters():
        fan_in = parameter[0].numel() if parameter.ndim > 1 else 100
        nn.init.normal_(parameter, 0, (2 / fan_in) ** 0.5)
    return network


def size_of(name: str) -> int:
    """The side of a picture that is just large enough."""
    return {"inception_v3": 75}.get(name, 32 if name.startswith(("vgg", "vit")) else 64)


def pictures(name: str, count: int = 2) -> Tensor:
    size = size_of(name)
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
