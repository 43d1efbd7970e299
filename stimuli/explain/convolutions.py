"""The gradient of a convolution's input, for a stack of gradients of its output."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.graph import Node

from stimuli.explain.graph import saved

BYTES_OF_COLUMNS = 2**30
"""How much memory patches may take on a GPU before they are summed."""


@dataclass(frozen=True)
class Settings:
    """How a recorded convolution was made, in the words and the order of torch's operator."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    transposed: bool
    output_padding: tuple[int, ...]
    groups: int


def settings_of(node: Node) -> Settings:
    """The settings of a convolution's node."""
    return Settings(*(saved(node, name) for name in Settings.__dataclass_fields__))


def layout_of(maps: Tensor) -> torch.memory_format:
    """Channels last where `maps` (N, K, u, v) are stored so."""
    last = maps.is_contiguous(memory_format=torch.channels_last) and not maps.is_contiguous()
    return torch.channels_last if last else torch.contiguous_format


def input_gradient(gradients: Tensor, weight: Tensor, shape: tuple[int, ...], settings: Settings) -> Tensor:
    """From `gradients` (E, K, u, v) at the output and `weight` (K, C, k, k) to those at the input, of `shape`."""
    if weight.device.type == "cpu":
        if _is_coarse(weight, settings):
            return _by_phases(gradients, weight, shape, settings)
    elif _has_few_channels(weight, settings):
        return by_columns(gradients, weight, shape, settings)
    source = torch.empty(  # never read: the gradient of the input needs its shape alone
        shape, dtype=gradients.dtype, device=gradients.device, memory_format=layout_of(gradients)
    )
    options = (getattr(settings, name) for name in Settings.__dataclass_fields__)
    found, _, _ = torch.ops.aten.convolution_backward(gradients, source, weight, None, *options, [True, False, False])
    return found


def _is_coarse(weight: Tensor, settings: Settings) -> bool:
    """Whether this is a first layer: a large kernel with a stride, from the picture's few channels."""
    stride = settings.stride[0]
    return (
        _has_few_channels(weight, settings)
        and 1 < stride == settings.stride[1]
        and min(weight.shape[2:]) >= 2 * stride
        and tuple(settings.dilation) == (1, 1)
    )


def _has_few_channels(weight: Tensor, settings: Settings) -> bool:
    """Whether this is a convolution of the picture itself."""
    return weight.shape[1] <= 4 and settings.groups == 1 and not settings.transposed


def _by_phases(gradients: Tensor, weight: Tensor, shape: tuple[int, ...], settings: Settings) -> Tensor:
    """The same gradient as an ordinary convolution with s² times the channels, each a phase of the stride s.

    Input pixel s·q + r takes from output o the weight at s·t + r with t = q − o. A convolution that answers with three
    channels leaves the processor's vector units nearly empty; with 3·s² it fills them, three times as fast.
    """
    stride, (height, width) = settings.stride[0], shape[2:]
    taps = [-(-extent // stride) for extent in weight.shape[2:]]
    padded = F.pad(weight, (0, taps[1] * stride - weight.shape[3], 0, taps[0] * stride - weight.shape[2]))
    phases = padded.unflatten(3, (taps[1], stride)).unflatten(2, (taps[0], stride)).flip(2, 4)
    kernels = phases.permute(1, 3, 5, 0, 2, 4).flatten(0, 2)  # (C·s·s, K, taps, taps)
    fine = F.pixel_shuffle(F.conv2d(gradients, kernels, padding=(taps[0] - 1, taps[1] - 1)), stride)
    top, left = settings.padding
    missing = (0, max(0, left + width - fine.shape[3]), 0, max(0, top + height - fine.shape[2]))
    reaching = F.pad(fine, missing) if any(missing) else fine  # pixels that no output has seen
    return reaching[:, :, top : top + height, left : left + width]


def by_columns(gradients: Tensor, weight: Tensor, shape: tuple[int, ...], settings: Settings) -> Tensor:
    """The same gradient as one matrix product and a sum of overlapping patches.

    cuDNN has no fast kernel that answers with three channels: on an H100 its own takes a tenth of all time with VGG-16.
    """
    kernel = weight.flatten(1).T  # (C·k·k, K)
    column_bytes = kernel.shape[0] * gradients.shape[2:].numel() * gradients.itemsize
    together = max(1, BYTES_OF_COLUMNS // column_bytes)
    options = {"dilation": settings.dilation, "padding": settings.padding, "stride": settings.stride}
    return torch.cat(
        [F.fold(kernel @ part.flatten(2), shape[2:], weight.shape[2:], **options) for part in gradients.split(together)]
    )
