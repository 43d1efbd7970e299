"""Backward passes replayed over the recorded graph: all targets and ReLU rules together, in one walk.

Autograd's engine would walk the graph once for every target and rule, allocate a tensor at every step and compute
gradients of parameters that were not asked for. Here the gradients of several (rule, target) slices travel stacked: a
linear layer's weights are read once for all of them, ReLUs change them in place, and convolutions compute the gradient
of their input alone. Where maps grow large the stack is split and walked on piece by piece, so that what is in flight
stays small. The common operations have a rule of their own; any other node is called as autograd would call it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor
from torch.autograd.graph import Node

from stimuli.explain.graph import Edge, backward_order, inputs, shape_at
from stimuli.explain.relu_rules import ReluRule
from stimuli.explain.steps import OF_ALL_PICTURES, Block, Stack, step_of

BYTES_IN_FLIGHT = 12 * 2**20
"""A stack of gradients larger than this is split: it stays near the processor's cache, and below the 32 MiB from which
the C library asks the system for fresh, empty pages at every allocation."""

BYTES_IN_FLIGHT_ON_A_GPU = 2 * 2**30
"""A GPU wants large steps: small ones leave it waiting for the next launch."""


@torch.no_grad()
def replay(
    start: Edge,
    seeds: Tensor,
    wanted: Mapping[Edge, Sequence[ReluRule]],
    precision: torch.dtype,
) -> dict[tuple[Edge, ReluRule], Tensor]:
    """Return for every wanted edge and rule the gradients (N, T, …) there.

    `seeds` (T, N, …) are the gradients of T scores an image at the network's output, whose edge is `start`.
    Convolutions are walked in `precision`. Nothing in the graph is changed or freed.
    """
    order = backward_order(start[0], (node for node, _ in wanted))
    rules = sorted(
        {rule for of_edge in wanted.values() for rule in of_edge}, key=lambda rule: (not rule.masked, rule.positive)
    )
    slices = tuple((rule, turn) for rule in rules for turn in range(len(seeds)))
    in_flight = BYTES_IN_FLIGHT if seeds.device.type == "cpu" else BYTES_IN_FLIGHT_ON_A_GPU
    walk = _Walk(order, wanted, seeds.shape[:2], in_flight)
    stack = Stack(seeds.repeat(len(rules), *(1 for _ in seeds.shape[1:])), owned=True)
    walk.on(0, {start: stack}, Block(slices, slice(0, seeds.shape[1]), precision, {}))
    return walk.found


class _Walk:
    """One replay: the plan of its steps and what it has found."""

    def __init__(
        self, order: Sequence[Node], wanted: Mapping[Edge, Sequence[ReluRule]], scores: Sequence[int], in_flight: int
    ) -> None:
        self._order, self._wanted, self._in_flight = order, wanted, in_flight
        self._turns, self._pictures = scores
        self._on_the_way = frozenset(order)
        self._steps = [step_of(node, self._on_the_way, self._pictures) for node in order]
        self._alive, self._by_picture = self._plan()
        self.found: dict[tuple[Edge, ReluRule], Tensor] = {}

    def on(self, start: int, state: dict[Edge, Stack], block: Block) -> None:
        """Walk from `order[start]` to the end with the gradients in `state`."""
        for place in range(start, len(self._order)):
            node, step = self._order[place], self._steps[place]
            alive = [number for number, (rule, _) in enumerate(block.slices) if rule in self._alive[place]]
            if not alive:
                return
            if len(alive) < len(block.slices):
                state, block = _piece(state, block, slice(alive[0], alive[-1] + 1), block.rows)
            if pieces := self._pieces(place, block):
                for slices, rows in pieces:
                    self.on(place, *_piece(state, block, slices, rows))
                return
            arrived = [state.pop((node, number), None) for number in range(len(node._input_metadata))]
            for number, stack in enumerate(arrived):
                if stack is not None and (node, number) in self._wanted:
                    self._keep((node, number), stack.gradients, block)
            for edge, stack in step(node, arrived, block):
                state[edge] = _sum(state[edge], stack) if edge in state else stack

    def _plan(self) -> tuple[list[frozenset[ReluRule]], list[bool]]:
        """For each place: the rules that something from there on asks for; whether pictures can be walked apart."""
        alive: list[frozenset[ReluRule]] = []
        by_picture: list[bool] = []
        asked: frozenset[ReluRule] = frozenset()
        apart = True
        for node, step in zip(reversed(self._order), reversed(self._steps), strict=True):
            for (end, _), rules in self._wanted.items():
                if end is node:
                    asked |= frozenset(rules)
            apart = apart and step not in OF_ALL_PICTURES
            alive.append(asked)
            by_picture.append(apart)
        return alive[::-1], by_picture[::-1]

    def _pieces(self, place: int, block: Block) -> list[tuple[slice, slice]]:
        """How to split the block (slices, rows) before this step; empty where it is small enough."""
        node = self._order[place]
        edges = [edge for edge in inputs(node) if edge is not None and edge[0] in self._on_the_way]
        shapes = [shape_at((node, 0)), *map(shape_at, edges)]
        one = max(map(math.prod, shapes)) // self._pictures * block.precision.itemsize
        pictures = block.rows.stop - block.rows.start
        at_once = max(1, self._in_flight // max(one, 1))
        slice_parts = _parts(0, len(block.slices), max(1, at_once // pictures))
        whole = at_once >= pictures or not self._by_picture[place]
        row_parts = [block.rows] if whole else _parts(block.rows.start, block.rows.stop, at_once)
        pieces = [(slices, rows) for slices in slice_parts for rows in row_parts]
        return pieces if len(pieces) > 1 else []

    def _keep(self, edge: Edge, gradients: Tensor, block: Block) -> None:
        node, number = edge
        for (rule, turn), gradient in zip(block.slices, gradients, strict=True):
            if rule not in self._wanted[edge]:
                continue
            if (edge, rule) not in self.found:
                shape = (self._pictures, self._turns, *gradient.shape[1:])
                self.found[edge, rule] = gradient.new_empty(shape, dtype=node._input_metadata[number].dtype)
            self.found[edge, rule][block.rows, turn] = gradient


def _parts(start: int, stop: int, size: int) -> list[slice]:
    """start…stop in as few parts of at most `size` as possible, nearly equal."""
    count = -(-(stop - start) // size)
    bounds = [start + (stop - start) * part // count for part in range(count + 1)]
    return [slice(first, last) for first, last in pairwise(bounds)]


def _piece(state: dict[Edge, Stack], block: Block, slices: slice, rows: slice) -> tuple[dict[Edge, Stack], Block]:
    inside = slice(rows.start - block.rows.start, rows.stop - block.rows.start)
    part = {edge: replace(stack, gradients=stack.gradients[slices, inside]) for edge, stack in state.items()}
    return part, replace(block, slices=block.slices[slices], rows=rows)


def _sum(first: Stack, second: Stack) -> Stack:
    if first.owned and first.gradients.dtype == second.gradients.dtype:
        return replace(first, gradients=first.gradients.add_(second.gradients))
    return Stack(first.gradients + second.gradients, owned=True)
