"""Maps that look at nothing: what a metric gives for them is what a method's figure has to be compared with."""

import hashlib
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

Size = tuple[int, int]  # height, width


def uniform(size: Size, _image_id: str, _seed: int) -> Tensor:
    """1 everywhere: the box of the whole picture."""
    return torch.ones(size, dtype=torch.float64)


def centre(size: Size, _image_id: str, _seed: int) -> Tensor:
    """A pyramid, 1 in the middle and near 0 at the edges: above a threshold t it is a box of 1 − t of both sides."""
    y, x = (1 - ((torch.arange(n, dtype=torch.float64) + 0.5) * 2 / n - 1).abs() for n in size)
    return torch.minimum(y[:, None], x[None, :])


def random(size: Size, image_id: str, seed: int) -> Tensor:
    """Independent numbers from 0 to 1, always the same for one image and seed."""
    digest = hashlib.sha256(f"{seed}\x1f{image_id}".encode()).digest()
    return torch.from_numpy(np.random.default_rng(int.from_bytes(digest[:8])).random(size))


BASELINE_MAPS: dict[str, Callable[[Size, str, int], Tensor]] = {"uniform": uniform, "centre": centre, "random": random}
