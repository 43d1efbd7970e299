"""Products with a linear layer's weights in less than single precision."""

import torch
from torch import Tensor

LARGE = 2**22
"""Weights from which on rounding them costs less than it saves; smaller layers stay exact."""

ROWS_AT_ONCE = 256
"""Weights of this many outputs are rounded, used and forgotten while the processor's cache holds them."""


def rounded_product(gradients: Tensor, weight: Tensor, precision: torch.dtype) -> Tensor:
    """`gradients` (…, K) times `weight` (K, C), both rounded to `precision`, summed in the precision of `weight`.

    Rounding all weights at once would write and read them once more than the exact product does.
    """
    rounded = gradients.to(precision)
    if weight.device.type != "cpu":
        return (rounded @ weight.to(precision)).to(weight.dtype)
    held = torch.empty((ROWS_AT_ONCE, weight.shape[1]), dtype=precision, device=weight.device)
    total = weight.new_zeros((*gradients.shape[:-1], weight.shape[1]))
    for part, rows in zip(rounded.split(ROWS_AT_ONCE, -1), weight.split(ROWS_AT_ONCE), strict=True):
        total += part @ held[: len(rows)].copy_(rows)
    return total
