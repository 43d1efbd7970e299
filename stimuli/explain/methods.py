"""The explanation methods: functions of one signature in a dict.

A method takes a `Trace` (R pairs of a picture and a target) and returns its raw maps, (R, 3, H, W) in the picture's
channels or (R, 1, H, W). Its keyword-only parameters are its options. To add one, write such a function and put it
into `METHODS`, with its printed name in contracts/methods.py.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from torch import Tensor

from stimuli.explain.cams import cam, counterfactual_grad_cam, grad_cam, grad_cam_plus_plus, layer_cam
from stimuli.explain.controls import blank, centred_blob, shuffled_grad_cam
from stimuli.explain.gradients import (
    deconvolution,
    gradient,
    guided_backprop,
    input_x_gradient,
    integrated_gradients,
    smoothgrad,
)
from stimuli.explain.masks import occlusion, rise, score_cam
from stimuli.explain.options import check_options
from stimuli.explain.relu_rules import DECONVOLUTION, GUIDED, PLAIN, ReluRule
from stimuli.explain.trace import PICTURE, Gradient, Trace


@dataclass(frozen=True)
class Method:
    """`maps` computes a method. The rest says beforehand which gradients it asks for, so that they are computed in one
    walk with those of other methods; what is not said is computed when asked for.

    `at_layer`: the gradient at the target layer. `at_picture`: the rules of its gradients at the picture; none where it
    is empty, unknown where it is None. `trial`: options with which it takes few passes.
    """

    maps: Callable[..., Tensor]
    at_layer: bool = False
    at_picture: tuple[ReluRule, ...] | None = None
    trial: Mapping[str, Any] = field(default_factory=dict)


def guided_grad_cam(trace: Trace) -> Tensor:
    """Guided backpropagation × enlarged Grad-CAM, element by element, nothing normalised. Section 3.2."""
    return trace.once(guided_backprop) * trace.once(grad_cam)


def deconvolution_grad_cam(trace: Trace) -> Tensor:
    """Deconvolution × enlarged Grad-CAM, element by element, nothing normalised."""
    return trace.once(deconvolution) * trace.once(grad_cam)


METHODS: dict[str, Method] = {
    "grad-cam": Method(grad_cam, at_layer=True, at_picture=()),
    "counterfactual-grad-cam": Method(counterfactual_grad_cam, at_layer=True, at_picture=()),
    "cam": Method(cam, at_picture=()),
    "guided-backprop": Method(guided_backprop, at_picture=(GUIDED,)),
    "deconvolution": Method(deconvolution, at_picture=(DECONVOLUTION,)),
    "guided-grad-cam": Method(guided_grad_cam, at_layer=True, at_picture=(GUIDED,)),
    "deconvolution-grad-cam": Method(deconvolution_grad_cam, at_layer=True, at_picture=(DECONVOLUTION,)),
    "occlusion": Method(occlusion, at_picture=(), trial={"stride": 10_000}),
    "gradient": Method(gradient, at_picture=(PLAIN,)),
    "input-x-gradient": Method(input_x_gradient, at_picture=(PLAIN,)),
    "integrated-gradients": Method(integrated_gradients, at_picture=(), trial={"steps": 1}),
    "smoothgrad": Method(smoothgrad, at_picture=(), trial={"samples": 1}),
    "grad-cam-plus-plus": Method(grad_cam_plus_plus, at_layer=True, at_picture=()),
    "layer-cam": Method(layer_cam, at_layer=True, at_picture=()),
    "score-cam": Method(score_cam, at_picture=()),
    "rise": Method(rise, at_picture=(), trial={"masks": 1}),
    "blank": Method(blank, at_picture=()),
    "centred-blob": Method(centred_blob, at_picture=()),
    "shuffled-grad-cam": Method(shuffled_grad_cam, at_layer=True, at_picture=()),
}


def with_options(method: Method, options: Mapping[str, Any]) -> Method:
    """The method with its options set: keyword-only parameters of its function. Raises ExplanationError for others."""
    check_options(method.maps, options)
    return replace(method, maps=partial(method.maps, **options)) if options else method


def tried(method: Method) -> Method:
    """The method with few passes, to find out on one picture whether a network can be explained by it."""
    return replace(method, maps=partial(method.maps, **method.trial)) if method.trial else method


def reaches_the_picture(methods: Collection[Method]) -> bool:
    """Whether any of `methods` may ask for a gradient at the picture; else the graph may begin at the target layer."""
    return any(method.at_picture != () for method in methods)


def gradients_of(methods: Collection[Method], layers: Sequence[str]) -> frozenset[Gradient]:
    """What `methods` are known to ask for, so that one walk over the graph computes it together."""
    at_layers = {(layer, PLAIN) for layer in layers if any(method.at_layer for method in methods)}
    return frozenset(at_layers | {(PICTURE, rule) for method in methods for rule in method.at_picture or ()})
