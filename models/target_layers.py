"""Layers whose maps Grad-CAM can weigh, found by running the network once."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

AUTO = "auto"


@dataclass(frozen=True)
class Spatial:
    """A layer and the size (height, width) of its maps."""

    layer: str
    size: tuple[int, int]


def spatial_layers(module: nn.Module, image_size: int) -> tuple[Spatial, ...]:
    """Layers without parts whose output is maps (N, K, u, v) of more than one place, in the order they are run."""
    found: dict[str, Spatial] = {}

    def note(name: str, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[2:]) > 1:
            found.pop(name, None)  # a layer that is run twice counts where it is run last
            found[name] = Spatial(name, (output.shape[2], output.shape[3]))

    hooks = [
        part.register_forward_hook(lambda _, __, output, name=name: note(name, output))
        for name, part in module.named_modules()
        if name and not any(True for _ in part.children())
    ]
    try:
        with torch.no_grad():
            module(torch.zeros(1, 3, image_size, image_size))
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(found.values())
