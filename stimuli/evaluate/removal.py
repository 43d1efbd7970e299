"""Pictures from which pixels are taken away in the order of a map."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def removal_order(heat: Tensor, seed: int = 0) -> Tensor:
    """The pixels' numbers (H·W,) from the most to the least relevant of `heat` (H, W); ties at random, from `seed`."""
    values = heat.detach().double().cpu().numpy().ravel()
    shuffled = np.random.default_rng(seed).permutation(len(values))
    return torch.from_numpy(np.lexsort((shuffled, -values)))


def first_of(order: Tensor, fraction: float, size: tuple[int, int]) -> Tensor:
    """(H, W) bool: the first `fraction` of the pixels in `order`."""
    chosen = torch.zeros(len(order), dtype=torch.bool)
    chosen[order[: round(fraction * len(order))]] = True
    return chosen.view(size)


def mixed(inside: Tensor, outside: Tensor, masks: Sequence[Tensor]) -> Tensor:
    """(V, 3, H, W): the picture `inside` (3, H, W) where each of `masks` (H, W) is True, else `outside`."""
    return torch.where(torch.stack(list(masks)).unsqueeze(1).to(inside.device), inside, outside)


def area(curve: Sequence[float]) -> float:
    """Under a curve over equal steps from 0 to 1, by trapezoids."""
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))
