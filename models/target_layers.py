"""Layers whose maps or tokens Grad-CAM can weigh, found by running the network once."""

from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor, nn

AUTO = "auto"
BEFORE_PATCHES = (0, 1, 2, 5)
"""How many tokens are before the patches: none, a class token, two with DeiT's, a class token and four registers."""


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
    with torch.no_grad():
        ends = [
            (name, output if output is not None and output.ndim == 4 and min(output.shape[2:]) > 1 else None)
            for name, output in _run(module, torch.zeros(1, 3, image_size, image_size))[0]
        ]
    times = Counter(name for name, _ in ends)
    return tuple(
        Spatial(name, (output.shape[2], output.shape[3]))
        for place, (name, output) in enumerate(ends)
        if output is not None and times[name] == 1 and not _ends_with_its_part(ends, place, times)
    )


def layers_to_weigh(module: nn.Module, image_size: int) -> tuple[Spatial, ...]:
    """Layers with maps, and last the one with tokens in a network that goes on with tokens; "auto" is the last."""
    spatial = spatial_layers(module, image_size)
    tokens = _last_tokens(module, image_size, spatial[-1]) if spatial else None
    return (*spatial, Spatial(tokens, spatial[-1].size)) if tokens else spatial


def _last_tokens(module: nn.Module, image_size: int, after: Spatial) -> str | None:
    """The last normalisation of tokens, one for each cell of `after`, from which any of them reaches the scores.

    After the last attention only a class token does, and Grad-CAM has nothing to weigh there.
    """
    pictures = torch.zeros(1, 3, image_size, image_size, requires_grad=True)
    ends, answer = _run(module, pictures * 1)
    names, patches = [name for name, _ in ends], after.size[0] * after.size[1]
    tokens = [
        (name, output)
        for name, output in ends[names.index(after.layer) :]
        if output is not None and output.ndim == 3 and output.requires_grad and names.count(name) == 1
        if output.shape[1] - patches in BEFORE_PATCHES and "Norm" in type(module.get_submodule(name)).__name__
    ]
    if not tokens:
        return None
    found = torch.autograd.grad(answer.max(), [output for _, output in tokens], allow_unused=True)
    reaching = [
        name for (name, _), grad in zip(tokens, found, strict=True) if grad is not None and _of_patches(grad, patches)
    ]
    return reaching[-1] if reaching else None


def _of_patches(gradient: Tensor, patches: int) -> bool:
    """Whether the gradient of any patch is other than 0; the patches are the last tokens."""
    return bool(gradient[:, -patches:].any())


def _run(module: nn.Module, pictures: Tensor) -> tuple[list[tuple[str, Tensor | None]], Tensor]:
    """Every part's name and output as it ends, None where that is no tensor; and the answer for `pictures`."""
    ends: list[tuple[str, Tensor | None]] = []
    hooks = [
        part.register_forward_hook(
            lambda _, __, output, name=name: ends.append((name, output if isinstance(output, Tensor) else None))
        )
        for name, part in module.named_modules()
        if name
    ]
    try:
        return ends, module(pictures)
    finally:
        for hook in hooks:
            hook.remove()


def _ends_with_its_part(ends: list[tuple[str, Tensor | None]], place: int, times: Counter[str]) -> bool:
    """Whether the layer that ends at `place` gives what its last part gave just before, a part that runs once."""
    (name, output), (before, given) = ends[place], ends[place - 1] if place else ("", None)
    return before.startswith(f"{name}.") and given is output and times[before] == 1
