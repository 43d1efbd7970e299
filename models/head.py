"""The last layer on its own: features computed once, so that training it takes seconds an epoch."""

from typing import cast

import torch
from torch import Tensor, nn

from models.architectures import find_head

Head = nn.Linear | nn.Conv2d


def head_features(module: nn.Module, inputs: Tensor, part: str = "") -> Tensor:
    """What `module`'s head, or another `part` of it, takes for `inputs` (N, 3, H, W): (N, F).

    Where the head is a 1 × 1 convolution before the mean over places (SqueezeNet), the mean is taken first: both are
    linear, so the order does not matter.
    """
    captured: list[Tensor] = []
    taker = module.get_submodule(part or find_head(module))
    hook = taker.register_forward_pre_hook(lambda _, args: captured.append(args[0]))
    try:
        with torch.no_grad():
            module(inputs)
    finally:
        hook.remove()
    return captured[0].flatten(2).mean(2) if captured[0].ndim == 4 else captured[0]


def copy_head(module: nn.Module) -> nn.Linear:
    """A linear layer with the weights of `module`'s head; it maps `head_features` to logits."""
    head = _head(module)
    weight = head.weight.detach().flatten(1)
    copy = nn.Linear(weight.shape[1], weight.shape[0], bias=head.bias is not None)
    _assign(copy, weight, head.bias)
    return copy


def put_head(module: nn.Module, copy: nn.Linear) -> None:
    """Write the weights of `copy` back into `module`'s head."""
    head = _head(module)
    _assign(head, copy.weight.view_as(head.weight), copy.bias)


def _head(module: nn.Module) -> Head:
    return cast(Head, module.get_submodule(find_head(module)))  # find_head names nothing else


def _assign(layer: Head, weight: Tensor, bias: Tensor | None) -> None:
    layer.load_state_dict({"weight": weight} if bias is None else {"weight": weight, "bias": bias})
