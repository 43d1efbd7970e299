"""From the cells of feature maps to a map of the picture's size."""

import torch
import torch.nn.functional as F
from torch import Tensor

CELLS_ALIKE = 64
"""A map whose cells differ by no more than this many units of rounding is constant."""


def weighted(weights: Tensor, activations: Tensor) -> Tensor:
    """Σ_k weights_k · activations^k, from (R, K) and (R, K, u, v) to (R, 1, u, v)."""
    return torch.einsum("rk,rkuv->ruv", weights, activations).unsqueeze(1)


def enlarged(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """`maps` (R, 1, u, v) at the `size` of the pictures, (R, 1, H, W)."""
    # Corners aligned, as in the authors' code: the map's corner values are at the picture's corner pixels.
    large = F.interpolate(maps, size=size, mode="bilinear", align_corners=True)
    return constant_where(is_constant(maps), maps, large)


def is_constant(maps: Tensor) -> Tensor:
    """Which maps (R, 1, u, v) differ by rounding alone, (R, 1, 1, 1)."""
    low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
    return high - low <= CELLS_ALIKE * torch.finfo(maps.dtype).eps * torch.maximum(low.abs(), high.abs())


def constant_where(constant: Tensor, maps: Tensor, large: Tensor) -> Tensor:
    """`large`, and where a map is `constant` its first cell throughout: drawing would stretch rounding to noise."""
    return torch.where(constant, maps[:, :, :1, :1], large)
