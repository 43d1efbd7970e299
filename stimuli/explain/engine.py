"""Explanations of a network's scores: several methods and several categories an image, from one forward pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from models.config import Layout
from stimuli.devices import ieee_float32
from stimuli.errors import ExplanationError
from stimuli.explain.asked import check_network, check_pictures, layers_of, methods_of, targets_of
from stimuli.explain.batches import in_parts_that_fit
from stimuli.explain.bound import Inputs, Select, bound, of_rows
from stimuli.explain.layouts import Reshape
from stimuli.explain.methods import METHODS, Method, gradients_of, reaches_the_picture
from stimuli.explain.once import once
from stimuli.explain.probes import check_answers
from stimuli.explain.recording import Window, record
from stimuli.explain.relu_rules import PLAIN
from stimuli.explain.trace import Target, Trace

Precision = Literal["fp32", "mixed"]


@dataclass(frozen=True)
class Explanations:
    """Raw maps over the pairs (image, target) flattened in the order of `targets`, and the scores.

    `maps[method]` is (P, 3, H, W) or (P, 1, H, W), of the first target layer; `by_layer[layer][method]` has every
    layer's; `logits` is (N, C), or the answer (N, …) that was selected.
    """

    maps: dict[str, Tensor]
    logits: Tensor
    by_layer: dict[str, dict[str, Tensor]]


def explain(
    model: nn.Module,
    images: Inputs,
    targets: Sequence[Sequence[Target]],
    methods: Sequence[str] | Mapping[str, Method],
    layer: str | Sequence[str] | None = None,
    window: Window = Window(),  # noqa: B008 - frozen
    precision: Precision = "fp32",
    reshape: Reshape | Layout | None = None,
    *,
    of: str | int | None = None,
    select: Select | None = None,
) -> Explanations:
    """Explain `images` (N, 3, H, W) for `targets`: for each image its category indices (or functions of its scores).
    `methods` are names of METHODS, or methods of one's own by name (`with_options`).

    `images` may also be all inputs of the network, in a dict by keyword or in a tuple by place. The pictures among them
    are explained, those named by `of` where there are several; other tensors (N, …) go with their pictures. `select`
    takes from an answer that is a tuple, a dict or an object the tensor (N, …) that is explained; where that is not
    (N, C), targets are functions of one picture's part of it, any differentiable scalar.

    `layer` is the dotted name of the module whose output Grad-CAM weighs, or several. Its layout is recognised where it
    can be; `reshape` names it ("channels-first", "channels-last", "tokens") or is a function that makes feature maps of
    the output. `window` is what occlusion slides. `precision` "mixed" walks back through convolutions in bfloat16
    behind a forward pass as the network is; float32 is computed as float32 on a GPU too, never in TF32.

    The network must be in eval mode. It is left exactly as it was: parameters, `requires_grad`, hooks and `.grad`, also
    when this raises. Where the device's memory is too small for all images they are taken in halves, and those again.

    Maps are on the device of the pictures and in their dtype. Raises ExplanationError, naming the offending activation,
    layer, target or method; also where the network mixes the pictures of a batch or draws at random, which is tried on
    noise, once for each network. Issues ExplanationWarning where the scores are a softmax or a target layer has one
    cell.
    """
    check_network(model)
    network, pictures = bound(model, images, of, select)
    check_pictures(model, pictures)
    layers = layers_of(model, layer)
    wanted, asked = targets_of(targets, len(pictures)), methods_of(methods, METHODS)
    if precision not in ("fp32", "mixed"):
        raise ExplanationError(f"unknown precision {precision!r}; known are fp32, mixed")
    with torch.inference_mode(False), ieee_float32():
        once(network, pictures, "answers", lambda: check_answers(of_rows(network, 0), pictures))

    def explained(rows: slice) -> Explanations:
        need_input = reaches_the_picture(asked.values())
        with torch.inference_mode(False), torch.enable_grad(), ieee_float32():
            together = gradients_of(asked.values(), layers)
            follows = any(rule is not PLAIN for _, rule in together)
            recording = record(of_rows(network, rows), pictures[rows], layers, need_input, window, reshape, follows)
            backward = torch.bfloat16 if precision == "mixed" else recording.output.dtype
            trace = Trace(recording, wanted[rows], layers[0] if layers else None, together, backward)
            by_layer = {name: _maps(trace.at(name), asked) for name in layers}
            maps = by_layer[layers[0]] if layers else _maps(trace, asked)
            return Explanations(maps, recording.output.detach(), by_layer)

    return _joined(list(in_parts_that_fit(explained, len(pictures))))


def _joined(parts: Sequence[Explanations]) -> Explanations:
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    return Explanations(
        {method: torch.cat([part.maps[method] for part in parts]) for method in first.maps},
        torch.cat([part.logits for part in parts]),
        {
            layer: {method: torch.cat([part.by_layer[layer][method] for part in parts]) for method in maps}
            for layer, maps in first.by_layer.items()
        },
    )


def _maps(trace: Trace, methods: Mapping[str, Method]) -> dict[str, Tensor]:
    if not trace.targets:
        return {name: trace.images.new_zeros((0, 1, *trace.size)) for name in methods}
    return {name: trace.once(method.maps) for name, method in methods.items()}
