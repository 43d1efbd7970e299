"""Networks by name: torchvision's, timm's and the demo's, each with a head for any number of categories."""

import difflib
from collections.abc import Callable
from functools import cache, partial
from types import ModuleType

from torch import nn

from models.config import NetworkConfig
from models.demo_networks import WIDE, demo_alexnet, demo_vgg
from models.errors import NetworkError
from models.own_module import build_own

_DEMO: dict[str, Callable[[int], nn.Module]] = {
    "demo-vgg": demo_vgg,
    "demo-alexnet": demo_alexnet,
    "demo-vgg-wide": partial(demo_vgg, hidden=WIDE),
    "demo-alexnet-wide": partial(demo_alexnet, hidden=WIDE),
}
TIMM = "timm:"
_INCEPTIONS = ("googlenet", "inception_v3")


@cache
def _torchvision() -> ModuleType:
    """Loaded for its networks alone: it takes as long to load as torch."""
    from torchvision import models

    return models


@cache
def _timm() -> ModuleType:
    """Optional: pip install -r requirements-timm.txt. Raises NetworkError where it is not installed."""
    try:
        import timm
    except ImportError:
        raise NetworkError(
            "timm is not installed, and an architecture begins with timm:; `pip install -r requirements-timm.txt`"
        ) from None
    return timm


def architecture_names() -> tuple[str, ...]:
    """All names that `build` knows."""
    torchvision = _torchvision()
    return (*_DEMO, *torchvision.list_models(module=torchvision))


def check_architecture(name: str) -> None:
    """Raise NetworkError, with the nearest names, where `name` is unknown."""
    if name in _DEMO:
        return
    names = [f"{TIMM}{n}" for n in _timm().list_models()] if name.startswith(TIMM) else architecture_names()
    if name not in names:
        close = difflib.get_close_matches(name, names, 3) or ["demo-vgg", "vgg16", "resnet50"]
        raise NetworkError(f"no architecture named {name!r}; did you mean {' or '.join(close)}?")


def build(name: str, categories: int, image_size: int) -> nn.Module:
    """A new network, randomly initialised, whose output is a tensor of logits (N, categories).

    It differs from torchvision's in three places: Inceptions have no auxiliary outputs, and convert ImageNet's
    normalisation to their own as their published weights want; SqueezeNet's logits are not cut at zero by a last ReLU,
    without which no category could ever be scored as absent. Raises NetworkError for an unknown name (and gives the
    nearest) or an impossible picture size.
    """
    check_architecture(name)
    if name in _DEMO:
        return _DEMO[name](categories)
    if name.startswith(TIMM):
        return _timm().create_model(name.removeprefix(TIMM), pretrained=False, num_classes=categories)
    options: dict = {"num_classes": categories}
    if name in _INCEPTIONS:
        options |= {"aux_logits": False, "transform_input": True, "init_weights": True}
    elif name.startswith("vit_"):
        options |= {"image_size": image_size}
    try:
        module = _torchvision().get_model(name, weights=None, **options)
    except (ValueError, AssertionError, RuntimeError) as error:
        raise NetworkError(f"{name} cannot be built for pictures of {image_size} px: {error}") from error
    if name.startswith("squeezenet"):
        module.classifier[2] = nn.Identity()
    return module


def build_network(config: NetworkConfig, outputs: int) -> nn.Module:
    """The network of a definition, before its weights are loaded. Raises NetworkError."""
    return build_own(config.module) if config.module else build(config.architecture, outputs, config.image_size)


def find_head(module: nn.Module) -> str:
    """The dotted name of the layer that makes the logits: the last linear or convolutional one."""
    return [name for name, part in module.named_modules() if isinstance(part, nn.Linear | nn.Conv2d)][-1]
