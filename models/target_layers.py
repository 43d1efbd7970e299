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
    """Layers that run once and give maps (N, K, u, v) of more than one place, in the order in which they end.

    A block is left out where its last part gives the same maps; it stays where that part, such as an activation that a
    block uses twice, runs more than once and so has no maps of its own.
    """
    ends: list[tuple[str, Tensor | None]] = []

    def note(name: str, output: object) -> None:
        is_map = isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[2:]) > 1
        ends.append((name, output if isinstance(output, Tensor) and is_map else None))

    hooks = [
        part.register_forward_hook(lambda _, __, output, name=name: note(name, output))
        for name, part in module.named_modules()
        if name
    ]
    try:
        with torch.no_grad():
            module(torch.zeros(1, 3, image_size, image_size))
    finally:
        for hook in hooks:
            hook.remove()
    times = Counter(name for name, _ in ends)
    return tuple(
        Spatial(name, (output.shape[2], output.shape[3]))
        for place, (name, output) in enumerate(ends)
        if output is not None and times[name] == 1 and not _ends_with_its_part(ends, place, times)
    )


def _ends_with_its_part(ends: list[tuple[str, Tensor | None]], place: int, times: Counter[str]) -> bool:
    """Whether the layer that ends at `place` gives what its last part gave just before, a part that runs once."""
    (name, output), (before, given) = ends[place], ends[place - 1] if place else ("", None)
    return before.startswith(f"{name}.") and given is output and times[before] == 1
