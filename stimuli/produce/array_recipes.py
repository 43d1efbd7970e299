"""The recipes of render.py for one map in numpy, for sets that are made without torch. A test holds both together."""

import math
from collections.abc import Callable

import numpy as np

from stimuli.rendering import Rendering

MID_GREY = 128
LUMA = (0.299, 0.587, 0.114)  # of ITU-R BT.601: a photograph in grey
Draw = Callable[[np.ndarray, Rendering, np.ndarray], np.ndarray]


def draw(found: np.ndarray, rendering: Rendering, photograph: np.ndarray) -> np.ndarray:
    """Draw a raw map (3 or 1, H, W) as (H, W, 3) uint8, RGB; `photograph` (H, W, 3) uint8 where the recipe shows it."""
    return _DRAW[rendering.recipe](found.astype(float), rendering, photograph)


def _paper_v1(found: np.ndarray, _rendering: Rendering, _photograph: np.ndarray) -> np.ndarray:
    low, high = found.min(), found.max()
    if low == high:
        return np.full((*found.shape[1:], 3), MID_GREY, np.uint8)
    levels = (found - low) / (high - low)
    if len(levels) == 1:
        levels = np.clip(np.concatenate([1.5 - np.abs(4 * levels - centre) for centre in (3, 2, 1)]), 0, 1)  # jet
    return (levels * 255).round().astype(np.uint8).transpose(1, 2, 0)


def _signed_v1(found: np.ndarray, rendering: Rendering, _photograph: np.ndarray) -> np.ndarray:
    steps = (_strengths(found, rendering) * 127).round() * np.sign(found) + MID_GREY
    return np.broadcast_to(steps.astype(np.uint8), (3, *found.shape[1:])).transpose(1, 2, 0)


def _heat_v1(found: np.ndarray, rendering: Rendering, _photograph: np.ndarray) -> np.ndarray:
    return _inferno()[(_heat(found, rendering) * 255).round().astype(int)].round().astype(np.uint8)


def _overlay_v1(found: np.ndarray, rendering: Rendering, photograph: np.ndarray) -> np.ndarray:
    heat = _heat(found, rendering)
    grey = ((photograph / np.float32(255)).astype(float) * np.array(LUMA, np.float32)).sum(2, keepdims=True) * 255
    colours = _inferno()[(heat * 255).round().astype(int)]
    return (grey + (colours - grey) * (heat * rendering.opacity)[..., None]).round().astype(np.uint8)


_DRAW: dict[str, Draw] = {
    "paper-v1": _paper_v1,
    "signed-v1": _signed_v1,
    "heat-v1": _heat_v1,
    "overlay-v1": _overlay_v1,
}


def _strengths(found: np.ndarray, rendering: Rendering) -> np.ndarray:
    sizes = np.abs(found)
    rank = max(math.ceil(rendering.percentile / 100 * sizes.size), 1)
    full = np.partition(sizes.ravel(), rank - 1)[rank - 1] or sizes.max() or 1.0
    return np.minimum(sizes / full, 1) ** rendering.gamma


def _heat(found: np.ndarray, rendering: Rendering) -> np.ndarray:
    """(H, W) in [0, 1]."""
    return _strengths(np.abs(found).max(0) if len(found) == 3 else np.maximum(found[0], 0), rendering)


def _inferno() -> np.ndarray:
    from matplotlib import colormaps  # takes a while to load, and few recipes need it

    return np.asarray(colormaps["inferno"](range(256))[:, :3] * 255)
