"""One recorded forward pass.

The network is watched, not edited: a forward hook hands a target layer's output on as a copy and is removed before
`record` returns, so an in-place ReLU behind the layer cannot overwrite what Grad-CAM weighs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from traceback import walk_tb

import torch
from torch import Tensor, nn

from models.config import Layout
from stimuli.errors import ExplanationError
from stimuli.explain.bound import of_rows
from stimuli.explain.convolutions import layout_of
from stimuli.explain.following import Followed, followed_if_new
from stimuli.explain.heap import let_freed_pages_be_used_again
from stimuli.explain.layouts import Reshape, reshape_of
from stimuli.explain.occluding import Grid, occluded_answers
from stimuli.explain.once import once
from stimuli.explain.patches import Span

_OVERWRITTEN = (
    "target layer {} hands on the tensor that it was given, and the network changes that in place afterwards, so the"
    " layer's output is lost; name the layer before it, or set inplace=False"
)


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
    reshape: Reshape | Layout | None
    window: Window
    followed: Followed | None = None
    """What was seen of detached values, where the ReLU rules are to be applied."""
    _occluded: dict[Window, tuple[list[tuple[slice, slice]], Tensor]] = field(default_factory=dict, init=False)

    def maps_of(self, layer: str, numbers: Tensor) -> Tensor:
        """`numbers`, shaped as the output of `layer`, as feature maps (N, K, u, v)."""
        maps = self._reshape_of(layer)(numbers)
        if maps.ndim != 4 or len(maps) != len(numbers):
            raise ExplanationError(
                f"target layer {layer!r} must give feature maps (N, K, u, v); it gave {described(maps)} through the"
                " reshape you gave"
            )
        return maps

    def _reshape_of(self, layer: str) -> Reshape:
        if callable(self.reshape):
            return self.reshape
        layout, output = self.reshape, self.layers[layer]
        what = ("layout", layer, layout, output.shape[1:], len(output) == len(self.images))
        return once(
            self.model,
            self.images,
            what,
            lambda: reshape_of(of_rows(self.model, 0), layer, output, self.images, layout),
        )

    def at(self, row: int) -> "Recording":
        """The same with the network's other inputs of one picture, to run it on changed copies of that."""
        return replace(self, model=of_rows(self.model, row))

    def answer(self, images: Tensor) -> Tensor:
        """The network's answer to other pictures, stored in the layout in which it took the recorded ones."""
        return self.model(images.contiguous(memory_format=layout_of(self.images)))

    def occluded_output(self, window: Window) -> tuple[list[tuple[slice, slice]], Tensor]:
        """The window's places and the output at each of them, (places, N, C); computed once."""
        if window not in self._occluded:
            grid = _grid(window, *self.images.shape[-2:])
            answers = occluded_answers(self.model, self.images, grid, window.fill, self.output)
            self._occluded[window] = grid.places, answers
        return self._occluded[window]


def record(
    model: nn.Module,
    images: Tensor,
    layers: Sequence[str],
    need_input: bool,
    window: Window,
    reshape: Reshape | Layout | None,
    follows: bool = False,
) -> Recording:
    """Run `model` on `images` (N, 3, H, W) once, recording its graph from the pictures on, or from `layers` on.

    `follows`: the ReLU rules will be applied, so detached values are followed, unless that was done before.

    Raises ExplanationError for a layer that did not run exactly once, whose output is not a tensor or is overwritten
    later, and an output that is not (N, C).
    """
    let_freed_pages_be_used_again(images.device)
    try:
        return _recorded(model, _as_convolutions_like_it(images), layers, need_input, window, reshape, follows)
    except RuntimeError as error:
        if layers and "a leaf Variable that requires grad is being used in an in-place" in str(error):
            raise ExplanationError(_OVERWRITTEN.format(" or ".join(map(repr, layers)))) from error
        if "view size is not compatible" not in str(error):
            raise
        return _recorded(model, images, layers, need_input, window, reshape, follows)  # it wants channels first


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
    reshape: Reshape | Layout | None,
    follows: bool,
) -> Recording:
    followed = followed_if_new(model, images) if follows else None
    pictures = (images.clone() if images.is_inference() else images.detach()).requires_grad_(need_input)
    with _watched(model, layers) as seen, _without_compiler((followed and followed.follower) or nullcontext()):
        # A copy goes in, so that a network that begins in place changes neither the leaf nor the caller's tensor.
        output = model(pictures.clone())
    if not isinstance(output, Tensor) or output.ndim == 0 or len(output) != len(images):
        raise ExplanationError(
            f"the network must answer with scores (N, categories); it answered {described(output)}{_choice(output)}"
        )
    outputs = {layer: _only(seen[layer], layer) for layer in layers}
    return Recording(model, pictures, output, outputs, reshape, window, followed)


@contextmanager
def _without_compiler(follower: AbstractContextManager[object]) -> Iterator[None]:
    """Raise ExplanationError where torch.compile's tracer fails at what the follower does within a compiled block."""
    try:
        with follower:
            yield
    except Exception as error:
        frames = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__))
        if any(name.startswith("torch._dynamo") for name in frames):
            raise ExplanationError(
                "a block of the network is compiled by torch.compile, and its values cannot be followed; explain the"
                " network as it is before torch.compile"
            ) from error
        raise


@dataclass(frozen=True)
class _Seen:
    """What a layer gave, and torch's count of the changes to that tensor at that time."""

    output: object
    version: int


@contextmanager
def _watched(model: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, list[_Seen]]]:
    """Yield the lists that the layers' outputs are put into while the block runs."""
    seen: dict[str, list[_Seen]] = {layer: [] for layer in layers}
    with ExitStack() as hooks:
        for layer in seen:
            hooks.callback(model.get_submodule(layer).register_forward_hook(_keeping(seen[layer])).remove)
        yield seen


def _keeping(seen: list[_Seen]) -> Callable[[nn.Module, tuple, object], Tensor | None]:
    def keep(_module: nn.Module, inputs: tuple, output: object) -> Tensor | None:
        if not isinstance(output, Tensor) or output.is_inference() or not output.is_floating_point():
            seen.append(_Seen(output, 0))
            return None
        if not output.requires_grad:  # nothing before this layer is asked for: the graph begins here
            # Changed in place, the layer's input may be used elsewhere too, and then all of it counts.
            in_place = any(output is given for given in inputs)
            output = output.requires_grad_() if in_place else output.detach().requires_grad_()
        seen.append(_Seen(output, output._version))
        return output.clone()

    return keep


def _only(seen: list[_Seen], layer: str) -> Tensor:
    if len(seen) != 1:
        raise ExplanationError(
            f"target layer {layer!r} ran {len(seen)} times in one forward pass, so its output is not one map;"
            " name a layer that runs once, e.g. the block around it"
        )
    output = seen[0].output
    if not isinstance(output, Tensor):
        raise ExplanationError(f"target layer {layer!r} must give feature maps; it gave {described(output)}")
    if not output.is_inference() and output._version != seen[0].version:
        raise ExplanationError(_OVERWRITTEN.format(repr(layer)))
    return output


def _grid(window: Window, height: int, width: int) -> Grid:
    """Every place of the window; the last one of a row or column is moved back so that it ends at the border."""
    if not (0 < window.size <= min(height, width) and window.stride > 0):
        raise ExplanationError(
            f"an occlusion window of {window.size} px, stride {window.stride} does not fit {height}×{width};"
            " make it smaller"
        )
    rows, columns = (
        Span(tuple(sorted({*range(0, extent - window.size, window.stride), extent - window.size})), window.size, extent)
        for extent in (height, width)
    )
    return Grid(rows, columns)


def _choice(answer: object) -> str:
    """How to choose a tensor of an answer that holds several."""
    if isinstance(answer, Mapping) and answer:
        first = next(iter(answer))
        return f" with {', '.join(map(str, answer))}; choose one, as select=lambda answer: answer[{first!r}]"
    if isinstance(answer, tuple | list) and answer:
        return f" of {len(answer)}; choose one, as select=lambda answer: answer[0]"
    return ""


def described(value: object) -> str:
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
