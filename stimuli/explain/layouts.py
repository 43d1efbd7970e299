"""How the numbers of a layer's output are arranged, and how to read them as feature maps (N, K, u, v).

Convolutions give (N, K, u, v), Swin transformers (N, u, v, K), vision transformers tokens (N, 1 + u·v, K). Maps read in
the wrong arrangement look like maps, so an arrangement is recognised where it can be and otherwise has to be named.
"""

import warnings
from collections.abc import Callable
from functools import partial
from math import isqrt

import torch
from torch import Tensor, nn

from models.config import Layout
from models.target_layers import BEFORE_PATCHES
from stimuli.errors import ExplanationError, ExplanationWarning

Reshape = Callable[[Tensor], Tensor]
"""From a layer's output to feature maps (N, K, u, v); it may only pick and move numbers, never compute."""

Size = tuple[int, int]
"""Height and width of the pictures, in pixels."""


def reshape_of(model: nn.Module, layer: str, output: Tensor, images: Tensor, named: Layout | None) -> Reshape:
    """How to read the output of `layer` for `images` as feature maps: as `named` says, else as recognised.

    Raises ExplanationError where the output does not have the layout that was named, or where none is recognised.
    Warns where a map is one cell.
    """
    size = (images.shape[2], images.shape[3])
    if len(output) != len(images):
        raise ExplanationError(
            f"target layer {layer!r} must give feature maps of {len(images)} pictures; it gave a tensor of shape"
            f" {tuple(output.shape)}, whose first dimension does not count pictures; name the block around it"
        )
    layout = named or _recognised(model, layer, output, images)
    if layout not in _READ:
        raise ExplanationError(
            f"unknown layout {layout!r}; known are {', '.join(_READ)}, or give a function as reshape"
        )
    reshape = _READ[layout](output, size)
    if reshape is None:
        raise ExplanationError(
            f"target layer {layer!r} must give feature maps, and its layout is named {layout}; it gave a tensor of"
            f" shape {tuple(output.shape)}, which is not {layout} for pictures of {size[0]} × {size[1]} px"
        )
    if reshape(output).shape[2:].numel() == 1:
        warnings.warn(
            f"target layer {layer!r} gives maps of 1 × 1 cell, so each Grad-CAM has one colour throughout;"
            " name an earlier layer, with maps of several cells",
            ExplanationWarning,
            stacklevel=2,
        )
    return reshape


def patches_as_maps(tokens: Tensor) -> Tensor:
    """The `reshape` of a vision transformer: (N, 1 + s², K) with the class token first, to (N, K, s, s)."""
    side = isqrt(tokens.shape[1] - 1)
    if side**2 + 1 != tokens.shape[1]:
        raise ExplanationError(f"{tokens.shape[1]} tokens are not one class token and a square of patches")
    return _tokens(tokens, 1, (side, side))


def _tokens(tokens: Tensor, before: int, grid: tuple[int, int]) -> Tensor:
    return tokens[:, before:].unflatten(1, grid).permute(0, 3, 1, 2)


def _grid(count: int, size: Size, before: tuple[int, ...]) -> tuple[int, tuple[int, int]] | None:
    """How many of `count` tokens are before the patches, and the rows and columns of these; None where none fits."""
    height, width = size
    for leading in before:
        patch = isqrt(height * width // max(count - leading, 1))
        if patch and height % patch == width % patch == 0 and height * width == patch**2 * (count - leading):
            return leading, (height // patch, width // patch)
    return None


def _as_channels_first(output: Tensor, _size: Size) -> Reshape | None:
    return (lambda maps: maps) if output.ndim == 4 else None


def _as_channels_last(output: Tensor, _size: Size) -> Reshape | None:
    return (lambda maps: maps.permute(0, 3, 1, 2)) if output.ndim == 4 else None


def _as_tokens(output: Tensor, size: Size) -> Reshape | None:
    found = _grid(output.shape[1], size, BEFORE_PATCHES) if output.ndim == 3 else None
    return None if found is None else partial(_tokens, before=found[0], grid=found[1])


_READ: dict[Layout, Callable[[Tensor, Size], Reshape | None]] = {
    "channels-first": _as_channels_first,
    "channels-last": _as_channels_last,
    "tokens": _as_tokens,
}


def _recognised(model: nn.Module, layer: str, output: Tensor, images: Tensor) -> Layout:
    """The layout of `output`, by its shape and, where that does not decide, by what changes with the picture's size."""
    size = (images.shape[2], images.shape[3])
    if output.ndim == 4:
        first, last = _fits(output.shape[2:], size), _fits(output.shape[1:3], size)
        if first and not last:
            return "channels-first"
        if found := _by_a_higher_picture(model, layer, output, images):
            return found
        if last and not first:
            return "channels-last"
    if output.ndim == 3 and _grid(output.shape[1], size, (1,)) and not _grid(output.shape[2], size, (0, 1)):
        return "tokens"
    raise ExplanationError(
        f"target layer {layer!r} must give feature maps (N, K, u, v); it gave a tensor of shape {tuple(output.shape)},"
        " whose layout is not recognised; name it: channels-first (N, K, u, v), channels-last (N, u, v, K) or tokens"
        " (N, tokens, K), as layout in a definition and as reshape in Python"
    )


def _fits(cells: torch.Size, size: Size) -> bool:
    """Whether maps of `cells` have the shape of the picture, up to what borders and rounding take from it."""
    (rows, columns), (height, width) = cells, size
    slack = 0 if height == width else 2 * max(size)
    return abs(rows * width - columns * height) <= slack


class _SeenError(Exception):
    """Ends a forward pass whose rest nobody needs."""


def _by_a_higher_picture(model: nn.Module, layer: str, output: Tensor, images: Tensor) -> Layout | None:
    """What grows with a picture of twice the height are rows; None where the network takes no such picture."""
    seen: list[torch.Size] = []

    def look(_module: nn.Module, _inputs: object, found: object) -> None:
        if isinstance(found, Tensor):
            seen.append(found.shape)
        raise _SeenError

    hook = model.get_submodule(layer).register_forward_hook(look)
    try:
        with torch.no_grad():
            model(images.new_zeros((1, images.shape[1], 2 * images.shape[2], images.shape[3])))
    except Exception:  # whatever a network says to a size that is not its own
        pass
    finally:
        hook.remove()
    if not seen or len(seen[0]) != 4:
        return None
    grown = [new != old for new, old in zip(seen[0][1:], output.shape[1:], strict=True)]
    if grown == [False, True, False]:
        return "channels-first"
    return "channels-last" if grown == [True, False, False] else None
