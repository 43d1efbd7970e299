"""One recorded forward pass, and the backward passes that methods take through it.

The network is watched, not edited: a forward hook hands the target layer's output on as a copy and is removed before
`record` returns, so an in-place ReLU behind the layer cannot overwrite what Grad-CAM weighs. Gradients come from
`torch.autograd.grad`, which writes no `.grad`; a second backward pass is therefore never the sum of two.
"""

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node, get_gradient_edge

from stimuli.errors import ExplanationError
from stimuli.relu_rules import ReluRule, find_relus, relu_rule

Target = int | Callable[[Tensor], Tensor]
"""A category's index, or a function from one image's output row to a scalar."""


@dataclass(frozen=True)
class Window:
    """The square that occlusion slides over the picture, in pixels, and the value it is filled with."""

    size: int = 45
    stride: int = 15
    fill: float = 0.0  # in the network's normalised space, where 0 is the mean colour


@dataclass(frozen=True)
class Recording:
    """A forward pass of N pictures: (N, 3, H, W) in, (N, C) out, (N, K, u, v) at the target layer."""

    model: nn.Module
    images: Tensor
    output: Tensor
    layer: str | None
    activations: Tensor | None
    window: Window

    @cached_property
    def relus(self) -> tuple[Node, ...]:
        """The ReLU nodes between pictures and output; ExplanationError where the rules do not apply."""
        return find_relus(self.output, self.images)

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


class Trace:
    """One target for each of R pictures of a recording, and the gradients of their scores, each computed once."""

    def __init__(self, recording: Recording, rows: Sequence[int], targets: Sequence[Target]) -> None:
        self.recording = recording
        self.targets = tuple(targets)
        everything = list(rows) == list(range(len(recording.images)))
        self._rows = slice(None) if everything else torch.tensor(rows, device=recording.images.device)
        self._input_gradients: dict[ReluRule | None, Tensor] = {}
        self.scores = self.scores_of(recording.output)  # (R,)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return tuple(self.recording.images.shape[-2:])

    def scores_of(self, output: Tensor) -> Tensor:
        """The targets' scores (R,) in any output (N, C) for the same pictures."""
        rows = output[self._rows]
        return torch.stack([_score(row, target) for row, target in zip(rows, self.targets, strict=True)])

    def input_gradient(self, rule: ReluRule | None = None) -> Tensor:
        """∂score/∂picture (R, 3, H, W), with the ReLUs following `rule`; none: the ordinary gradient."""
        if rule not in self._input_gradients:
            relus = () if rule is None else self.recording.relus
            with relu_rule(rule, relus):
                self._input_gradients[rule] = self._gradient(self.recording.images, "the picture")
        return self._input_gradients[rule]

    @property
    def activations(self) -> Tensor:
        """The target layer's output A (R, K, u, v)."""
        return self._layer_output.detach()[self._rows]

    @cached_property
    def layer_gradient(self) -> Tensor:
        """∂score/∂A through the unmodified network, (R, K, u, v)."""
        return self._gradient(self._layer_output, f"target layer {self.recording.layer!r}")

    def feeds(self, node: Node) -> bool:
        """Whether `node` takes the target layer's output and nothing else."""
        (copy, _), *others = node.next_functions
        if others or copy is None or copy.name() != "CloneBackward0":
            return False
        return copy.next_functions[0][0] is get_gradient_edge(self._layer_output).node

    @property
    def _layer_output(self) -> Tensor:
        if self.recording.activations is None:
            raise ExplanationError("this method weighs a layer's output; name the target layer")
        return self.recording.activations

    def _gradient(self, source: Tensor, what: str) -> Tensor:
        (gradient,) = torch.autograd.grad(self.scores.sum(), source, retain_graph=True, allow_unused=True)
        if gradient is None:
            raise ExplanationError(f"the scores do not depend on {what}")
        return gradient[self._rows]


def record(model: nn.Module, images: Tensor, layer: str | None, window: Window, need_input: bool) -> Recording:
    """Run `model` on `images` (N, 3, H, W) once, recording its graph from the pictures on, or from `layer` on.

    Raises ExplanationError for a network in training mode, an unknown layer, a layer that did not run exactly once or
    whose output is not (N, K, u, v), and an output that is not (N, C).
    """
    if any(module.training for module in model.modules()):
        raise ExplanationError("the network is in training mode (dropout, batch statistics); call model.eval() first")
    pictures = (images.clone() if images.is_inference() else images.detach()).requires_grad_(need_input)
    with _watched(model, layer) as seen:
        # A copy goes in, so that a network that begins in place changes neither the leaf nor the caller's tensor.
        output = model(pictures.clone())
    if not isinstance(output, Tensor) or output.ndim != 2 or len(output) != len(images):
        raise ExplanationError(f"the network must answer with scores (N, categories); it answered {_described(output)}")
    return Recording(model, pictures, output, layer, _only(seen, layer), window)


@contextmanager
def _watched(model: nn.Module, layer: str | None):
    """Yield the list that `layer`'s outputs are put into while the block runs."""
    seen: list = []
    if layer is None:
        yield seen
        return
    modules = dict(model.named_modules())
    if layer not in modules or not layer:
        raise ExplanationError(
            f"the network has no layer {layer!r}; it has {', '.join(name for name in modules if name)}"
        )

    def keep(_module: nn.Module, _args: tuple, output: Tensor) -> Tensor | None:
        if not isinstance(output, Tensor):
            seen.append(output)
            return None
        if not output.requires_grad:  # nothing before this layer is asked for: the graph begins here
            output = output.detach().requires_grad_()
        seen.append(output)
        return output.clone()

    handle = modules[layer].register_forward_hook(keep)
    try:
        yield seen
    finally:
        handle.remove()


def _only(seen: list, layer: str | None) -> Tensor | None:
    if layer is None:
        return None
    if len(seen) != 1:
        raise ExplanationError(
            f"target layer {layer!r} ran {len(seen)} times in one forward pass, so its output is not one map;"
            " name a layer that runs once, e.g. the block around it"
        )
    if not isinstance(seen[0], Tensor) or seen[0].ndim != 4:
        raise ExplanationError(
            f"target layer {layer!r} must give feature maps (N, K, u, v); it gave {_described(seen[0])}"
        )
    return seen[0]


def _score(row: Tensor, target: Target) -> Tensor:
    if callable(target):
        score = target(row)
        if score.ndim:
            raise ExplanationError(f"a target function must return a scalar; it returned {_described(score)}")
        return score
    if not 0 <= target < len(row):
        raise ExplanationError(f"target {target} is not one of the network's {len(row)} categories")
    return row[target]


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


def _described(value: object) -> str:
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
