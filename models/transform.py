"""From a picture to a network's input."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.config import NetworkConfig
from models.photographs import Photograph

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Transform:
    """Squash the whole picture to `image_size`² px, scale it to [0, 1], normalise every channel.

    With `resize` its shape is kept: the shorter side gets this number of pixels, and the square in the middle is seen.
    """

    image_size: int
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    resize: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """As JSON; `resize` only where there is one."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def seen(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, top, width and height of what the network sees of a picture of `width` × `height`, in its pixels."""
        if self.resize is None:
            return 0, 0, width, height
        side = min(width, height) * self.image_size / self.resize
        return (width - side) / 2, (height - side) / 2, side, side


def transform_of(config: NetworkConfig) -> Transform:
    """What the definition says of a network's input."""
    resize = None if config.crop == "none" else config.resize or config.image_size
    return Transform(config.image_size, config.normalize.mean, config.normalize.std, resize)


def as_seen(image: Photograph, transform: Transform) -> Photograph:
    """The part of a photograph that the network sees, with its boxes where they are in it."""
    left, top, width, height = map(round, transform.seen(image.width, image.height))
    moved = tuple(
        replace(o, box=o.box and (o.box[0] - left, o.box[1] - top, o.box[2] - left, o.box[3] - top))
        for o in image.objects
    )
    return replace(image, width=width, height=height, objects=moved)


def fitted(image: Image.Image, transform: Transform) -> Tensor:
    """What the network sees of the RGB picture: uint8, (3, image_size, image_size); bilinear with antialiasing.

    The paper's code squashes too, so that nothing near the picture's edge is lost to a crop. With `resize` it is what
    torchvision's Resize and CenterCrop make of the picture.
    """
    side = transform.image_size
    if transform.resize is None:
        image = image.resize((side, side), Image.Resampling.BILINEAR)
    else:
        shorter = min(image.size)
        width, height = (int(transform.resize * length / shorter) for length in image.size)
        left, top = round((width - side) / 2), round((height - side) / 2)
        image = image.resize((width, height), Image.Resampling.BILINEAR).crop((left, top, left + side, top + side))
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).contiguous()


def normalise(pixels: Tensor, transform: Transform) -> Tensor:
    """uint8 (…, 3, H, W) to the float32 the network takes."""
    mean = torch.tensor(transform.mean).view(3, 1, 1)
    std = torch.tensor(transform.std).view(3, 1, 1)
    return (pixels / 255 - mean) / std


def preprocess(image: Image.Image, transform: Transform) -> Tensor:
    """The network's input for an RGB picture: float32, (3, image_size, image_size)."""
    return normalise(fitted(image, transform), transform)
