"""A network's forward pass as a list of operations, to be run again on other pictures or on parts of them.

What torch's dispatcher is given is recorded, so it does not matter how the network is written. A network with an
operation that is not in the tables here, or that takes numbers out of tensors, is not understood.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

Compute = Callable[..., Tensor]


class NotUnderstoodError(Exception):
    """The network does something that a program cannot repeat; never shown, the network is run as it is."""


@dataclass(frozen=True)
class Stencil:
    """How far an operation looks, (rows, columns), what it sees outside of its input, and the same without padding."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    outside: float
    unpadded: Compute


@dataclass(frozen=True)
class Convolution:
    """The weights (K, C, k, k) and bias (K,) of a convolution and its settings."""

    weight: Tensor
    bias: Tensor | None
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    activation: Compute | None = None
    """Changes the result in place."""

    def __call__(self, maps: Tensor) -> Tensor:
        found = F.conv2d(maps, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
        return found if self.activation is None else self.activation(found)


@dataclass(frozen=True)
class Operation:
    """One step: `compute` of the values numbered `takes`; value 0 is the pictures, value n the result of step n.

    `is_local`: each cell of the result depends on the same cell of each value alone. `stencil`: on its surroundings.
    Where neither is given, on anything. `shape` is that of the result for one picture.
    """

    takes: tuple[int, ...]
    compute: Compute
    shape: tuple[int, ...]
    is_local: bool = False
    stencil: Stencil | None = None
    in_place: Compute | None = None  # the same, changing what it takes


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


def program_of(model: nn.Module, image: Tensor) -> Program:
    """What `model` does with pictures like `image` (1, 3, H, W), batch norms folded into the convolutions before them.

    Raises NotUnderstoodError; what the network itself raises is passed on.
    """
    recorder = _Recorder(image)
    with torch.no_grad(), recorder:
        answer = model(recorder.image)
    steps = recorder.steps
    number = recorder.number_of(answer) if isinstance(answer, Tensor) else None
    if not steps or number != len(steps):
        raise NotUnderstoodError
    return Program(_folded([_operation(step) for step in steps]))


def program_like(model: nn.Module, images: Tensor) -> Program | None:
    """The program of `model`, or None where it has none that answers `images` (N, 3, H, W) as `model` does."""
    try:
        program = program_of(model, images[:1])
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
        """Whether another value lies in the memory of `changed`."""
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
    return replace(_anywhere(step), is_local=len(step.shape) == 4 and by_channel)


def _activation(step: _Step) -> Operation:
    return replace(_local(step), in_place=_again(step, in_place=True))


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
    return _convolved(
        step.takes, step.shape, Convolution(weight, bias, _two(stride), _two(padding), _two(dilation), groups)
    )


def _convolved(takes: tuple[int, ...], shape: tuple[int, ...], convolution: Convolution) -> Operation:
    c = convolution
    kernel = (c.weight.shape[2], c.weight.shape[3])
    unpadded = replace(c, padding=(0, 0))
    return Operation(takes, c, shape, stencil=Stencil(kernel, c.stride, c.padding, c.dilation, 0.0, unpadded))


def _told(step: _Step, *defaults: Any) -> list[Any]:
    """The arguments after the first two, and what is usual for those that are not given."""
    given = list(step.arguments[2:])
    return given + list(defaults[len(given) :])


def _largest(step: _Step) -> Operation:
    size, (stride, padding, dilation, _) = _two(step.arguments[1]), _told(step, (), (0, 0), (1, 1), False)
    by, over = _two(stride or size), _two(dilation)
    stencil = Stencil(size, by, _two(padding), over, -torch.inf, lambda maps: F.max_pool2d(maps, size, by, 0, over))
    return replace(_anywhere(step), stencil=stencil)


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
        _anywhere(step), compute=_Scaling.of(weight, bias, mean, variance, eps), is_local=len(step.shape) == 4
    )


@dataclass(frozen=True)
class _Scaling:
    """x · factor + summand, a number of each a channel."""

    factor: Tensor
    summand: Tensor

    @classmethod
    def of(cls, weight: Tensor | None, bias: Tensor | None, mean: Tensor, variance: Tensor, eps: float) -> "_Scaling":
        factor = (variance.double() + eps).rsqrt()
        factor = factor if weight is None else factor * weight
        summand = -mean.double() * factor
        summand = summand if bias is None else summand + bias
        return cls(factor.to(mean.dtype), summand.to(mean.dtype))

    def __call__(self, maps: Tensor) -> Tensor:
        places = (-1, *[1] * (maps.ndim - 2))
        return torch.addcmul(self.summand.view(places), maps, self.factor.view(places))

    def after(self, convolution: Convolution) -> Convolution:
        weight = convolution.weight * self.factor.view(-1, 1, 1, 1)
        before = 0 if convolution.bias is None else convolution.bias * self.factor
        return replace(convolution, weight=weight, bias=self.summand + before)


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


def _folded(operations: list[Operation]) -> tuple[Operation, ...]:
    """Batch norms and activations made parts of the convolutions whose results nothing else takes."""
    users = Counter(number for operation in operations for number in operation.takes)
    found: list[Operation] = []
    source = [0]  # where the value of each number is now
    for operation in operations:
        before = operation.takes[0]
        joined = _joined(found[source[before] - 1], operation) if before and users[before] == 1 else None
        if joined is not None:
            found[source[before] - 1] = joined
        else:
            found.append(replace(operation, takes=tuple(source[number] for number in operation.takes)))
        source.append(source[before] if joined is not None else len(found))
    return tuple(found)


def _joined(before: Operation, after: Operation) -> Operation | None:
    """Both as one, where `before` is a convolution without an activation."""
    convolution = before.compute
    if not isinstance(convolution, Convolution) or convolution.activation is not None:
        return None
    if isinstance(after.compute, _Scaling):
        return _convolved(before.takes, before.shape, after.compute.after(convolution))
    if after.in_place is not None:
        return _convolved(before.takes, before.shape, replace(convolution, activation=after.in_place))
    return None
