"""A visualization as a file, before it is stored."""

import hashlib
from dataclasses import dataclass

import numpy as np

from stimuli.produce.png import encode_png


@dataclass(frozen=True)
class Scores:
    """What a network said of an image, for one category; None where that is not known."""

    logit: float | None = None
    probability: float | None = None  # sigmoid of the logit; softmax for a single label
    top_category: str | None = None


@dataclass(frozen=True)
class Picture:
    """A visualization as a file's bytes, with their hash, and what the network said of the image."""

    png: bytes
    sha256: str
    width: int
    height: int
    scores: Scores


def picture_of(pixels: np.ndarray, scores: Scores) -> Picture:
    """The file of `pixels` (H, W, 3) uint8: written anew, without metadata."""
    png = encode_png(pixels)
    height, width, _ = pixels.shape
    return Picture(png, hashlib.sha256(png).hexdigest(), width, height, scores)
