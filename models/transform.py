"""From a picture to a network's input."""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Transform:
    """Squash the whole picture to `image_size`² px, scale it to [0, 1], normalise every channel."""

    image_size: int
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD


def squash(image: Image.Image, image_size: int) -> Tensor:
    """The RGB picture at `image_size`², bilinear with antialiasing, its shape not kept: uint8, (3, H, W).

    The paper's code squashes too, so that nothing near the picture's edge is lost to a crop.
    """
    pixels = np.asarray(image.resize((image_size, image_size), Image.Resampling.BILINEAR))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).contiguous()


def normalise(pixels: Tensor, transform: Transform) -> Tensor:
    """uint8 (…, 3, H, W) to the float32 the network takes."""
    mean = torch.tensor(transform.mean).view(3, 1, 1)
    std = torch.tensor(transform.std).view(3, 1, 1)
    return (pixels / 255 - mean) / std


def preprocess(image: Image.Image, transform: Transform) -> Tensor:
    """The network's input for an RGB picture: float32, (3, image_size, image_size)."""
    return normalise(squash(image, transform.image_size), transform)
