"""What a program is made of: operations on feature maps, and those that are computed in a way of their own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

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
class Padded:
    """A stencil on whole maps: with what it sees outside of them around, to a result of `shape` (rows, columns)."""

    stencil: Stencil
    shape: Sequence[int]

    def __call__(self, maps: Tensor) -> Tensor:
        (above, below), (left, right) = (self._margins(axis, maps.shape[axis + 2]) for axis in (0, 1))
        margins = (left, right, above, below)
        return self.stencil.unpadded(F.pad(maps, margins, value=self.stencil.outside) if any(margins) else maps)

    def _margins(self, axis: int, extent: int) -> tuple[int, int]:
        """How many cells before the first and behind the last one are seen; less than 0 where the last is not."""
        stencil, last = self.stencil, self.shape[axis] - 1
        seen = last * stencil.stride[axis] + (stencil.kernel[axis] - 1) * stencil.dilation[axis] + 1
        return stencil.padding[axis], seen - extent - stencil.padding[axis]


@dataclass(frozen=True)
class Activation:
    """A function of each cell that changes its argument, and its name and numbers in oneDNN, None where it has none."""

    in_place: Compute
    name: str | None = None
    numbers: tuple[float, ...] = ()


_FUSED = getattr(torch.ops.mkldnn, "_convolution_pointwise", None)
"""torch's convolution with an activation in the same pass over memory; not documented, so perhaps not there."""


@dataclass(frozen=True)
class Convolution:
    """The weights (K, C, k, k) and bias (K,) of a convolution and its settings."""

    weight: Tensor
    bias: Tensor | None
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    activation: Activation | None = None

    def __call__(self, maps: Tensor) -> Tensor:
        name = "none" if self.activation is None else self.activation.name
        if name is not None and _FUSED is not None and _is_of_onednn(maps):
            numbers = () if self.activation is None else self.activation.numbers
            settings = (self.padding, self.stride, self.dilation, self.groups)
            return _FUSED(maps, self.weight, self.bias, *settings, name, numbers, "")
        found = F.conv2d(maps, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
        return found if self.activation is None else self.activation.in_place(found)

    def of_channels(self, first: int, count: int) -> "Convolution":
        """The summand of `count` input channels from `first` on; the bias is the first one's."""
        weight = self.weight[:, first : first + count].contiguous(memory_format=torch.channels_last)
        return replace(self, weight=weight, bias=self.bias if first == 0 else None, activation=None)


def _is_of_onednn(maps: Tensor) -> bool:
    """Whether torch convolves `maps` by oneDNN, which takes an activation along."""
    return maps.device.type == "cpu" and maps.dtype == torch.float32 and bool(torch.backends.mkldnn.enabled)


@dataclass(frozen=True)
class Scaling:
    """x · factor + summand, a number of each a channel."""

    factor: Tensor
    summand: Tensor

    @classmethod
    def of(cls, weight: Tensor | None, bias: Tensor | None, mean: Tensor, variance: Tensor, eps: float) -> "Scaling":
        """That of a batch norm."""
        factor = (variance.double() + eps).rsqrt()
        factor = factor if weight is None else factor * weight
        summand = -mean.double() * factor
        summand = summand if bias is None else summand + bias
        return cls(factor.to(mean.dtype), summand.to(mean.dtype))

    def __call__(self, maps: Tensor) -> Tensor:
        places = (-1, *[1] * (maps.ndim - 2))
        return torch.addcmul(self.summand.view(places), maps, self.factor.view(places))

    def after(self, convolution: Convolution) -> Convolution:
        """Both as one."""
        weight = convolution.weight * self.factor.view(-1, 1, 1, 1)
        before = 0 if convolution.bias is None else convolution.bias * self.factor
        return replace(convolution, weight=weight, bias=self.summand + before)


@dataclass(frozen=True)
class Largest:
    """The largest cell of each window of `size`, moved by `stride`; (rows, columns).

    torch's own max-pooling also notes where each maximum was, which nobody asks for. On a CPU the maximum of rows and
    then of columns takes half the time.
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]

    def __call__(self, maps: Tensor) -> Tensor:
        if maps.device.type != "cpu":
            return F.max_pool2d(maps, self.size, self.stride, 0, self.dilation)
        return self._along(self._along(maps, 0), 1)

    def _along(self, maps: Tensor, axis: int) -> Tensor:
        size, stride, dilation, extent = self.size[axis], self.stride[axis], self.dilation[axis], maps.shape[axis + 2]
        last = (extent - (size - 1) * dilation - 1) // stride * stride
        starts = range(0, size * dilation, dilation)
        seen = [maps[(slice(None),) * (axis + 2) + (slice(start, start + last + 1, stride),)] for start in starts]
        return _maximum(seen)


def _maximum(values: Sequence[Tensor]) -> Tensor:
    if len(values) == 1:
        return values[0]
    found = torch.maximum(values[0], values[1])
    for value in values[2:]:
        torch.maximum(found, value, out=found)
    return found


@dataclass(frozen=True)
class Sum:
    """The sum of maps of one shape, and an activation of it."""

    activation: Activation | None

    def __call__(self, first: Tensor, *others: Tensor) -> Tensor:
        found = first + others[0]
        for other in others[1:]:
            found += other
        return found if self.activation is None else self.activation.in_place(found)


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
    activation: Activation | None = None  # the same, changing what it takes
    joins_channels: bool = False  # maps side by side, as one


def convolved(takes: tuple[int, ...], shape: tuple[int, ...], convolution: Convolution) -> Operation:
    """An operation that convolves."""
    c = convolution
    kernel = (c.weight.shape[2], c.weight.shape[3])
    unpadded = replace(c, padding=(0, 0))
    return Operation(takes, c, shape, stencil=Stencil(kernel, c.stride, c.padding, c.dilation, 0.0, unpadded))
