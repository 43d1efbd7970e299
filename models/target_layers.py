"""Layers whose maps Grad-CAM can weigh, found by running the network once."""

from collections import Counter
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
    """Layers without parts that run once and give maps (N, K, u, v) of more than one place, in the order they run."""
    found: list[Spatial] = []

    def note(name: str, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[2:]) > 1:
            found.append(Spatial(name, (output.shape[2], output.shape[3])))

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
    runs = Counter(spatial.layer for spatial in found)  # an activation that is shared has no single output
    return tuple(spatial for spatial in found if runs[spatial.layer] == 1)
