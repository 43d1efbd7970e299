"""What a network computes from the picture without a gradient, and where that comes back into what has one.

`z * (z > 0)` and `z + (relu(z) - z).detach()` are gates that the autograd graph does not show: their values depend on
the picture, their gradients do not. Such a value is called detached here. `Follower` sees each call of torch's Python
functions while a network runs, marks the memory of detached values, and notes each call that takes one and gives a
tensor with a gradient. Whether a unit is open does not matter: the call is the same for all pictures.

A number that Python or numpy takes out of a tensor (`item`, `tolist`, `numpy`) may come back unseen. After that, a
tensor made outside of torch is a detached value, and the numbers that calls are given are kept for a comparison with
those of other pictures. A truth value (`if z.amax() > 5`) only chooses what is computed, and the graph shows that.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.overrides import TorchFunctionMode

from stimuli.explain.bound import Bound

Sources = frozenset[Node]
"""The nodes of the tensors with a gradient that a value was computed from."""

Place = int
"""Where a tensor's memory begins; views share it."""


@dataclass(frozen=True)
class Join:
    """Where detached values computed from `sources` enter what has a gradient; no nodes: into memory that has one."""

    nodes: Sources
    sources: Sources


@dataclass(frozen=True)
class _Memory:
    """Memory of a detached value; `kept` keeps it from being used anew.

    `is_shared`: a tensor with a gradient has it too, so only tensors without a gradient are detached there.
    """

    sources: Sources
    is_shared: bool
    kept: Tensor


@dataclass(frozen=True)
class _Lent:
    """A tensor whose memory numpy has, too, and the numbers that it held then."""

    tensor: Tensor
    numbers: Tensor
    sources: Sources


@dataclass(frozen=True)
class _Used:
    """What a call uses the values of: detached ones, and tensors with a gradient, which have `places`."""

    detached: Sources
    with_gradient: Sources
    places: frozenset[Place]

    @property
    def sources(self) -> Sources:
        return self.detached | self.with_gradient


class Follower(TorchFunctionMode):
    """Follows detached values through what `model` computes while this is entered."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.joins: list[Join] = []
        self.numbers: list[tuple[Any, ...]] = []
        """What calls were given beside tensors since a number of the picture was taken out of a tensor."""
        self.is_asked = False
        """Whether a number or a truth value was taken out of a tensor that depends on the picture."""
        self._seen: set[int] = set()
        self._is_blind = False
        self._model = model
        self._is_careful = False
        self._memory: dict[Place, _Memory] = {}
        self._made_here: dict[Place, Tensor] = {}
        self._lent: dict[Place, _Lent] = {}
        self._open: set[Place] = set()
        self._taken_out: Sources = frozenset()
        self._known: frozenset[Place] = frozenset()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = kwargs or {}
        if func in _TELLS_NO_VALUES:
            return func(*args, **options)
        first = _next_number()
        try:
            return self._follow(func, args, options)
        finally:
            self._seen.update(range(first, _next_number()))

    def _follow(self, func: Any, args: Any, options: Any) -> Any:
        if self._is_careful or func in _CHANGES_UNSEEN or not torch.is_grad_enabled():
            return self._call(func, args, options)
        self._is_blind |= torch._C._functorch.peek_interpreter_stack() is not None
        result = func(*args, **options)
        if type(result) is not Tensor or not result.requires_grad:
            tensors = list(_tensors((args, options)))
            self._note(_name(func), tensors, self._used(_name(func), tensors), result)
        return result

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._compare_lent(list(self._lent))
        for kept in (self._memory, self._made_here, self._lent):
            kept.clear()

    def sees_all(self, order: Sequence[Node]) -> bool:
        """Whether calls that were seen made all nodes of the graph `order`, but for the picture at its end.

        A scripted function and an extension are not seen, and inside `torch.vmap` tensors hide their gradients.
        """
        return not self._is_blind and all(node._sequence_nr() in self._seen for node in order[:-1])

    def _call(self, func: Any, args: Any, options: Any) -> Any:
        """Call `func` and see, too, which tensors it changes."""
        name, tensors = _name(func), list(_tensors((args, options)))
        self._compare_lent(map(_place, tensors))
        if self._taken_out:
            self.numbers.append((name, *_numbers((args, options))))
        used = self._used(name, tensors)
        versions = list(map(_version, tensors))
        result = func(*args, **options)
        changed = [tensor for tensor, before in zip(tensors, versions, strict=True) if _version(tensor) != before]
        is_seen = func not in _CHANGES_UNSEEN
        for tensor in changed if is_seen and not name.endswith("apply_") else tensors[:1]:
            self._note_change(tensor, used, is_seen and torch.is_grad_enabled())
        self._note(name, tensors, used, result)
        return result

    def _used(self, name: str, tensors: list[Tensor]) -> _Used:
        if name in _LIKE_THE_FIRST:
            tensors = tensors[1:]
        elif name in _LIKE_THE_SECOND:
            tensors = tensors[:1]
        found = [(node, tensor) for tensor in tensors if (node := _node(tensor)) is not None]
        return _Used(
            frozenset().union(*map(self._detached, tensors)) if self._is_careful else frozenset(),
            frozenset(node for node, _ in found),
            frozenset(_place(tensor) for _, tensor in found),
        )

    def _detached(self, tensor: Tensor) -> Sources:
        """What the values of a tensor were computed from, where they are detached."""
        place = _place(tensor)
        memory = self._memory.get(place)
        if memory is not None:
            return memory.sources if _node(tensor) is None or not memory.is_shared else frozenset()
        if not self._taken_out or _node(tensor) is not None:
            return frozenset()
        is_known = place in self._known or place in self._made_here
        return frozenset() if is_known and place not in self._open else self._taken_out

    def _note(self, name: str, tensors: list[Tensor], used: _Used, result: Any) -> None:
        """Note what a call gives, and what it takes out of tensors."""
        given = list(_tensors(result))
        if not given:
            self._note_no_tensor(name, tensors, used, result)
        if name in _MADE_OF_NUMBERS:
            used = _Used(used.detached | self._taken_out, used.with_gradient, used.places)
        for tensor in given:
            self._note_given(tensor, used)
        if name in _SIZED_BY_VALUES or (name == "__getitem__" and any(map(self._detached, tensors[1:]))):
            self._take_out(used.sources)

    def _note_given(self, tensor: Tensor, used: _Used) -> None:
        if _node(tensor) is not None:
            self._note_join(tensor, used)
        elif used.sources:
            self._remember(tensor, used.sources, _place(tensor) in used.places)
        else:
            self._made_here[_place(tensor)] = tensor

    def _note_change(self, tensor: Tensor, used: _Used, is_recorded: bool) -> None:
        """Note that a call changed what a tensor holds; `is_recorded`: autograd saw it."""
        place, node = _place(tensor), _node(tensor)
        self._lent.pop(place, None)
        memory = self._memory.get(place)
        if node is not None and is_recorded:
            self._note_join(tensor, used)
        elif node is not None:
            self.joins.append(Join(frozenset(), frozenset({node})))
        elif memory is not None and memory.is_shared:
            self.joins.append(Join(frozenset(), memory.sources))
        elif used.sources:
            self._remember(tensor, used.sources, place in used.places)

    def _note_join(self, tensor: Tensor, used: _Used) -> None:
        if used.detached:
            whole = tensor if tensor._base is None else tensor._base
            nodes = frozenset(node for node in (_node(tensor), _node(whole)) if node is not None)
            self.joins.append(Join(nodes, used.detached))
            self._remember(tensor, used.detached, False)

    def _remember(self, tensor: Tensor, sources: Sources, is_shared: bool) -> None:
        place = _place(tensor)
        if (memory := self._memory.get(place)) is not None:
            sources, is_shared = sources | memory.sources, is_shared or memory.is_shared
        self._memory[place] = _Memory(sources, is_shared, tensor)
        self._is_careful = True

    def _note_no_tensor(self, name: str, tensors: list[Tensor], used: _Used, result: Any) -> None:
        self.is_asked |= isinstance(result, bool) and bool(used.sources)
        if isinstance(result, _NO_NUMBERS):
            return
        for tensor in tensors if name in _SHARES_MEMORY else ():
            self._lend(tensor, used.sources)
        self._take_out(used.sources)

    def _lend(self, tensor: Tensor, sources: Sources) -> None:
        place = _place(tensor)
        self._open.add(place)
        if sources and place not in self._lent:
            self._lent[place] = _Lent(tensor.detach(), tensor.detach().clone(), sources)

    def _compare_lent(self, places: Iterable[Place]) -> None:
        """Note where numpy changed what a tensor holds."""
        for place in places if self._lent else ():
            lent = self._lent.get(place)
            if lent is not None and not torch.allclose(lent.tensor, lent.numbers, rtol=0, atol=0, equal_nan=True):
                self.joins.append(Join(frozenset(), lent.sources))

    def _take_out(self, sources: Sources) -> None:
        if sources and not self._taken_out:
            self._known = frozenset(map(_place, _held(self._model)))
            self._is_careful = self.is_asked = True
        self._taken_out |= sources


def _held(model: nn.Module) -> Iterator[Tensor]:
    """All tensors that a network has, as parameters or otherwise."""
    inside = model.model.modules() if isinstance(model, Bound) else ()
    for module in (*model.modules(), *inside):
        yield from _tensors(vars(module))


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    else:
        for part in _parts(value):
            yield from _tensors(part)


def _numbers(value: Any) -> Iterator[Any]:
    if isinstance(value, Number | np.ndarray):
        yield value
    else:
        for part in _parts(value):
            yield from _numbers(part)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, tuple | list):
        return value
    if isinstance(value, dict):
        return value.values()
    return (value.start, value.stop, value.step) if isinstance(value, slice) else ()


def _place(tensor: Tensor) -> Place:
    try:
        return tensor.untyped_storage().data_ptr() or -id(tensor)
    except (NotImplementedError, RuntimeError):  # sparse, or without memory
        return -id(tensor)


def _node(tensor: Tensor) -> Node | None:
    try:
        return tensor.grad_fn
    except RuntimeError:  # a view made under no_grad that was changed since
        return None


def _next_number() -> int:
    """That of the next node that autograd will make in this thread."""
    return torch.autograd._get_sequence_nr()


def _version(tensor: Tensor) -> int:
    return -1 if tensor.is_inference() else tensor._version


def _name(func: Any) -> str:
    """The name of a call, without the overload."""
    return getattr(func, "__name__", "").partition(".")[0]


def _attributes(*names: str) -> set[Any]:
    return {getattr(Tensor, name).__get__ for name in names}


_TELLS_NO_VALUES = frozenset(
    {
        *(Tensor.size, Tensor.dim, Tensor.ndimension, Tensor.numel, Tensor.nelement, Tensor.stride, torch.numel),
        *(Tensor.storage_offset, Tensor.element_size, Tensor.get_device, Tensor.__len__, Tensor.__hash__),
        *(Tensor.register_hook, Tensor.retain_grad, Tensor.is_floating_point, Tensor.is_complex, Tensor.is_contiguous),
        *(Tensor.is_inference, Tensor.is_signed, torch.is_floating_point, torch.is_complex),
        *_attributes("shape", "ndim", "dtype", "device", "layout", "requires_grad", "grad_fn", "is_leaf", "_version"),
        *_attributes("itemsize", "nbytes", "output_nr", "grad", "_base", "is_cuda"),
    }
)
"""Calls that give a tensor's size or kind, never its values."""

_CHANGES_UNSEEN = frozenset({Tensor.data.__set__, Tensor.detach_, torch.detach_})  # type: ignore[attr-defined]  # written in C, which no stub names
"""Calls that change their first tensor without a sign of it."""

_LIKE_THE_FIRST = frozenset(
    {f"{kind}_like" for kind in ("zeros", "ones", "empty", "full", "rand", "randn", "randint")}
    | {f"new_{kind}" for kind in ("zeros", "ones", "empty", "full", "tensor")}
)
"""Calls that take only the size or the kind of their first tensor."""

_LIKE_THE_SECOND = frozenset({"to", "type_as", "expand_as", "view_as", "reshape_as"})
"""Calls that take only the size or the kind of all tensors but the first."""

_SIZED_BY_VALUES = frozenset(
    {"nonzero", "argwhere", "masked_select", "unique", "unique_consecutive", "bincount", "repeat_interleave"}
)
_MADE_OF_NUMBERS = frozenset({"tensor", "as_tensor", "asarray", "new_tensor"})
_SHARES_MEMORY = frozenset({"numpy", "__array__", "__dlpack__", "untyped_storage", "storage", "data_ptr"})
_NO_NUMBERS = (bool, str, type(None), Node, torch.dtype, torch.device, torch.layout, torch.memory_format, torch.Size)
