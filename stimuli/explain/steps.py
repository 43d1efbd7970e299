"""Single steps of a replayed backward pass: from the gradients at a node's outputs to those at its inputs.

Steps take stacks (S, n, …): S slices, each the gradients of n pictures. A step that changes gradients in place does so
only where the stack is owned: a residual addition hands the same tensor to both branches.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import cast

import torch
from torch import Tensor
from torch.autograd.graph import Node

from stimuli.explain.convolutions import input_gradient, layout_of, settings_of
from stimuli.explain.graph import Edge, called, inputs, saved, shape_at
from stimuli.explain.products import LARGE, rounded_product
from stimuli.explain.relu_rules import ReluRule, apply_rule, is_relu, kind_of


@dataclass(frozen=True)
class Block:
    """What a stack holds: its slices (rule, which of the targets), each for the pictures `rows` of the graph."""

    slices: tuple[tuple[ReluRule, int], ...]
    rows: slice
    precision: torch.dtype  # in which convolutions and large linear layers are walked
    weights: dict[Node, Tensor]  # of convolutions, in that precision, for the next piece of the stack


@dataclass(frozen=True)
class Stack:
    """Gradients that have arrived at an edge; `owned`: nothing else refers to them, so they may be changed."""

    gradients: Tensor
    owned: bool


Step = Callable[[Node, Sequence[Stack | None], Block], list[tuple[Edge, Stack]]]


def step_of(node: Node, on_the_way: Collection[Node], pictures: int) -> Step:
    """The step for `node`: one of ours where it treats each of the `pictures` apart, else autograd's own."""
    sources = [edge for edge in inputs(node) if edge is not None and edge[0] in on_the_way]
    each_apart = all(shape_at(edge)[:1] == (pictures,) for edge in ((node, 0), *sources))
    if not sources:
        return _end
    if is_relu(node):
        return _relu if each_apart else _relu_of_whole
    if not each_apart:
        return as_autograd
    step, fits = STEPS.get(kind_of(node), (as_autograd, None))
    return step if fits is None or fits(node, sources) else as_autograd


def as_autograd(node: Node, arrived: Sequence[Stack | None], block: Block) -> list[tuple[Edge, Stack]]:
    """Call the node for one slice after another, in the precision of the forward pass."""
    found: dict[Edge, list[Tensor]] = {}
    for number in range(len(block.slices)):
        answers: dict[Edge, Tensor] = {}
        arriving = [
            None if stack is None else stack.gradients[number].to(metadata.dtype)
            for stack, metadata in zip(arrived, node._input_metadata, strict=True)
        ]
        for edge, gradient in called(node, arriving):
            answers[edge] = answers[edge] + gradient if edge in answers else gradient
        for edge, gradient in answers.items():
            found.setdefault(edge, []).append(gradient)
    return [(edge, Stack(torch.stack(gradients), owned=True)) for edge, gradients in found.items()]


def _end(_node: Node, _arrived: Sequence[Stack | None], _block: Block) -> list[tuple[Edge, Stack]]:
    return []


def _relu(node: Node, arrived: Sequence[Stack | None], block: Block) -> list[tuple[Edge, Stack]]:
    stack = _arrived_at_output(arrived)
    gradients = stack.gradients if stack.owned else stack.gradients.clone()
    first = 0
    for rule, run in groupby(block.slices, key=lambda of_slice: of_slice[0]):
        last = first + len(list(run))
        apply_rule(rule, node, gradients[first:last], block.rows)
        first = last
    return _to_first_input(node, gradients)


def _relu_of_whole(node: Node, arrived: Sequence[Stack | None], block: Block) -> list[tuple[Edge, Stack]]:
    """A ReLU of something whose first dimension does not count pictures."""
    return _relu(node, arrived, replace(block, rows=slice(None)))


def _convolution(node: Node, arrived: Sequence[Stack | None], block: Block) -> list[tuple[Edge, Stack]]:
    """The gradient of the input alone; autograd called by hand would compute the weights' too."""
    layout = layout_of(saved(node, "input"))
    stack = _arrived_at_output(arrived)
    shape = (stack.gradients.shape[0] * stack.gradients.shape[1], *shape_at(_input(node))[1:])
    # Into the picture in full precision, for rounding its brightest pixel would shift all others; thin and grouped
    # convolutions likewise, for they wait on memory and gain nothing.
    exact = shape[1] <= 32 or saved(node, "groups") > 1
    precision = saved(node, "weight").dtype if exact else block.precision
    if node not in block.weights:
        block.weights[node] = saved(node, "weight").detach().to(precision).contiguous(memory_format=layout)
    gradients = _flat(stack.gradients).to(precision).contiguous(memory_format=layout)
    found = input_gradient(gradients, block.weights[node], shape, settings_of(node))
    return _to_first_input(node, _stacked(found, len(stack.gradients)))


def _linear(node: Node, arrived: Sequence[Stack | None], block: Block) -> list[tuple[Edge, Stack]]:
    """All slices in one product, so that the weights are read once."""
    weight = saved(node, "mat2").T
    gradients = _arrived_at_output(arrived).gradients
    if block.precision != weight.dtype and weight.numel() >= LARGE:
        found = rounded_product(gradients, weight, block.precision)
    else:
        found = gradients.to(weight.dtype) @ weight
    return [(_input(node, 1), Stack(found, owned=True))]


def _max_pool(node: Node, arrived: Sequence[Stack | None], block: Block) -> list[tuple[Edge, Stack]]:
    switches = saved(node, "result1")[block.rows]
    gradients = _arrived_at_output(arrived).gradients
    layout = layout_of(switches)
    shape = (gradients.shape[0] * gradients.shape[1], *shape_at(_input(node))[1:])
    spread = torch.empty(shape, dtype=gradients.dtype, device=gradients.device, memory_format=layout)
    spread = _stacked(spread, len(gradients))
    settings = [saved(node, option) for option in ("kernel_size", "stride", "padding", "dilation", "ceil_mode")]
    for pooled, whole in zip(gradients, spread, strict=True):
        torch.ops.aten.max_pool2d_with_indices_backward.grad_input(
            pooled.contiguous(memory_format=layout), whole, *settings, switches, grad_input=whole
        )
    return _to_first_input(node, spread)


def _batch_norm(node: Node, arrived: Sequence[Stack | None], _block: Block) -> list[tuple[Edge, Stack]]:
    scale = (saved(node, "running_var") + saved(node, "eps")).rsqrt()
    if saved(node, "weight") is not None:
        scale = scale * saved(node, "weight")
    stack = _arrived_at_output(arrived)
    scale = scale.view(-1, 1, 1).to(stack.gradients.dtype)
    return _to_first_input(node, stack.gradients.mul_(scale) if stack.owned else stack.gradients * scale)


def _reshape(node: Node, arrived: Sequence[Stack | None], _block: Block) -> list[tuple[Edge, Stack]]:
    stack, edge = _arrived_at_output(arrived), _input(node)
    return [(edge, replace(stack, gradients=stack.gradients.reshape(*stack.gradients.shape[:2], *shape_at(edge)[1:])))]


def _pass_on(node: Node, arrived: Sequence[Stack | None], _block: Block) -> list[tuple[Edge, Stack]]:
    """To every summand, or through a copy or a pooling to the size that the maps have already."""
    edges = [edge for edge in inputs(node) if edge is not None]
    stack = _arrived_at_output(arrived)
    return [(edge, replace(stack, owned=stack.owned and len(edges) == 1)) for edge in edges]


def _concatenation(node: Node, arrived: Sequence[Stack | None], _block: Block) -> list[tuple[Edge, Stack]]:
    stack = _arrived_at_output(arrived)
    edges = [_input(node, number) for number in range(len(inputs(node)))]
    parts = stack.gradients.split([shape_at(edge)[1] for edge in edges], dim=2)
    return [(edge, replace(stack, gradients=part)) for edge, part in zip(edges, parts, strict=True)]


def _to_first_input(node: Node, gradients: Tensor) -> list[tuple[Edge, Stack]]:
    return [(_input(node), Stack(gradients, owned=True))]


def _arrived_at_output(arrived: Sequence[Stack | None]) -> Stack:
    """At the node's first output, the only one through which a gradient comes to the steps of `STEPS`."""
    return cast(Stack, arrived[0])


def _input(node: Node, number: int = 0) -> Edge:
    """An input that is on the way: `step_of` takes a step of `STEPS` only for a node that has it."""
    return cast(Edge, inputs(node)[number])


def _flat(gradients: Tensor) -> Tensor:
    """(S, n, …) to (S·n, …)."""
    return gradients.flatten(0, 1) if len(gradients) > 1 else gradients[0]


def _stacked(gradients: Tensor, slices: int) -> Tensor:
    """(S·n, …) to (S, n, …)."""
    # Splitting a dimension of size 1 invents strides that hide channels last from torch, which then copies.
    return gradients.unflatten(0, (slices, -1)) if slices > 1 else gradients.unsqueeze(0)


Fits = Callable[[Node, Sequence[Edge]], bool]


def _one_size(node: Node, sources: Sequence[Edge]) -> bool:
    return all(shape_at(edge) == shape_at((node, 0)) for edge in sources)


def _plain_sum(node: Node, sources: Sequence[Edge]) -> bool:
    return saved(node, "alpha") == 1 and _one_size(node, sources) and len(sources) == len([*filter(None, inputs(node))])


def _of_channels(node: Node, sources: Sequence[Edge]) -> bool:
    return saved(node, "dim") == 1 and len(sources) == len(inputs(node))


STEPS: dict[str, tuple[Step, Fits | None]] = {
    "ConvolutionBackward": (
        _convolution,
        lambda node, sources: sources == [inputs(node)[0]] and saved(node, "input").ndim == 4,
    ),
    "AddmmBackward": (_linear, lambda node, sources: sources == [inputs(node)[1]] and saved(node, "alpha") == 1),
    "MaxPool2DWithIndicesBackward": (_max_pool, None),
    "NativeBatchNormBackward": (
        _batch_norm,
        lambda node, sources: (
            not saved(node, "training") and len(shape_at(sources[0])) == 4 and sources == [inputs(node)[0]]
        ),
    ),
    "AdaptiveAvgPool2DBackward": (_pass_on, _one_size),
    "AddBackward": (_pass_on, _plain_sum),
    "CloneBackward": (_pass_on, None),
    "ViewBackward": (_reshape, None),
    "UnsafeViewBackward": (_reshape, None),
    "ReshapeAliasBackward": (_reshape, None),
    "CatBackward": (_concatenation, _of_channels),
}
"""By the node's kind its step, and when it applies."""

OF_ALL_PICTURES = frozenset({as_autograd, _relu_of_whole})
"""Steps that cannot be taken for some of the pictures."""
