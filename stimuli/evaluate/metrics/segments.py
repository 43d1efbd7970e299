"""From a map to the boxes of its segments above a threshold, and how boxes overlap."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from stimuli.evaluate.metrics.metric import Edges

_TOUCHING = {4: ndimage.generate_binary_structure(2, 1), 8: ndimage.generate_binary_structure(2, 2)}


@dataclass(frozen=True)
class Segments:
    """Boxes (K, 4) of all segments above a threshold, x0 y0 x1 y1 in pixels from 0, and which one is the largest."""

    boxes: np.ndarray
    largest: int

    @property
    def main(self) -> np.ndarray:
        """(1, 4), or (0, 4) where there is no segment."""
        return self.boxes[self.largest : self.largest + 1]


def segments(mask: np.ndarray, neighbours: int) -> Segments:
    """The connected segments of a mask (H, W); the largest has most pixels, the first in reading order of several."""
    labels, count = ndimage.label(mask, _TOUCHING[neighbours])
    if not count:
        return Segments(np.zeros((0, 4)), 0)
    found = [(x.start, y.start, x.stop, y.stop) for y, x in ndimage.find_objects(labels)]
    return Segments(np.array(found, float), int(np.bincount(labels.ravel())[1:].argmax()))


def overlaps(boxes: np.ndarray, others: Sequence[Edges]) -> np.ndarray:
    """Intersection over union of `boxes` (K, 4) with each of `others`: (K, number of others)."""
    told = np.asarray(others, float).reshape(-1, 4)
    low = np.maximum(boxes[:, None, :2], told[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], told[None, :, 2:])
    shared = (high - low).clip(min=0).prod(2)
    return np.asarray(shared / (_area(boxes)[:, None] + _area(told)[None] - shared))


def _area(boxes: np.ndarray) -> np.ndarray:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).prod(1))


def thresholds(steps: int) -> tuple[float, ...]:
    """`steps` numbers from 0 to below 1, evenly spaced."""
    return tuple(step / steps for step in range(steps))


def stretched(heat: np.ndarray) -> np.ndarray:
    """A map from 0 to 1 (min–max); one of a single number is 1 throughout, or 0 where that is not positive."""
    low, high = heat.min(), heat.max()
    return (heat - low) / (high - low) if high > low else np.full_like(heat, float(high > 0))
