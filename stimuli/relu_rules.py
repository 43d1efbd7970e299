"""Backward rules for ReLU, set on the nodes of a recorded autograd graph.

Module, functional and in-place ReLU leave the same node in the graph, so setting the rule there treats them alike and
leaves the network as it is. What passes a unit with input z and incoming gradient g:

| rule          | passes          | source                                   |
|---------------|-----------------|------------------------------------------|
| guided        | g·[z > 0]·[g > 0] | Springenberg et al. 2015, section 3.4    |
| deconvolution | g·[g > 0]       | Zeiler & Fergus 2014, section 2.1        |

A unit clipped from above as well (ReLU6) has [0 < z < 6] in the place of [z > 0].

Rules replace a gradient, they never change one in place: a residual addition hands the same tensor to both branches.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from torch import Tensor
from torch.autograd.graph import Node, get_gradient_edge
from torch.utils.hooks import RemovableHandle

from stimuli.errors import ExplanationError

# Nodes through which the gradient may pass unchanged in meaning, by name without the overload number. Everything else
# on the way from the scores to the picture is refused, so that an activation we do not know (a sigmoid, a custom
# autograd.Function, a fused or compiled block) can never be answered with a plain gradient by mistake.
_TRANSPARENT = frozenset(
    f"{name}Backward"
    for name in (
        *("Add", "Sub", "Rsub", "Neg", "Sum", "Mean", "Cat", "Stack", "ConstantPadNd", "ReflectionPad2D"),
        *("View", "UnsafeView", "ReshapeAlias", "Alias", "AsStrided", "Expand", "Repeat", "Clone", "ToCopy"),
        *("T", "Transpose", "Permute", "Squeeze", "Unsqueeze", "Select", "Slice", "Split", "SplitWithSizes", "Index"),
        *("Unbind", "Unsafe_Split", "PixelShuffle", "ChannelShuffle", "NativeChannelShuffle"),
        *("MaxPool2DWithIndices", "AvgPool2D", "AdaptiveAvgPool2D", "AdaptiveMaxPool2D", "Amax"),
        *("UpsampleNearest2D", "UpsampleBilinear2D", "MkldnnConvolution"),
        *("NativeBatchNorm", "CudnnBatchNorm", "MiopenBatchNorm", "NativeLayerNorm", "NativeGroupNorm"),
    )
)
# Linear as long as one factor alone depends on the picture; with two it is a gate or an attention.
_PRODUCTS = frozenset(
    f"{name}Backward" for name in ("Mul", "Div", "Mm", "Bmm", "Mv", "Addmm", "Addmv", "Baddbmm", "Convolution")
)

ReluRule = Callable[[Node], RemovableHandle]
"""Sets the rule on one node and returns the handle that takes it off again."""


def guided(node: Node) -> RemovableHandle:
    """g·[z > 0]·[g > 0]: the incoming gradient loses its negative part, the node's own backward applies the mask."""
    if _kind(node) == "ReluBackward" or _kind(node) == "HardtanhBackward":
        return node.register_prehook(lambda incoming: tuple(_positive(g) for g in incoming))

    def inside_both_ends(outgoing: Sequence[Tensor | None], incoming: Sequence[Tensor | None]) -> tuple:
        # The backward of clamp lets a gradient through at z = 0 exactly, which [z > 0] does not.
        return tuple(None if g is None else _positive(g) * _strictly_inside(node) for g in outgoing)

    return node.register_hook(inside_both_ends)


def deconvolution(node: Node) -> RemovableHandle:
    """g·[g > 0]: what the node computed from its forward mask is replaced."""
    return node.register_hook(lambda _, incoming: tuple(_positive(g) for g in incoming))


def find_relus(scores: Tensor, source: Tensor) -> tuple[Node, ...]:
    """Return the ReLU nodes between `source` (a leaf that requires grad) and `scores`.

    Raises ExplanationError, naming the offenders, when something on the way is neither a ReLU nor transparent to the
    rules, and when there is no ReLU at all.
    """
    between = _nodes_between(scores, source)
    on_the_way = frozenset(between)
    relus = tuple(node for node in between if _is_relu(node))
    offenders = Counter(node.name() for node in between if not (_is_relu(node) or _is_transparent(node, on_the_way)))
    if offenders:
        named = ", ".join(f"{name} (×{count})" for name, count in offenders.most_common())
        raise ExplanationError(
            "guided backpropagation and deconvolution are defined for ReLU networks only, and this network"
            f" computes {named}; choose a network with ReLU throughout, or Grad-CAM or occlusion for this one"
        )
    if not relus:
        raise ExplanationError(
            "this network has no ReLU, so guided backpropagation and deconvolution would be its plain gradient;"
            " choose a ReLU network, or Grad-CAM or occlusion for this one"
        )
    return relus


@contextmanager
def relu_rule(rule: ReluRule, relus: Sequence[Node]) -> Iterator[None]:
    """Backward passes inside the block follow `rule` at `relus`; afterwards, always, the graph is as before."""
    with ExitStack() as stack:
        for node in relus:
            stack.callback(rule(node).remove)
        yield


def _nodes_between(scores: Tensor, source: Tensor) -> tuple[Node, ...]:
    """All nodes on any path from `scores` back to `source`, both ends' own nodes aside from the source's."""
    end = get_gradient_edge(source).node
    start = scores.grad_fn
    users: dict[Node, list[Node]] = {start: []} if start is not None else {}
    waiting = list(users)
    while waiting:
        user = waiting.pop()
        for node, _ in user.next_functions:
            if node is None:
                continue
            if node not in users:
                users[node] = []
                waiting.append(node)
            users[node].append(user)
    if end not in users:
        raise ExplanationError("the scores do not depend on the picture; does the network detach or run in no_grad?")
    between: dict[Node, None] = {}
    waiting = [end]
    while waiting:
        for user in users[waiting.pop()]:
            if user not in between:
                between[user] = None
                waiting.append(user)
    return tuple(between)


def _kind(node: Node) -> str:
    return re.sub(r"\d+$", "", node.name())


def _is_relu(node: Node) -> bool:
    kind = _kind(node)
    if kind == "HardtanhBackward":
        return node._saved_min_val == 0 < node._saved_max_val
    if kind == "ClampMinBackward":
        return node._saved_min == 0
    if node.name() == "ClampBackward1":  # bounds are numbers; ClampBackward0 has tensors
        return node._saved_min == 0 and (node._saved_max is None or node._saved_max > 0)
    return kind == "ReluBackward"


def _is_transparent(node: Node, on_the_way: frozenset[Node]) -> bool:
    kind = _kind(node)
    if kind in _PRODUCTS:
        return sum(factor in on_the_way for factor, _ in node.next_functions) <= 1
    return kind in _TRANSPARENT


def _strictly_inside(node: Node) -> Tensor:
    """[min < z < max] of a clamp node."""
    z, upper = node._saved_self, getattr(node, "_saved_max", None)
    return (z > 0) if upper is None else (z > 0) & (z < upper)


def _positive(gradient: Tensor | None) -> Tensor | None:
    return None if gradient is None else gradient.clamp(min=0)
