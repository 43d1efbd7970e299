"""When a network need not be followed again: where it does the same as when it was.

To see each call of torch's Python functions takes more time than these checks may take. A network that takes
no number and no truth value out of the tensors makes the same calls for each batch of this size, as long as what its
modules hold is the same and its graph shows the same operations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from weakref import ref

from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.nn.modules import module as modules

from stimuli.explain.detached import Follower
from stimuli.explain.once import once

_PLAIN = (bool, int, float, str, bytes, type(None))
_OF_ALL = frozenset(vars(nn.Module())) - {"training"}


class Known:
    """What a network was like when it was followed, on batches of one size."""

    def __init__(self, model: nn.Module) -> None:
        self._parts = [(ref(part), *_own(vars(part))) for part in model.modules()]
        self._settled: tuple[list[Any], list[str] | None] = [], None

    def state(self) -> list[Any]:
        """What the modules hold beside tensors and modules, and their hooks."""
        of_all = (*modules._global_forward_hooks, None, *modules._global_forward_pre_hooks)
        return [of_all, *(_held(part(), plain, others) for part, plain, others in self._parts)]

    def may_skip(self, state: list[Any]) -> bool:
        """Whether the network was followed in this `state`."""
        return self._settled[0] == state

    def is_settled(self, state: list[Any], order: Sequence[Node]) -> bool:
        """Whether it was followed in this `state`, with a graph of the same operations as `order`."""
        return self._settled == (state, _operations(order))

    def settle(self, state: list[Any], order: Sequence[Node]) -> None:
        """Note that the network was followed in this `state`, with the graph `order`."""
        self._settled = state, _operations(order)

    def forget(self) -> None:
        """Have the network followed again."""
        self._settled = [], None


@dataclass(frozen=True)
class Followed:
    """A network's `state` before a forward pass, and what followed it; None where it was followed before."""

    known: Known
    state: list[Any]
    follower: Follower | None


def followed_if_new(model: nn.Module, images: Tensor) -> Followed:
    """What is to be entered while `model` runs on `images`."""
    known: Known = once(model, images, ("followed", len(images)), lambda: Known(model))
    state = known.state()
    return Followed(known, state, None if known.may_skip(state) else Follower(model))


def _operations(order: Sequence[Node]) -> list[str]:
    return [node.name() for node in order]


def _own(held: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """What reads a module's plain attributes, which are compared by value, and the names of its others."""
    own = [name for name in held if name not in _OF_ALL]
    plain = [name for name in own if isinstance(held[name], _PLAIN)]
    return itemgetter(*plain), tuple(name for name in own if name not in plain)


def _held(part: nn.Module | None, plain: Any, others: tuple[str, ...]) -> Any:
    try:
        held = vars(part)
        ids = [id(held[name]) for name in others]
        return len(held), plain(held), ids, (*held["_forward_hooks"], None, *held["_forward_pre_hooks"])
    except (KeyError, TypeError):  # the attribute or the module is gone
        return None
