"""The explanation methods: functions of one signature in a dict.

A method takes a `Trace` (R pairs of a picture and a target) and returns its raw maps, (R, 3, H, W) in the picture's
channels or (R, 1, H, W). Its keyword-only parameters are its options. To add one, write such a function and put it
into `METHODS`, with its printed name in contracts/methods.py.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.graph import Node

from stimuli.errors import ExplanationError
from stimuli.explain.graph import edge_of, saved
from stimuli.explain.relu_rules import DECONVOLUTION, GUIDED, PLAIN, ReluRule
from stimuli.explain.trace import PICTURE, Gradient, Trace

CELLS_ALIKE = 64
"""A map whose cells differ by no more than this many units of rounding is constant."""


@dataclass(frozen=True)
class Method:
    """`maps` computes a method. The rest says beforehand which gradients it asks for, so that they are computed in one
    walk with those of other methods; what is not said is computed when asked for.

    `at_layer`: the gradient at the target layer. `at_picture`: the rules of its gradients at the picture; none where it
    is empty, unknown where it is None.
    """

    maps: Callable[[Trace], Tensor]
    at_layer: bool = False
    at_picture: tuple[ReluRule, ...] | None = None


def grad_cam(trace: Trace) -> Tensor:
    """L^c = ReLU(Σ_k α_k A^k), α_k the mean gradient of map k, enlarged to (R, 1, H, W). Selvaraju et al., eq. 1–2."""
    return _enlarged(_weighted(_mean_gradient(trace), trace.activations).relu(), trace)


def counterfactual_grad_cam(trace: Trace) -> Tensor:
    """Grad-CAM with −α_k: the regions whose removal would raise the score. Selvaraju et al., section 3.3."""
    return _enlarged(_weighted(-_mean_gradient(trace), trace.activations).relu(), trace)


def cam(trace: Trace) -> Tensor:
    """L^c = Σ_k w_k^c A^k, enlarged and signed, where the layer feeds pool + linear alone. Zhou et al. 2016, eq. 2."""
    weights = _linear_head(trace)
    if not all(isinstance(target, int) for target in trace.targets):
        raise ExplanationError("cam reads the weights of a category; it takes no target function, grad-cam does")
    return _enlarged(_weighted(weights[:, list(trace.targets)].T, trace.activations), trace)


def guided_backprop(trace: Trace) -> Tensor:
    """∂score/∂picture where every ReLU passes g·[z > 0]·[g > 0]; raw and signed, (R, 3, H, W)."""
    return trace.input_gradient(GUIDED)


def deconvolution(trace: Trace) -> Tensor:
    """∂score/∂picture where every ReLU passes g·[g > 0]; raw and signed, (R, 3, H, W)."""
    return trace.input_gradient(DECONVOLUTION)


def guided_grad_cam(trace: Trace) -> Tensor:
    """Guided backpropagation × enlarged Grad-CAM, element by element, nothing normalised. Section 3.2."""
    return trace.once(guided_backprop) * trace.once(grad_cam)


def deconvolution_grad_cam(trace: Trace) -> Tensor:
    """Deconvolution × enlarged Grad-CAM, element by element, nothing normalised."""
    return trace.once(deconvolution) * trace.once(grad_cam)


def occlusion(trace: Trace, *, patch: int | None = None, stride: int | None = None) -> Tensor:
    """Drop of the score when a window is masked, at each pixel the mean over the windows that cover it.

    `patch` and `stride` in pixels; those of the recording's window where they are not told.
    """
    usual = trace.recording.window
    places, outputs = trace.recording.occluded_output(
        replace(usual, size=patch or usual.size, stride=stride or usual.stride)
    )
    drops = torch.zeros(len(trace.targets), 1, *trace.size, dtype=outputs.dtype, device=outputs.device)
    covered = outputs.new_zeros(1, 1, *trace.size)
    for (rows, columns), output in zip(places, outputs, strict=True):
        drops[:, :, rows, columns] += (trace.scores - trace.scores_of(output)).view(-1, 1, 1, 1)
        covered[:, :, rows, columns] += 1
    drops /= covered
    return _constant_where(_is_constant(drops), drops, drops)


METHODS: dict[str, Method] = {
    "grad-cam": Method(grad_cam, at_layer=True, at_picture=()),
    "counterfactual-grad-cam": Method(counterfactual_grad_cam, at_layer=True, at_picture=()),
    "cam": Method(cam, at_picture=()),
    "guided-backprop": Method(guided_backprop, at_picture=(GUIDED,)),
    "deconvolution": Method(deconvolution, at_picture=(DECONVOLUTION,)),
    "guided-grad-cam": Method(guided_grad_cam, at_layer=True, at_picture=(GUIDED,)),
    "deconvolution-grad-cam": Method(deconvolution_grad_cam, at_layer=True, at_picture=(DECONVOLUTION,)),
    "occlusion": Method(occlusion, at_picture=()),
}


def with_options(method: Method, options: Mapping[str, Any]) -> Method:
    """The method with its options set: keyword-only parameters of its function. Raises ExplanationError for others."""
    known = [name for name, told in signature(method.maps).parameters.items() if told.kind is told.KEYWORD_ONLY]
    if unknown := [name for name in options if name not in known]:
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        raise ExplanationError(f"no option {', '.join(unknown)}; {takes}")
    return replace(method, maps=partial(method.maps, **options)) if options else method


def reaches_the_picture(methods: Collection[Method]) -> bool:
    """Whether any of `methods` may ask for a gradient at the picture; else the graph may begin at the target layer."""
    return any(method.at_picture != () for method in methods)


def gradients_of(methods: Collection[Method], layers: Sequence[str]) -> frozenset[Gradient]:
    """What `methods` are known to ask for, so that one walk over the graph computes it together."""
    at_layers = {(layer, PLAIN) for layer in layers if any(method.at_layer for method in methods)}
    return frozenset(at_layers | {(PICTURE, rule) for method in methods for rule in method.at_picture or ()})


def _mean_gradient(trace: Trace) -> Tensor:
    return trace.layer_gradient.mean(dim=(2, 3))  # α (R, K)


def _weighted(weights: Tensor, activations: Tensor) -> Tensor:
    return torch.einsum("rk,rkuv->ruv", weights, activations).unsqueeze(1)  # (R, 1, u, v)


def _enlarged(maps: Tensor, trace: Trace) -> Tensor:
    # Corners aligned, as in the authors' code: the map's corner values are at the picture's corner pixels.
    large = F.interpolate(maps, size=trace.size, mode="bilinear", align_corners=True)
    return _constant_where(_is_constant(maps), maps, large)


def _is_constant(maps: Tensor) -> Tensor:
    """Which maps (R, 1, u, v) differ by rounding alone, (R, 1, 1, 1)."""
    low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
    return high - low <= CELLS_ALIKE * torch.finfo(maps.dtype).eps * torch.maximum(low.abs(), high.abs())


def _constant_where(constant: Tensor, maps: Tensor, large: Tensor) -> Tensor:
    """`large`, and where a map is `constant` its first cell throughout: drawing would stretch rounding to noise."""
    return torch.where(constant, maps[:, :, :1, :1], large)


def _linear_head(trace: Trace) -> Tensor:
    """The weights (K, C) of a head that is global average pooling + linear, read from the graph behind the layer."""
    layer_output = trace.activations
    head, _ = edge_of(trace.recording.output)
    pool = head.next_functions[1][0] if head.name() == "AddmmBackward0" else None
    while pool is not None and pool.name() in {"ViewBackward0", "ReshapeAliasBackward0", "SqueezeBackward1"}:
        pool = pool.next_functions[0][0]
    pooled_alone = pool is not None and _pools_everything(pool, layer_output) and trace.feeds(pool)
    if not pooled_alone or len(saved(head, "mat2")) != layer_output.shape[1]:
        raise ExplanationError(
            f"cam needs a network whose layer {trace.layer!r} feeds global average pooling and one linear"
            " layer and nothing else; use grad-cam, which is cam up to scale there and is defined everywhere"
        )
    return saved(head, "mat2")


def _pools_everything(pool: Node, layer_output: Tensor) -> bool:
    if pool.name() == "AvgPool2DBackward0":
        return tuple(saved(pool, "kernel_size")) == layer_output.shape[2:] and not any(saved(pool, "padding"))
    return pool.name() in {"MeanBackward1", "AdaptiveAvgPool2DBackward0"}
