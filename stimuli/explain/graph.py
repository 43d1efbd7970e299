"""The recorded autograd graph: its nodes between the scores and what gradients are wanted of, in backward order."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from torch import Tensor
from torch.autograd.graph import Node, get_gradient_edge

Edge = tuple[Node, int]
"""A node and which of its forward outputs is meant: the place where that output's gradient arrives."""


def edge_of(tensor: Tensor) -> Edge:
    """The place where the gradient of `tensor` arrives."""
    edge = get_gradient_edge(tensor)
    return edge.node, edge.output_nr


def backward_order(start: Node, ends: Iterable[Node]) -> tuple[Node, ...]:
    """All nodes on any path from `start` to one of `ends`, both included, each after everything that feeds it.

    Empty where no path leads there.
    """
    users = _users(start)
    leading: set[Node] = set()
    waiting = [end for end in ends if end in users]
    while waiting:
        node = waiting.pop()
        if node not in leading:
            leading.add(node)
            waiting += users[node]
    return _sorted(start, leading)


def inputs(node: Node) -> tuple[Edge | None, ...]:
    """Where the gradients that `node` computes go, in its order; None where its forward took no tensor with history."""
    return tuple(None if source is None else (source, number) for source, number in node.next_functions)


def shape_at(edge: Edge) -> tuple[int, ...]:
    """The shape of the gradient that arrives at `edge`."""
    node, number = edge
    return tuple(node._input_metadata[number].shape)


def saved(node: Node, name: str) -> Any:
    """What `node` kept of its forward pass under torch's `_saved_<name>`; which names there are depends on its kind."""
    return getattr(node, f"_saved_{name}")


def called(node: Node, gradients: Sequence[Tensor | None]) -> list[tuple[Edge, Tensor]]:
    """What autograd's engine would make of `gradients` at the node's outputs: the gradients at its inputs.

    The engine brings each to the shape and kind of its input: a summand that was broadcast gets the sum.
    """
    answer = cast(Callable[..., Any], node)(*gradients)
    answers = answer if isinstance(answer, tuple) else (answer,)
    return [
        (edge, gradient.sum_to_size(shape_at(edge)).to(edge[0]._input_metadata[edge[1]].dtype))
        for edge, gradient in zip(inputs(node), answers, strict=True)
        if edge is not None and gradient is not None
    ]


def _users(start: Node) -> dict[Node, list[Node]]:
    """For every node behind `start` those that hand it a gradient."""
    users: dict[Node, list[Node]] = {start: []}
    waiting = [start]
    while waiting:
        user = waiting.pop()
        for node, _ in user.next_functions:
            if node is None:
                continue
            if node not in users:
                users[node] = []
                waiting.append(node)
            users[node].append(user)
    return users


def _sorted(start: Node, wanted: set[Node]) -> tuple[Node, ...]:
    """Kahn's algorithm, the deepest branch first."""
    open_users = dict.fromkeys(wanted, 0)
    for user in wanted:
        for node, _ in user.next_functions:
            if node in wanted:
                open_users[node] += 1
    order, ready = [], [start] if start in wanted else []
    while ready:
        order.append(ready.pop())
        for node, _ in order[-1].next_functions:
            if node in wanted:
                open_users[node] -= 1
                if not open_users[node]:
                    ready.append(node)
    return tuple(order)
