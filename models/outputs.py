"""What a network answers: checked against what the definition declares, and made into logits.

Explanations are of logits. A last softmax or sigmoid module is taken out where the network then says the same. Where
probabilities come about in another way, a hook turns them into logits that give them back: their logarithms, or
log p / (1 - p).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from models.config import Output
from models.errors import NetworkError

_ROUNDING = 1e-3  # of a sum of probabilities
_LAST: dict[Output, tuple[type[nn.Module], Callable[[Tensor], Tensor]]] = {
    "softmax": (nn.Softmax, lambda logits: logits.softmax(1)),
    "sigmoid": (nn.Sigmoid, torch.sigmoid),
}


def noise(image_size: int) -> Tensor:
    """Two pictures, always the same: (2, 3, image_size, image_size)."""
    return torch.randn((2, 3, image_size, image_size), generator=torch.Generator().manual_seed(0))


def probe(name: str, module: nn.Module, image_size: int, output: Output) -> int:
    """The number of outputs for two pictures of noise. Raises NetworkError where they are not what is declared."""
    try:
        with torch.no_grad():
            found = module(noise(image_size))
    except Exception as error:  # anything can go wrong in a network that is not ours
        raise NetworkError(
            f"network {name!r} fails on pictures of {image_size} pixels ({error}); correct image_size or its module"
        ) from error
    if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != 2:
        shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise NetworkError(
            f"network {name!r} answers two pictures with {shape}; {output} (2, categories) are expected: let a function"
            " of your own, as module, return a network whose forward gives them"
        )
    if not found.isfinite().all():
        raise NetworkError(f"network {name!r} answers with numbers that are not finite; its weights may be damaged")
    if (seems := _seems(found)) not in (output, None):
        raise NetworkError(
            f'network {name!r} answers with {_in_words(found)}, and output = "{output}" is declared;'
            f' set output = "{seems}"'
        )
    return found.shape[1]


def as_logits(module: nn.Module, output: Output, image_size: int) -> nn.Module:
    """`module`, which answers with `output`, answering with logits instead; changed in place, its layers keep names."""
    if output == "logits" or _without_last(module, output, image_size):
        return module
    module.register_forward_hook(_log_probabilities if output == "softmax" else _log_odds)
    return module


def _without_last(module: nn.Module, output: Output, image_size: int) -> bool:
    """Whether a last module could be taken out that makes the probabilities, so that the same ones follow."""
    kind, activation = _LAST[output]
    names = [name for name, part in module.named_modules() if name and isinstance(part, kind)]
    if not names:
        return False
    place, _, key = names[-1].rpartition(".")
    parent, images = module.get_submodule(place), noise(image_size)
    with torch.no_grad():
        answered, last = module(images), getattr(parent, key)
        setattr(parent, key, nn.Identity().eval())
        if torch.allclose(activation(module(images)), answered, atol=1e-6):
            return True
    setattr(parent, key, last)
    return False


def _seems(found: Tensor) -> Output | None:
    """What (2, C) numbers can only be; None where they may be probabilities of few categories or logits by chance."""
    if not ((found >= 0) & (found <= 1)).all():
        return "logits"
    if (found.sum(1) - 1).abs().max() < _ROUNDING and found.shape[1] > 1:
        return "softmax"
    return "sigmoid" if found.numel() >= 20 else None  # this many logits are not all between 0 and 1 by chance


def _in_words(found: Tensor) -> str:
    sums = " and ".join(f"{total:.3g}" for total in found.sum(1).tolist())
    return f"numbers from {found.min():.3g} to {found.max():.3g} whose sums are {sums}"


def _log_probabilities(_module: nn.Module, _images: tuple[Tensor, ...], found: Tensor) -> Tensor:
    return found.clamp_min(torch.finfo(found.dtype).tiny).log()


def _log_odds(_module: nn.Module, _images: tuple[Tensor, ...], found: Tensor) -> Tensor:
    return torch.logit(found, torch.finfo(found.dtype).eps)
