"""Maps small enough to be kept of every photograph: what the page's pictures are drawn from."""

import base64
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SIDE = 56  # cells across and down


def small_map(heat: Tensor) -> str:
    """A map (H, W) as text: positive values in 256 steps of its maximum, at SIDE × SIDE cells."""
    positive = heat.clamp(min=0)[None, None]
    small = F.interpolate(positive, size=(SIDE, SIDE), mode="area")[0, 0]
    most = small.max()
    levels = (small / most * 255 if most > 0 else small).round().to(torch.uint8).numpy()
    return base64.b64encode(zlib.compress(levels.tobytes())).decode()


def drawn_from(text: str) -> np.ndarray:
    """The map (SIDE, SIDE) from 0 to 1 that `small_map` wrote."""
    levels = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    return levels.reshape(SIDE, SIDE) / 255
