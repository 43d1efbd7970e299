"""Whether a ReLU network bends only where its graph shows a ReLU.

A gate need not be a node of the graph: `z * (z > 0)` leaves a product with a constant, and what is computed under
`no_grad`, with `detach` or in numpy leaves nothing. The ReLU rules would not be applied to such a gate. Two checks find
them. First, no value that was computed from the picture without a gradient may enter what has one; `detached.py`
follows such values through the forward pass, whether they open or close a unit or not; `following.py` says of which
batches.

Second, what torch's Python functions do not show is looked for once for each network, in its numbers: it is recorded on
two pictures of noise and on the first picture asked about. Between the places where the graph bends (ReLU, maximum,
normalisation) it must be one affine function for all, with the same constants. The second picture of noise is stronger
and tinted, so that gates of whole channels, and of other thresholds than zero, open or close between the two.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.graph import Node

from stimuli.errors import ExplanationError
from stimuli.explain.bound import of_rows
from stimuli.explain.detached import Follower, Join
from stimuli.explain.graph import Edge, backward_order, called, edge_of, inputs, saved, shape_at
from stimuli.explain.once import once
from stimuli.explain.relu_rules import bounds_of, check_relu_network, is_relu, kind_of

_FACTORS: Mapping[str, tuple[str | None, ...]] = {
    "MulBackward": ("self", "other"),
    "DivBackward": ("self", "other"),
    "MmBackward": ("self", "mat2"),
    "BmmBackward": ("self", "mat2"),
    "MvBackward": ("self", "vec"),
    "AddmmBackward": (None, "mat1", "mat2"),
    "AddmvBackward": (None, "mat", "vec"),
    "BaddbmmBackward": (None, "batch1", "batch2"),
    "ConvolutionBackward": ("input", "weight", None),
}
"""By kind of product, under which name torch saves each input; None for a summand."""

_OF_A_FACTOR = "computes {} with a factor that depends on the picture, as in z * (z > 0)"
_BENDS_UNSEEN = "bends somewhere that its autograd graph does not show (detached, under no_grad or outside of torch)"

_MAXIMA = frozenset({"MaxPool2DWithIndicesBackward", "AdaptiveMaxPool2DBackward", "AmaxBackward"})
_MOVES = frozenset(
    f"{name}Backward" for name in ("View", "UnsafeView", "Clone", "Permute", "Transpose", "Squeeze", "Unsqueeze")
)


@dataclass(frozen=True)
class _Bend:
    """A node that is not affine: what it took and gave; `known` where what it took is known (None: everywhere)."""

    taken: Tensor
    given: Tensor
    known: Tensor | None = None


@dataclass(frozen=True)
class _Pass:
    """A recorded forward pass of one picture."""

    picture: Tensor
    output: Tensor
    order: tuple[Node, ...]


def check_gates(model: nn.Module, images: Tensor, order: Sequence[Node], followed: Follower) -> None:
    """Raise ExplanationError where `model` has a gate that its graph does not show, on pictures like `images`.

    `order` is the graph and `followed` what was followed while `model` was recorded on `images`. Takes three forward
    and two backward passes of one picture, once for each network; for each picture where not all of it was seen.
    """
    _check_joins(order, followed.joins)
    if followed.numbers:
        known = once(model, images, ("numbers", len(images)), lambda: _numbers_for_noise(model, images))
        if not _are_same(followed.numbers, known):
            _refuse(_BENDS_UNSEEN)
    if followed.sees_all(order):
        once(model, images, "gates", lambda: check_numbers(of_rows(model, 0), images))
    else:
        for row in range(len(images)):
            check_numbers(of_rows(model, row), images[row : row + 1])


def check_numbers(model: nn.Module, images: Tensor) -> None:
    """Raise ExplanationError where `model` is not affine between its ReLUs, from noise to noise and to a picture."""
    first = _recorded(model, noise_like(images, 0))
    check_relu_network(first.order)
    _compare(first, _recorded(model, _strong_and_tinted(noise_like(images, 1))))
    _compare(first, _recorded(model, images.detach()[:1].clone(memory_format=torch.contiguous_format)))


def _check_joins(order: Sequence[Node], joins: Sequence[Join]) -> None:
    on_the_way = frozenset(order)
    for join in joins:
        reached = join.nodes & on_the_way
        if (reached or not join.nodes) and any(backward_order(source, order[-1:]) for source in join.sources):
            gates = sorted(node.name() for node in reached if kind_of(node) in _FACTORS)
            _refuse(_OF_A_FACTOR.format(", ".join(gates)) if gates else _BENDS_UNSEEN)


def _numbers_for_noise(model: nn.Module, images: Tensor) -> list[tuple[Any, ...]]:
    noise = noise_like(images, 0, len(images)).requires_grad_()
    with Follower(model) as followed:
        model(noise.clone())
    return followed.numbers


def _are_same(here: Sequence[tuple[Any, ...]], known: Sequence[tuple[Any, ...]]) -> bool:
    """Whether calls were given the same numbers."""
    return [*map(len, here)] == [*map(len, known)] and all(
        type(one) is type(other) and np.array_equal(one, other)
        for call, other_call in zip(here, known, strict=True)
        for one, other in zip(call, other_call, strict=True)
    )


def _compare(first: _Pass, second: _Pass) -> None:
    if [node.name() for node in first.order] != [node.name() for node in second.order]:
        _refuse("computes other operations for another picture")
    on_the_way = frozenset(first.order)
    pairs = zip(first.order, second.order, strict=True)
    if gates := sorted({one.name() for one, other in pairs if _varies(one, other, on_the_way)}):
        _refuse(_OF_A_FACTOR.format(", ".join(gates)))
    pairs = zip(first.order, second.order, strict=True)
    if any(_is_maximum_with_a_constant(node, other, on_the_way) for node, other in pairs):
        _refuse("takes the maximum of what depends on the picture and of a constant")
    if _imbalance(first, second) > _tolerance(first.order):
        _refuse(_BENDS_UNSEEN)


def noise_like(images: Tensor, seed: int, count: int = 1) -> Tensor:
    """`count` pictures of Gaussian noise, the same every time, of the size and kind of `images`."""
    drawn = torch.randn((count, *images.shape[1:]), generator=torch.Generator().manual_seed(seed))
    return drawn.to(images.device, images.dtype)


def _refuse(reason: str) -> None:
    raise ExplanationError(
        "guided backpropagation and deconvolution are defined for ReLU networks only, and this network"
        f" {reason}, so that a gate would be answered with a plain gradient; write its activation as a ReLU"
        " (torch.relu), or choose Grad-CAM or occlusion"
    )


def _strong_and_tinted(noise: Tensor) -> Tensor:
    """Noise of standard deviation 16 whose colours are moved by 32, in turns up and down."""
    turns = 2 * (torch.arange(noise.shape[1], device=noise.device) % 2) - 1
    return 16 * noise - 32 * turns.to(noise.dtype).view(-1, 1, 1)


def _recorded(model: nn.Module, picture: Tensor) -> _Pass:
    picture.requires_grad_()
    output = model(picture.clone())
    return _Pass(picture, output, backward_order(edge_of(output)[0], [edge_of(picture)[0]]))


def _varies(one: Node, other: Node, order: frozenset[Node]) -> bool:
    """Whether a product's constant factors differ between two passes."""
    return any(_differ(saved(one, name), saved(other, name)) for name in _constants(one, order))


def _constants(node: Node, order: frozenset[Node]) -> list[str]:
    """Under which names a product keeps its factors that do not depend on the picture."""
    names = _FACTORS.get(kind_of(node), ())
    way = [source in order for source, _ in node.next_functions]
    return [name for name, on_the_way in zip(names, way, strict=False) if name and not on_the_way]


def _differ(one: Any, other: Any) -> bool:
    if not (isinstance(one, Tensor) and isinstance(other, Tensor)):
        return one is not other and bool(one != other)
    if one.shape != other.shape:
        return True
    return one.data_ptr() != other.data_ptr() and not torch.equal(one, other)


@torch.no_grad()
def _imbalance(first: _Pass, second: _Pass) -> float:
    """How far the changes from the first to the second picture are from affine, in shares of the changes.

    Every segment between two bends is affine, so the change of what it gives is its gradient times the change of what
    it takes. All segments are tried in one backward pass: each gets random weights at its end, normed to 1.
    """
    random = torch.Generator().manual_seed(2)
    arriving: dict[Edge, Tensor] = {}
    balance, segments = 0.0, 0

    def start(edge: Edge, change: Tensor, known: Tensor | None) -> None:
        nonlocal balance, segments
        weights = torch.randn(change.shape, generator=random).to(change)
        weights = weights if known is None else weights * known
        norm = (weights * change).double().norm().item()
        if norm > 0 and math.isfinite(norm):
            _add(arriving, edge, weights / norm)
            balance -= _inner(weights / norm, change)
            segments += 1

    start(edge_of(first.output), second.output - first.output, None)
    for node, other in zip(first.order, second.order, strict=True):
        gradients = [arriving.pop((node, number), None) for number in range(len(node._input_metadata))]
        if node is edge_of(first.picture)[0]:
            balance += _inner(gradients[0], second.picture - first.picture)
        elif (before := _bend(node)) and (after := _bend(other)):
            if before.taken.shape != after.taken.shape:
                return math.inf
            balance += _inner(gradients[0], after.given - before.given)
            known = None if before.known is None or after.known is None else before.known & after.known
            start(cast(Edge, inputs(node)[0]), after.taken - before.taken, known)
        elif any(gradient is not None for gradient in gradients):
            for edge, gradient in called(node, gradients):
                _add(arriving, edge, gradient)
    return abs(balance) / max(segments, 1) ** 0.5 if math.isfinite(balance) else 0.0


def _add(arriving: dict[Edge, Tensor], edge: Edge, gradient: Tensor) -> None:
    arriving[edge] = arriving[edge] + gradient if edge in arriving else gradient


def _inner(gradient: Tensor | None, change: Tensor) -> float:
    return 0.0 if gradient is None else (gradient.double() * change.double()).sum().item()


def _tolerance(order: Sequence[Node]) -> float:
    """What rounding may amount to, for the least precise numbers on the way.

    torchvision's networks with random weights stay below 1e-5 in single precision; a hidden gate gives 1e-2 or more.
    """
    kinds = {metadata.dtype for node in order for metadata in node._input_metadata}
    return min(200 * max(torch.finfo(dtype).eps for dtype in kinds) ** 0.75, 0.3)


def _is_maximum_with_a_constant(node: Node, other: Node, order: frozenset[Node]) -> bool:
    """Whether a maximum is over joined tensors of which one does not depend on the picture: max(z, 0) is a ReLU.

    `other` is the same node for another picture: a part that has the same numbers there is a constant, like 0 * z.
    """
    if kind_of(node) not in _MAXIMA:
        return False
    direct = source = node.next_functions[0][0]
    while source is not None and kind_of(source) in _MOVES:
        source = source.next_functions[0][0]
    if source is None or kind_of(source) not in ("CatBackward", "StackBackward"):
        return False
    is_off_the_way = any(part not in order for part, _ in source.next_functions)
    return is_off_the_way or (source is direct and _has_a_constant_part(node, other, source))


def _has_a_constant_part(node: Node, other: Node, join: Node) -> bool:
    one, another = saved(node, "self"), saved(other, "self")
    dim = saved(join, "dim")
    dim = dim - 2**64 if dim >= 2**63 else dim  # torch keeps a negative place without its sign
    is_stack = kind_of(join) == "StackBackward"
    sizes = [1 if is_stack else shape_at(cast(Edge, edge))[dim] for edge in inputs(join)]
    parts = zip(one.split(sizes, dim), another.split(sizes, dim), strict=True)
    return any(torch.equal(part, same) for part, same in parts)


def _bend(node: Node) -> _Bend | None:
    """What a node that is not affine took and gave; None for one that is affine."""
    kind = kind_of(node)
    if kind.endswith("BatchNormBackward") and not saved(node, "training"):
        return None
    return _relu(node) if is_relu(node) else _BENDS[kind](node) if kind in _BENDS else None


def _relu(node: Node) -> _Bend:
    if hasattr(node, "_saved_result"):  # what a closed unit took is gone
        return _Bend(saved(node, "result"), saved(node, "result"), saved(node, "result") > 0)
    return _Bend(saved(node, "self"), saved(node, "self").clamp(*bounds_of(node)))


def _max_pool(node: Node) -> _Bend:
    taken, places = saved(node, "self"), saved(node, "result1")
    return _Bend(taken, taken.flatten(-2).gather(-1, places.flatten(-2)).view(places.shape))


def _layer_norm(node: Node) -> _Bend:
    given = (saved(node, "input") - saved(node, "result1")) * saved(node, "result2")
    weight = saved(node, "weight")
    return _Bend(saved(node, "input"), given if weight is None else given * weight)


def _group_norm(node: Node) -> _Bend:
    taken, groups = saved(node, "input"), saved(node, "group")
    rows = taken.reshape(len(taken), groups, -1)
    given = ((rows - saved(node, "result1")[..., None]) * saved(node, "result2")[..., None]).view(taken.shape)
    return _Bend(taken, _scaled(given, saved(node, "weight")))


def _batch_norm(node: Node) -> _Bend:
    taken, mean, scale = saved(node, "input"), saved(node, "result1"), saved(node, "result2")
    given = (taken - _of_channels(mean, taken)) * _of_channels(scale, taken)
    return _Bend(taken, _scaled(given, saved(node, "weight")))


def _scaled(maps: Tensor, weight: Tensor | None) -> Tensor:
    return maps if weight is None else maps * _of_channels(weight, maps)


def _of_channels(numbers: Tensor, maps: Tensor) -> Tensor:
    return numbers.view(-1, *[1] * (maps.ndim - 2))


_BENDS: Mapping[str, Callable[[Node], _Bend]] = {
    "MaxPool2DWithIndicesBackward": _max_pool,
    "AdaptiveMaxPool2DBackward": _max_pool,
    "AmaxBackward": lambda node: _Bend(saved(node, "self"), saved(node, "result")),
    "NativeLayerNormBackward": _layer_norm,
    "NativeGroupNormBackward": _group_norm,
    "NativeBatchNormBackward": _batch_norm,
    "CudnnBatchNormBackward": _batch_norm,
    "MiopenBatchNormBackward": _batch_norm,
}
"""What a norm gives is taken without its bias, which is the same for both pictures."""
