"""Explanations of a network's scores: several methods and several categories an image, from one forward pass."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stimuli.errors import ExplanationError
from stimuli.methods import METHODS, WITHOUT_INPUT_GRADIENT
from stimuli.recording import Recording, Target, Trace, Window, record


@dataclass(frozen=True)
class Explanations:
    """Raw maps by method, over the pairs (image, target) flattened in the order of `targets`, and the scores.

    `maps[method]` is (P, 3, H, W) or (P, 1, H, W); `logits` is (N, C).
    """

    maps: dict[str, Tensor]
    logits: Tensor


def explain(
    model: nn.Module,
    images: Tensor,
    targets: Sequence[Sequence[Target]],
    methods: Sequence[str],
    layer: str | None = None,
    window: Window = Window(),  # noqa: B008 - frozen
) -> Explanations:
    """Explain `images` (N, 3, H, W) for `targets`: for each image its category indices (or functions of its scores).

    `layer` is the dotted name of the module whose output Grad-CAM weighs, `window` what occlusion slides. The network
    must be in eval mode. It is left exactly as it was: parameters, `requires_grad`, hooks and `.grad`, also when this
    raises. Parameters need no gradient; freezing them saves memory.

    Raises ExplanationError, naming the offending activation, layer, target or method.
    """
    if len(targets) != len(images):
        raise ExplanationError(f"{len(images)} images but {len(targets)} lists of targets; give one list an image")
    if unknown := [method for method in methods if method not in METHODS]:
        raise ExplanationError(f"unknown method {', '.join(unknown)}; known are {', '.join(METHODS)}")
    with torch.inference_mode(False), torch.enable_grad():
        recording = record(model, images, layer, window, need_input=not WITHOUT_INPUT_GRADIENT.issuperset(methods))
        return Explanations(_maps(recording, targets, methods), recording.output.detach())


def _maps(recording: Recording, targets: Sequence[Sequence[Target]], methods: Sequence[str]) -> dict[str, Tensor]:
    """Every image's first target goes through one backward pass, then every image's second, and so on."""
    first_pair = [sum(map(len, targets[:row])) for row in range(len(targets))]
    found: dict[str, list[Tensor | None]] = {method: [None] * sum(map(len, targets)) for method in methods}
    for turn in range(max(map(len, targets), default=0)):
        rows = [row for row, wanted in enumerate(targets) if turn < len(wanted)]
        trace = Trace(recording, rows, [targets[row][turn] for row in rows])
        for method in methods:
            for row, one_map in zip(rows, METHODS[method](trace).detach(), strict=True):
                found[method][first_pair[row] + turn] = one_map
    return {method: _stacked(one_method, recording.images) for method, one_method in found.items()}


def _stacked(maps: list[Tensor], images: Tensor) -> Tensor:
    return torch.stack(maps) if maps else images.new_zeros((0, 1, *images.shape[-2:]))
