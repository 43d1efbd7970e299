"""What a method is given: pairs (picture, target) of a recording, their scores and the gradients of those."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.autograd.graph import Node

from stimuli.errors import ExplanationError
from stimuli.explain.following import Followed
from stimuli.explain.graph import backward_order, edge_of
from stimuli.explain.hidden_gates import check_gates
from stimuli.explain.recording import Recording, described, record
from stimuli.explain.relu_rules import PLAIN, ReluRule, check_relu_network, unknown_nodes
from stimuli.explain.replay import replay

Target = int | Callable[[Tensor], Tensor]
"""A category's index, or a function from one image's answer, its scores (C,) or whatever is selected, to a scalar."""

PICTURE = None
"""In the place of a layer's name: the picture itself."""

Gradient = tuple[str | None, ReluRule]
"""Of the scores, at a layer or at the picture, with the ReLUs following a rule."""


class Trace:
    """R pairs (picture, target) of one recording. Gradients are computed once, those in `together` in one walk."""

    def __init__(
        self,
        recording: Recording,
        targets: Sequence[Sequence[Target]],
        layer: str | None,
        together: Collection[Gradient] = (),
        precision: torch.dtype | None = None,
    ) -> None:
        self.recording = recording
        self.layer = layer
        self.targets = tuple(target for wanted in targets for target in wanted)
        self._turns = max(map(len, targets), default=0)
        self._rows = [row for row, wanted in enumerate(targets) for _ in wanted]
        self._turn_of = [turn for wanted in targets for turn in range(len(wanted))]
        self._together = frozenset(together)
        self._precision = precision or recording.images.dtype
        self._found: dict[Gradient, Tensor] = {}
        self._maps: dict[tuple[Callable[[Trace], Tensor], str | None], Tensor] = {}
        self.scores = self.scores_of(recording.output).detach()  # (R,)

    def at(self, layer: str) -> "Trace":
        """The same pairs with another target layer; what is computed for one is there for the other."""
        other = copy(self)
        other.layer = layer
        return other

    def once(self, method: "Callable[[Trace], Tensor]") -> Tensor:
        """What `method` makes of this trace, computed when first asked for."""
        if (method, self.layer) not in self._maps:
            self._maps[method, self.layer] = method(self).detach()
        return self._maps[method, self.layer]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        height, width = self.recording.images.shape[-2:]
        return height, width

    @property
    def images(self) -> Tensor:
        """The pairs' pictures (R, 3, H, W)."""
        return self.recording.images.detach()[self._rows]

    def scores_of(self, output: Tensor) -> Tensor:
        """The pairs' scores (R,) in any output (N, C) for the same pictures."""
        return _scores(output, self._rows, self.targets)

    def by_picture(self) -> "Iterator[OnePicture]":
        """Each picture that has targets, in the order of the pairs."""
        for row, image in enumerate(self.recording.images.detach().split(1)):
            if targets := tuple(t for t, of in zip(self.targets, self._rows, strict=True) if of == row):
                yield OnePicture(image, targets, self.recording.at(row), self._precision)

    def input_gradient(self, rule: ReluRule = PLAIN) -> Tensor:
        """∂score/∂picture (R, 3, H, W), with the ReLUs following `rule`."""
        return self._gradient((PICTURE, rule))

    @property
    def activations(self) -> Tensor:
        """The target layer's output A (R, K, u, v)."""
        return self.recording.maps_of(self._named, self._output.detach())[self._rows]

    @property
    def layer_gradient(self) -> Tensor:
        """∂score/∂A through the unmodified network, (R, K, u, v)."""
        self.recording.maps_of(self._named, self._output)
        return self._gradient((self._named, PLAIN))

    def feeds(self, node: Node) -> bool:
        """Whether `node` takes the target layer's output and nothing else."""
        (copied, _), *others = node.next_functions
        if others or copied is None or copied.name() != "CloneBackward0":
            return False
        return copied.next_functions[0][0] is edge_of(self._output)[0]

    @property
    def _named(self) -> str:
        if self.layer is None:
            raise ExplanationError("this method weighs a layer's output; name the target layer")
        return self.layer

    @property
    def _output(self) -> Tensor:
        return self.recording.layers[self._named]

    def _gradient(self, wanted: Gradient) -> Tensor:
        if wanted not in self._found:
            self._found |= self._computed(self._together | {wanted})
        return self._found[wanted]

    def _computed(self, wanted: Collection[Gradient]) -> dict[Gradient, Tensor]:
        sources = {at: self.recording.images if at is PICTURE else self.recording.layers[at] for at, _ in wanted}
        if not self.recording.output.requires_grad:
            _refuse_unconnected(at for at, _ in wanted)
        start = edge_of(self.recording.output)
        orders = {at: backward_order(start[0], [edge_of(source)[0]]) for at, source in sources.items()}
        _refuse_unconnected(at for at, order in orders.items() if not order)
        if any(rule is not PLAIN for _, rule in wanted):
            check_relu_network(orders[PICTURE])
            self._check_gates(orders[PICTURE])
        if any(unknown_nodes(order) for order in orders.values()):
            found = {(at, rule): self._by_autograd(sources[at]) for at, rule in wanted}
        else:
            edges = {at: edge_of(source) for at, source in sources.items()}
            rules = {edges[at]: [rule for other, rule in wanted if other == at] for at in sources}
            replayed = replay(start, self._seeds, rules, self._precision)
            found = {(at, rule): replayed[edges[at], rule] for at, rule in wanted}
        return {(at, rule): self._of_pairs(at, gradients) for (at, rule), gradients in found.items()}

    def _check_gates(self, order: Sequence[Node]) -> None:
        """Look for hidden gates, unless the network was found to have none when it computed the same."""
        recording, followed = self.recording, self.recording.followed
        if followed is None or followed.follower is None:
            if followed is not None and followed.known.is_settled(followed.state, order):
                return
            recording, followed = self._followed_anew(followed)
            order = backward_order(edge_of(recording.output)[0], [edge_of(recording.images)[0]])
        if followed is not None and (follower := followed.follower) is not None:
            check_gates(recording.model, recording.images, order, follower)
            if not follower.is_asked and follower.sees_all(order):
                followed.known.settle(followed.state, order)

    def _followed_anew(self, followed: Followed | None) -> tuple[Recording, Followed | None]:
        """Where another graph was recorded than before, or a method did not say that it would ask for this."""
        if followed is not None:
            followed.known.forget()
        of = self.recording
        recording = record(of.model, of.images.detach(), [], True, of.window, None, follows=True)
        return recording, recording.followed

    def _of_pairs(self, at: str | None, gradients: Tensor) -> Tensor:
        """(N, T, …) to (R, …), a layer's as feature maps."""
        if len(self.targets) == gradients.shape[0] * gradients.shape[1]:
            pairs = gradients.flatten(0, 1)
        else:
            pairs = gradients[self._rows, self._turn_of]
        if at is PICTURE:
            return pairs
        maps = self.recording.maps_of(at, pairs)
        if maps.numel() < pairs.numel() and pairs.any() and not maps.any():
            raise ExplanationError(
                f"the scores depend on {_in_words(at)} through its class token alone, so every Grad-CAM is empty;"
                " name a layer before the last attention"
            )
        return maps

    def _by_autograd(self, source: Tensor) -> Tensor:
        """The plain gradient (N, T, …) through a network that has operations which the rules do not know."""
        output = self.recording.output
        found = [torch.autograd.grad(output, source, seed, retain_graph=True)[0] for seed in self._seeds]
        return torch.stack(found, 1)

    @cached_property
    def _seeds(self) -> Tensor:
        """∂score/∂output (T, N, C); zero where an image has fewer than T targets."""
        output = self.recording.output.detach()
        seeds = output.new_zeros((self._turns, *output.shape))
        pairs = list(zip(self._turn_of, self._rows, self.targets, strict=True))
        if categories := [pair for pair in pairs if not callable(pair[2])]:
            seeds[tuple(torch.tensor(categories, device=output.device).T)] = 1
        for turn, row, target in pairs:
            if callable(target):
                seeds[turn, row] = _seed(output[row], target)
        return seeds


@dataclass(frozen=True)
class OnePicture:
    """A picture (1, 3, H, W) with its T targets, and what the network says of changed copies of it (V, 3, H, W)."""

    image: Tensor
    targets: tuple[Target, ...]
    recording: Recording
    precision: torch.dtype

    def scores(self, variants: Tensor) -> Tensor:
        """The scores (V, T), computed without a graph."""
        count, targets = len(variants), self.targets * len(variants)
        rows = [row for row in range(count) for _ in self.targets]
        with torch.no_grad():
            return _scores(self.recording.answer(variants), rows, targets).unflatten(0, (count, len(self.targets)))

    def gradients(self, variants: Tensor) -> Tensor:
        """∂score/∂picture (V, T, 3, H, W)."""
        recording = record(self.recording.model, variants, [], True, self.recording.window, None)
        trace = Trace(recording, [self.targets] * len(variants), None, (), self.precision)
        return trace.input_gradient().unflatten(0, (len(variants), len(self.targets)))


def _scores(output: Tensor, rows: Sequence[int], targets: Sequence[Target]) -> Tensor:
    """The score of each target in its row of `output`, (R,)."""
    categories = [target for target in targets if not callable(target)]
    if len(categories) == len(targets):
        for category in set(categories):
            _check_category(category, output)
        return output[rows, categories]
    return torch.stack([_score(output[row], target) for row, target in zip(rows, targets, strict=True)])


def _score(row: Tensor, target: Target) -> Tensor:
    if callable(target):
        score = target(row)
        if score.ndim:
            raise ExplanationError(f"a target function must return a scalar; it returned {described(score)}")
        return score
    _check_category(target, row.unsqueeze(0))
    return row[target]


def _check_category(target: int, output: Tensor) -> None:
    if output.ndim != 2:
        raise ExplanationError(
            f"target {target} is a category, for which the network must answer with scores (N, categories); it answered"
            f" {described(output)}; choose scores with select=…, or give a function of a picture's answer as target"
        )
    if not 0 <= target < output.shape[1]:
        raise ExplanationError(f"target {target} is not one of the network's {output.shape[1]} categories")


def _seed(row: Tensor, target: Callable[[Tensor], Tensor]) -> Tensor:
    """∂target/∂scores of one image (C,)."""
    scores = row.detach().requires_grad_()
    score = _score(scores, target)
    if not score.requires_grad:
        raise ExplanationError("a target function's result does not depend on the scores; compute it from them")
    return torch.autograd.grad(score, scores)[0]


def _refuse_unconnected(places: Iterable[str | None]) -> None:
    for at in places:
        raise ExplanationError(
            f"the scores do not depend on {_in_words(at)} by any path with a gradient; does the network detach, convert"
            " to numpy or run its forward pass under torch.no_grad() or inference_mode()? occlusion needs no gradient"
        )


def _in_words(at: str | None) -> str:
    return "the picture" if at is PICTURE else f"target layer {at!r}"
