"""One recorded forward pass.

The network is watched, not edited: a forward hook hands a target layer's output on as a copy and is removed before
`record` returns, so an in-place ReLU behind the layer cannot overwrite what Grad-CAM weighs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from stimuli.errors import ExplanationError

Reshape = Callable[[Tensor], Tensor]
"""From a layer's output to feature maps (N, K, u, v); it may only pick and move numbers, never compute."""


@dataclass(frozen=True)
class Window:
    """The square that occlusion slides over the picture, in pixels, and the value it is filled with."""

    size: int = 45
    stride: int = 15
    fill: float = 0.0  # in the network's normalised space, where 0 is the mean colour


@dataclass(frozen=True)
class Recording:
    """A forward pass of N pictures: (N, 3, H, W) in, (N, C) out, and what the target layers gave, by name."""

    model: nn.Module
    images: Tensor
    output: Tensor
    layers: Mapping[str, Tensor]
    reshape: Reshape | None
    window: Window

    def maps_of(self, layer: str, numbers: Tensor) -> Tensor:
        """`numbers`, shaped as the output of `layer`, as feature maps (N, K, u, v)."""
        maps = numbers if self.reshape is None else self.reshape(numbers)
        if maps.ndim != 4 or len(maps) != len(numbers):
            shaped = "" if self.reshape is None else " through the reshape you gave"
            raise ExplanationError(
                f"target layer {layer!r} must give feature maps (N, K, u, v); it gave {described(maps)}{shaped}"
            )
        return maps

    @cached_property
    def occluded_output(self) -> tuple[list[tuple[slice, slice]], Tensor]:
        """The window's places and the output at each of them, (places, N, C)."""
        places = _window_places(self.window, *self.images.shape[-2:])
        outputs = []
        with torch.no_grad():
            for rows, columns in places:
                masked = self.images.detach().clone()
                masked[:, :, rows, columns] = self.window.fill
                outputs.append(self.model(masked))
        return places, torch.stack(outputs)


def record(
    model: nn.Module,
    images: Tensor,
    layers: Sequence[str],
    need_input: bool,
    window: Window,
    reshape: Reshape | None,
) -> Recording:
    """Run `model` on `images` (N, 3, H, W) once, recording its graph from the pictures on, or from `layers` on.

    Raises ExplanationError for a network in training mode, an unknown layer, a layer that did not run exactly once or
    whose output is not a tensor, and an output that is not (N, C).
    """
    if any(module.training for module in model.modules()):
        raise ExplanationError("the network is in training mode (dropout, batch statistics); call model.eval() first")
    _let_freed_pages_be_used_again(images.device)
    try:
        return _recorded(model, _as_convolutions_like_it(images), layers, need_input, window, reshape)
    except RuntimeError as error:
        if "view size is not compatible" not in str(error):
            raise
        return _recorded(model, images, layers, need_input, window, reshape)  # it wants channels first


def patches_as_maps(tokens: Tensor) -> Tensor:
    """The `reshape` of a vision transformer: (N, 1 + s², K) with the class token first, to (N, K, s, s)."""
    side = round((tokens.shape[1] - 1) ** 0.5)
    if side**2 + 1 != tokens.shape[1]:
        raise ExplanationError(f"{tokens.shape[1]} tokens are not one class token and a square of patches")
    return tokens[:, 1:].unflatten(1, (side, side)).permute(0, 3, 1, 2)


def _let_freed_pages_be_used_again(device: torch.device) -> None:
    """Free a block just below the 32 MiB from which glibc always asks the system for pages; none of it is touched.

    glibc takes the largest such block that was freed as the size up to which it keeps memory for reuse. Without it maps
    of a few MiB are given back after every step, and the next step waits for the system to clear fresh pages (5–8 % of
    all time). Elsewhere this does nothing.
    """
    if device.type == "cpu":
        torch.empty(31 * 2**20, dtype=torch.uint8)


def _as_convolutions_like_it(images: Tensor) -> Tensor:
    """Channels last in single precision.

    It spares the CPU's convolutions from rearranging every input, and keeps cuDNN from convolving by Fourier transform,
    whose rounding breaks ties in max-pooling at random: deconvolution then differs from the CPU's in its fourth digit.
    """
    return images.contiguous(memory_format=torch.channels_last) if images.dtype == torch.float32 else images


def _recorded(
    model: nn.Module,
    images: Tensor,
    layers: Sequence[str],
    need_input: bool,
    window: Window,
    reshape: Reshape | None,
) -> Recording:
    pictures = (images.clone() if images.is_inference() else images.detach()).requires_grad_(need_input)
    with _watched(model, layers) as seen:
        # A copy goes in, so that a network that begins in place changes neither the leaf nor the caller's tensor.
        output = model(pictures.clone())
    if not isinstance(output, Tensor) or output.ndim != 2 or len(output) != len(images):
        raise ExplanationError(f"the network must answer with scores (N, categories); it answered {described(output)}")
    outputs = {layer: _only(seen[layer], layer) for layer in layers}
    return Recording(model, pictures, output, outputs, reshape, window)


@contextmanager
def _watched(model: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, list]]:
    """Yield the lists that the layers' outputs are put into while the block runs."""
    modules = dict(model.named_modules())
    if missing := [layer for layer in layers if not layer or layer not in modules]:
        raise ExplanationError(
            f"the network has no layer {missing[0]!r}; it has {', '.join(name for name in modules if name)}"
        )
    seen: dict[str, list] = {layer: [] for layer in layers}
    with ExitStack() as hooks:
        for layer in seen:
            hooks.callback(modules[layer].register_forward_hook(_keeping(seen[layer])).remove)
        yield seen


def _keeping(seen: list) -> Callable[[nn.Module, tuple, object], Tensor | None]:
    def keep(_module: nn.Module, _args: tuple, output: object) -> Tensor | None:
        if not isinstance(output, Tensor):
            seen.append(output)
            return None
        if not output.requires_grad:  # nothing before this layer is asked for: the graph begins here
            output = output.detach().requires_grad_()
        seen.append(output)
        return output.clone()

    return keep


def _only(seen: list, layer: str) -> Tensor:
    if len(seen) != 1:
        raise ExplanationError(
            f"target layer {layer!r} ran {len(seen)} times in one forward pass, so its output is not one map;"
            " name a layer that runs once, e.g. the block around it"
        )
    if not isinstance(seen[0], Tensor):
        raise ExplanationError(f"target layer {layer!r} must give feature maps; it gave {described(seen[0])}")
    return seen[0]


def _window_places(window: Window, height: int, width: int) -> list[tuple[slice, slice]]:
    """Every place of the window; the last one of a row or column is moved back so that it ends at the border."""
    if not (0 < window.size <= min(height, width) and window.stride > 0):
        raise ExplanationError(
            f"an occlusion window of {window.size} px, stride {window.stride} does not fit {height}×{width}"
        )
    starts = [
        sorted({*range(0, extent - window.size, window.stride), extent - window.size}) for extent in (height, width)
    ]
    return [(slice(top, top + window.size), slice(left, left + window.size)) for top in starts[0] for left in starts[1]]


def described(value: object) -> str:
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
