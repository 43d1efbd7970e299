"""What guided backpropagation and deconvolution do at a ReLU, and which networks they are defined for.

Module, functional and in-place ReLU leave the same node in the autograd graph, so setting the rule there treats them
alike and leaves the network as it is. What passes a unit with input z when the gradient g arrives:

| rule          | passes            | source                                 |
|---------------|-------------------|----------------------------------------|
| PLAIN         | g·[z > 0]         | the ordinary gradient                  |
| GUIDED        | g·[z > 0]·[g > 0] | Springenberg et al. 2015, section 3.4  |
| DECONVOLUTION | g·[g > 0]         | Zeiler & Fergus 2014, section 2.1      |

A unit clipped from above as well (ReLU6) has [0 < z < 6] in the place of [z > 0].
"""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.graph import Node

from stimuli.errors import ExplanationError
from stimuli.explain.graph import saved

# Nodes through which the gradient may pass unchanged in meaning, by name without the overload number. Everything else
# on the way from the scores to the picture is refused, so that an activation we do not know (a sigmoid, a custom
# autograd.Function, a fused or compiled block) can never be answered with a plain gradient by mistake.
_TRANSPARENT = frozenset(
    f"{name}Backward"
    for name in (
        *("Add", "Sub", "Rsub", "Neg", "Sum", "Mean", "Cumsum", "Cat", "Stack", "ConstantPadNd"),
        *(f"{mode}Pad{n}D" for mode in ("Reflection", "Replication") for n in (1, 2, 3)),
        *("View", "UnsafeView", "ReshapeAlias", "Alias", "AsStrided", "Expand", "Repeat", "Clone", "ToCopy"),
        *("T", "Transpose", "Permute", "Squeeze", "Unsqueeze", "Select", "Slice", "Split", "SplitWithSizes", "Index"),
        *("Unbind", "Unsafe_Split", "PixelShuffle", "PixelUnshuffle", "ChannelShuffle", "NativeChannelShuffle"),
        *("Unfold", "Im2Col", "Col2Im", "Flip", "Roll", "IndexSelect", "Gather", "Diagonal", "Tril", "Triu"),
        *("MaxPool2DWithIndices", "AvgPool2D", "AdaptiveAvgPool2D", "AdaptiveMaxPool2D", "Amax"),
        *("UpsampleNearest2D", "UpsampleNearestExact2D", "UpsampleBilinear2D", "UpsampleBicubic2D"),
        *("UpsampleBilinear2DAa", "UpsampleBicubic2DAa", "UpsampleLinear1D", "MkldnnConvolution"),
        *("NativeBatchNorm", "CudnnBatchNorm", "MiopenBatchNorm", "NativeLayerNorm", "NativeGroupNorm"),
    )
) | {"torch::autograd::CopySlices", "torch::autograd::CopyBackwards"}  # parts written in place: circular padding
# Linear as long as one factor alone depends on the picture; with two it is a gate or an attention.
_PRODUCTS = frozenset(
    f"{name}Backward"
    for name in ("Mul", "Div", "Mm", "Bmm", "Mv", "Addmm", "Addmv", "Baddbmm", "Convolution", "GridSampler2D")
)


@dataclass(frozen=True)
class ReluRule:
    """What a ReLU does to the gradient g that arrives: `masked` by [z > 0], `positive` by [g > 0], or both."""

    masked: bool
    positive: bool


PLAIN = ReluRule(masked=True, positive=False)
GUIDED = ReluRule(masked=True, positive=True)
DECONVOLUTION = ReluRule(masked=False, positive=True)


def apply_rule(rule: ReluRule, node: Node, gradient: Tensor, rows: slice) -> None:
    """Change `gradient` (…, n, *) in place as `rule` says for the ReLU `node`; its pictures are `rows` of the graph's.

    The caller owns the gradient: a residual addition hands the same tensor to both branches, so it is copied before.
    """
    if rule.positive:
        gradient.clamp_min_(0)
    if not rule.masked:
        return
    if kind_of(node) == "ReluBackward":
        opened = saved(node, "result")[rows].to(gradient.dtype).expand_as(gradient)
        torch.ops.aten.threshold_backward.grad_input(gradient, opened, 0, grad_input=gradient)
    else:
        gradient.mul_(_open_units(node, rows, rule.positive).to(gradient.dtype))


def is_relu(node: Node) -> bool:
    """Whether `node` is a ReLU or a ReLU clipped from above, in any spelling."""
    kind = kind_of(node)
    if kind == "HardtanhBackward":
        return saved(node, "min_val") == 0 < saved(node, "max_val")
    if kind == "ClampMinBackward":
        return saved(node, "min") == 0
    if kind == "ThresholdBackward":  # the value below is not kept; check_gates sees one that is not 0
        return saved(node, "threshold") == 0
    if kind == "LeakyReluBackward":
        return saved(node, "negative_slope") == 0
    if node.name() == "ClampBackward1":  # bounds are numbers; ClampBackward0 has tensors
        return saved(node, "min") == 0 and (saved(node, "max") is None or saved(node, "max") > 0)
    return kind == "ReluBackward"


def check_relu_network(between: Collection[Node]) -> None:
    """Raise ExplanationError where the rules are not defined for a graph with these nodes from scores to picture.

    It names the offenders when something on the way is neither a ReLU nor transparent to the rules, and says so when
    there is no ReLU at all. Gates that are no nodes of the graph are found by hidden_gates.py.
    """
    if offenders := Counter(node.name() for node in unknown_nodes(between)):
        named = ", ".join(f"{name} (×{count})" for name, count in offenders.most_common())
        raise ExplanationError(
            "guided backpropagation and deconvolution are defined for ReLU networks only, and this network"
            f" computes {named}; choose a network with ReLU throughout, or Grad-CAM or occlusion for this one"
        )
    if not any(map(is_relu, between)):
        raise ExplanationError(
            "this network has no ReLU, so guided backpropagation and deconvolution would be its plain gradient;"
            " choose a ReLU network, or Grad-CAM or occlusion for this one"
        )


def unknown_nodes(between: Collection[Node]) -> list[Node]:
    """The nodes that are neither a ReLU nor known to hand a gradient on unchanged in meaning."""
    on_the_way = frozenset(between)
    return [node for node in between if not (is_relu(node) or _is_transparent(node, on_the_way))]


def kind_of(node: Node) -> str:
    """The node's name without the number of its overload."""
    return re.sub(r"\d+$", "", node.name())


def _is_transparent(node: Node, on_the_way: frozenset[Node]) -> bool:
    kind = kind_of(node)
    if kind in _PRODUCTS:
        return sum(factor in on_the_way for factor, _ in node.next_functions) <= 1
    return kind in _TRANSPARENT or node.name() == "torch::autograd::AccumulateGrad"


def bounds_of(node: Node) -> tuple[float, float | None]:
    """Between which numbers the ReLU `node` passes its input on: 0 and, where it is clipped from above, that."""
    return 0, getattr(node, "_saved_max", getattr(node, "_saved_max_val", None))


def _open_units(node: Node, rows: slice, strictly: bool) -> Tensor:
    """[min < z < max] of a ReLU node; torch's own gradient of clamp counts the bounds in, the rules do not."""
    z, (_, upper) = saved(node, "result" if hasattr(node, "_saved_result") else "self")[rows], bounds_of(node)
    if strictly or kind_of(node) not in ("ClampBackward", "ClampMinBackward"):
        return (z > 0) if upper is None else (z > 0) & (z < upper)
    return (z >= 0) if upper is None else (z >= 0) & (z <= upper)
