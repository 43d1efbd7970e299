"""A network of several inputs, or with an answer of any form, as a function from pictures to one tensor."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from stimuli.errors import ExplanationError

Inputs = Tensor | Mapping[str, Any] | tuple[Any, ...]
"""Pictures (N, C, H, W), or all inputs of the network by keyword or in order, one of them pictures."""

Select = Callable[[Any], Tensor]
"""From what the network answers to the tensor (N, …) that is explained."""

Rows = int | slice


class Bound(nn.Module):
    """`model` with all inputs but the pictures, which `forward` takes. `model` is no part of it: its layers keep their
    names. Inputs (N, …) count for each picture; all others are handed on as they are."""

    model: nn.Module
    root: nn.Module
    """The one that others were made of by `at`, under which `once` knows them all."""

    def __init__(self, model: nn.Module, inputs: Inputs, of: str | int | None, select: Select | None) -> None:
        super().__init__()
        by_place = isinstance(inputs, tuple)
        given: dict[Any, Any] = dict(enumerate(inputs) if by_place else inputs.items())  # type: ignore[union-attr]  # no tensor comes here
        self.of = _pictures_among(given, of)
        count = len(given[self.of])
        self._others = {key: _usable(value) for key, value in given.items() if key != self.of}
        self._each = {key for key, value in self._others.items() if isinstance(value, Tensor) and _counts(value, count)}
        self._order = list(given) if by_place else None
        self._count, self._select = count, select
        self.__dict__ |= {"model": model, "root": self}  # as attributes alone, not as parts of this module

    def forward(self, images: Tensor) -> Any:
        given = {key: self._for(value, len(images), key) for key, value in self._others.items()} | {self.of: images}
        answer = self.model(**given) if self._order is None else self.model(*(given[key] for key in self._order))
        return answer if self._select is None else self._select(answer)

    def at(self, rows: Rows) -> "Bound":
        """The same with the other inputs of some of the pictures."""
        some = object.__new__(Bound)
        some.__dict__.update(self.__dict__)
        some._others = {
            key: value[rows if isinstance(rows, slice) else [rows]] if key in self._each else value
            for key, value in self._others.items()
        }
        some._count = len(range(*rows.indices(self._count))) if isinstance(rows, slice) else 1
        return some

    def get_submodule(self, target: str) -> nn.Module:
        return self.model.get_submodule(target)

    def _for(self, value: Any, pictures: int, key: Any) -> Any:
        if key not in self._each or self._count == pictures:
            return value
        if self._count > 1:
            raise ExplanationError(
                f"a method ran the network on {pictures} pictures, which belong to none of the {self._count} rows of"
                f" input {key!r}; explain one picture at a time with this method"
            )
        return value.expand(pictures, *value.shape[1:])


def bound(model: nn.Module, inputs: Inputs, of: str | int | None, select: Select | None) -> tuple[nn.Module, Tensor]:
    """The network as a function of pictures, and the pictures. Raises ExplanationError where none can be found."""
    if isinstance(inputs, Tensor) or not isinstance(inputs, Mapping | tuple):
        if select is None or not isinstance(inputs, Tensor):
            return model, inputs
        inputs = (inputs,)
    network = Bound(model, inputs, of, select)
    return network, inputs[network.of]


def of_rows(network: nn.Module, rows: Rows) -> nn.Module:
    """The network with the other inputs of some of the pictures, where it has such."""
    return network.at(rows) if isinstance(network, Bound) else network


def _pictures_among(given: Mapping[Any, Any], of: str | int | None) -> Any:
    pictures = [key for key, value in given.items() if _is_pictures(value)]
    if of is None and len(pictures) == 1:
        return pictures[0]
    if of in given and _is_pictures(given[of]):
        return of
    there = ", ".join(map(repr, pictures)) or "none"
    wanted = "say which of the inputs is explained" if of is None else f"input {of!r} is none"
    raise ExplanationError(f"{wanted}, as of=…; pictures, floating-point tensors (N, C, H, W), are {there}")


def _is_pictures(value: Any) -> bool:
    return isinstance(value, Tensor) and value.ndim == 4 and value.is_floating_point()


def _counts(value: Tensor, pictures: int) -> bool:
    return value.ndim > 0 and len(value) == pictures


def _usable(value: Any) -> Any:
    """A tensor that was made under inference_mode as one that autograd may keep."""
    if not (isinstance(value, Tensor) and value.is_inference()):
        return value
    with torch.inference_mode(False):
        return value.clone()
