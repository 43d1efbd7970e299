"""A network's forward pass as a list of operations, to be run again on other pictures or on parts of them.

What torch's dispatcher is given is recorded, so it does not matter how the network is written. A network with an
operation that is not in the tables here, or that takes numbers out of tensors, is not understood.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from stimuli.explain.folding import folded, without_joined_maps
from stimuli.explain.operations import (
    Activation,
    Compute,
    Convolution,
    Largest,
    NotUnderstoodError,
    Operation,
    Padded,
    Scaling,
    Stencil,
    convolved,
)


@dataclass(frozen=True)
class Program:
    """The operations in order; the last one's result is the answer."""

    operations: tuple[Operation, ...]

    def __call__(self, images: Tensor) -> Tensor:
        """The answer (N, …) to pictures (N, 3, H, W) of the recorded size."""
        values: dict[int, Tensor] = {0: images.clone(memory_format=torch.channels_last)}
        last = {number: step for step, operation in enumerate(self.operations) for number in operation.takes}
        for step, operation in enumerate(self.operations):
            values[step + 1] = operation.compute(*(values[number] for number in operation.takes))
            for number in {number for number in operation.takes if last[number] == step}:
                del values[number]
        return values[len(self.operations)]

    def values(self, images: Tensor) -> list[Tensor]:
        """The pictures and all results."""
        values = [images.clone(memory_format=torch.channels_last)]
        for operation in self.operations:
            values.append(operation.compute(*(values[number] for number in operation.takes)))
        return values


def recorded(model: nn.Module, image: Tensor) -> tuple[Program, Tensor]:
    """What `model` does with pictures like `image` (1, 3, H, W), and its answer to that.

    Batch norms and activations are folded into the convolutions before them. Raises NotUnderstoodError; what the
    network itself raises is passed on.
    """
    recorder = _Recorder(image)
    with torch.no_grad(), recorder:
        answer = model(recorder.image)
    steps = recorder.steps
    number = recorder.number_of(answer) if isinstance(answer, Tensor) else None
    if not steps or number != len(steps):
        raise NotUnderstoodError
    return Program(without_joined_maps(folded([_operation(step) for step in steps]))), answer


def program_like(model: nn.Module, images: Tensor) -> Program | None:
    """The program of `model`, or None where it has none that answers `images` (N, 3, H, W) as `model` does."""
    try:
        program, _ = recorded(model, images[:1])
        with torch.no_grad():
            return program if agree(program(images), model(images)) else None
    except torch.OutOfMemoryError:
        raise
    except Exception:  # whatever it is, the network can be run as it is
        return None


def agree(found: Tensor, expected: Tensor) -> bool:
    """Whether two answers of a network are the same but for rounding."""
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return False
    rounding = torch.finfo(expected.dtype).eps ** 0.6 * expected.abs().max()
    return bool((found - expected).abs().max() <= rounding)


@dataclass(frozen=True)
class _Value:
    """In the place of a tensor that depends on the picture."""

    number: int


@dataclass(frozen=True)
class _Step:
    name: str
    function: Any
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    takes: tuple[int, ...]
    before: tuple[int, ...]  # the shape of the first value taken
    shape: tuple[int, ...]


_SAME = {"detach", "alias", "as_strided_", "lift_fresh"}


class _Recorder(TorchDispatchMode):
    def __init__(self, image: Tensor) -> None:
        super().__init__()
        self.image = image.detach().clone()
        self.steps: list[_Step] = []
        self._numbers = {id(self.image): 0}
        self._kept = [self.image]  # so that no other tensor gets its id

    def number_of(self, tensor: Tensor) -> int | None:
        return self._numbers.get(id(tensor))

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = kwargs or {}
        result = function(*args, **options)
        taken = [t for t in _tensors([*args, *options.values()]) if id(t) in self._numbers]
        if taken:
            self._keep(function, args, options, taken, result)
        return result

    def _keep(self, function: Any, args: Any, options: Any, taken: list[Tensor], result: Any) -> None:
        name = function.overloadpacket.__name__
        first = result[0] if isinstance(result, tuple | list) else result
        if not isinstance(first, Tensor):
            raise NotUnderstoodError
        if name in _SAME and first.shape == taken[0].shape:
            self._numbers[id(first)] = self._numbers[id(taken[0])]
            self._kept.append(first)
            return
        if name.endswith("_") and self._is_shared(first):
            raise NotUnderstoodError
        takes = tuple(self._numbers[id(tensor)] for tensor in taken)
        step = _Step(
            name, function, self._told(args), self._told(options), takes, tuple(taken[0].shape), tuple(first.shape)
        )
        self.steps.append(step)
        self._numbers[id(first)] = len(self.steps)
        self._kept.append(first)

    def _is_shared(self, changed: Tensor) -> bool:
        """Whether another value is in the memory of `changed`."""
        place = changed.untyped_storage().data_ptr()
        return any(kept is not changed and kept.untyped_storage().data_ptr() == place for kept in self._kept)

    def _told(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return _Value(self._numbers[id(value)]) if id(value) in self._numbers else value.detach()
        if isinstance(value, tuple | list):
            return tuple(map(self._told, value))
        return {key: self._told(one) for key, one in value.items()} if isinstance(value, dict) else value


def _tensors(values: Sequence[Any]) -> list[Tensor]:
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, tuple | list):
            found += _tensors(value)
    return found


def _filled(value: Any, values: Any) -> Any:
    if isinstance(value, _Value):
        return next(values)
    return [_filled(one, values) for one in value] if isinstance(value, tuple) else value


def _again(step: _Step, in_place: bool = False) -> Compute:
    name = step.name.removesuffix("_") + "_" * in_place
    function = getattr(getattr(torch.ops.aten, name), step.function._overloadname)

    def compute(*taken: Tensor) -> Tensor:
        values = iter(taken)
        result = function(*_filled(step.arguments, values), **step.options)
        return result[0] if isinstance(result, tuple | list) else result

    return compute


def _anywhere(step: _Step) -> Operation:
    return Operation(step.takes, _again(step), step.shape)


def _local(step: _Step) -> Operation:
    if step.name == "cat" and (len(step.arguments) < 2 or step.arguments[1] != 1):
        raise NotUnderstoodError
    constants = [value for value in _tensors(step.arguments) if value.numel() > 1]
    by_channel = all(len(value.shape) > 2 and value.shape[-2:].numel() == 1 for value in constants)
    joins = step.name == "cat" and not constants
    return replace(_anywhere(step), is_local=len(step.shape) == 4 and by_channel, joins_channels=joins)


def _activation(step: _Step) -> Operation:
    name = step.name.removesuffix("_")
    numbers = tuple(_told(step, -1.0, 1.0, first=1)) if name == "hardtanh" else ()
    named = (name, numbers) if name in ("relu", "hardtanh") else (None, ())
    return replace(_local(step), activation=Activation(_again(step, in_place=True), *named))


def _of_each_picture(step: _Step) -> Operation:
    """A reduction that leaves the dimension of the pictures alone."""
    dimensions = step.arguments[1] if len(step.arguments) > 1 else None
    named = dimensions if isinstance(dimensions, tuple) else (dimensions,)
    if any(not isinstance(one, int) or one % len(step.before) == 0 for one in named):
        raise NotUnderstoodError
    return _anywhere(step)


def _reshaped(step: _Step) -> Operation:
    if step.shape[0] != 1 or step.before[0] != 1:
        raise NotUnderstoodError
    return Operation(step.takes, lambda value: value.reshape(len(value), *step.shape[1:]), step.shape)


def _two(value: Any) -> tuple[int, int]:
    return (value[0], value[-1])


def _convolution(step: _Step) -> Operation:
    maps, weight, bias, stride, padding, dilation, transposed, _, groups = step.arguments
    if transposed or not isinstance(maps, _Value) or len(step.shape) != 4 or len(step.takes) != 1:
        raise NotUnderstoodError
    weight = weight.contiguous(memory_format=torch.channels_last)  # as the maps are
    convolution = Convolution(weight, bias, _two(stride), _two(padding), _two(dilation), groups)
    return convolved(step.takes, step.shape, convolution)


def _told(step: _Step, *defaults: Any, first: int = 2) -> list[Any]:
    """The arguments from `first` on, and what is usual for those that are not given."""
    given = list(step.arguments[first:])
    return given + list(defaults[len(given) :])


def _largest(step: _Step) -> Operation:
    size, (stride, padding, dilation, _) = _two(step.arguments[1]), _told(step, (), (0, 0), (1, 1), False)
    by, over = _two(stride or size), _two(dilation)
    stencil = Stencil(size, by, _two(padding), over, -torch.inf, Largest(size, by, over))
    return Operation(step.takes, Padded(stencil, step.shape[2:]), step.shape, stencil=stencil)


def _mean(step: _Step) -> Operation:
    stride, padding, ceil, counted, divisor = _told(step, (), (0, 0), False, True, None)
    if ceil or divisor or not counted:
        return _anywhere(step)
    size = _two(step.arguments[1])
    by = _two(stride or size)
    stencil = Stencil(size, by, _two(padding), (1, 1), 0.0, lambda maps: F.avg_pool2d(maps, size, by))
    return replace(_anywhere(step), stencil=stencil)


def _batch_norm(step: _Step) -> Operation:
    _, weight, bias, mean, variance, *rest = step.arguments
    is_training, eps = (
        (rest[0], rest[2]) if step.name in ("native_batch_norm", "cudnn_batch_norm") else (False, rest[1])
    )
    if is_training or mean is None or variance is None:
        raise NotUnderstoodError
    return replace(
        _anywhere(step), compute=Scaling.of(weight, bias, mean, variance, eps), is_local=len(step.shape) == 4
    )


_CELL_BY_CELL = (
    *("clamp", "clamp_min", "clamp_max", "elu", "gelu", "softplus", "mish", "threshold", "neg", "abs", "exp", "sqrt"),
    *("pow", "clone", "add", "sub", "mul", "div", "maximum", "minimum", "cat"),
)
_ACTIVATIONS = ("relu", "hardtanh", "leaky_relu", "silu", "hardswish", "hardsigmoid", "sigmoid", "tanh")
_READERS: dict[str, Callable[[_Step], Operation]] = {
    **dict.fromkeys(_CELL_BY_CELL, _local),
    **dict.fromkeys(_ACTIVATIONS, _activation),
    **dict.fromkeys(("mean", "sum", "amax", "_softmax", "_log_softmax"), _of_each_picture),
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "_reshape_alias"), _reshaped),
    **dict.fromkeys(("_adaptive_avg_pool2d", "addmm", "mm", "linear"), _anywhere),
    **dict.fromkeys(
        ("native_batch_norm", "cudnn_batch_norm", "_native_batch_norm_legit_no_training", "_batch_norm_no_update"),
        _batch_norm,
    ),
    "convolution": _convolution,
    "max_pool2d_with_indices": _largest,
    "max_pool2d": _largest,
    "avg_pool2d": _mean,
}


def _operation(step: _Step) -> Operation:
    name = step.name[:-1] if step.name.endswith("_") else step.name
    if name not in _READERS or any(isinstance(value, _Value) for value in step.options.values()):
        raise NotUnderstoodError
    if name in ("addmm", "mm") and len(step.takes) != 1:
        raise NotUnderstoodError
    return _READERS[name](step)
