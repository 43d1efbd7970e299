"""Pictures as tensors in bulk, and the light augmentation of training."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from models.image_files import read_image
from models.photographs import Photograph
from models.transform import Transform, fitted


def read_pixels(images: Sequence[Photograph], transform: Transform, batch_size: int) -> Iterator[Tensor]:
    """Batches of the pictures in order, each uint8 (≤ batch_size, 3, image_size, image_size)."""
    for start in range(0, len(images), batch_size):
        yield torch.stack([fitted(read_image(i.path), transform) for i in images[start : start + batch_size]])


def augment(inputs: Tensor, rng: torch.Generator) -> Tensor:
    """Mirror, enlarge or shrink, shift and tint every picture of (N, 3, H, W) a little; edges are mirrored outwards."""
    count = len(inputs)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.empty(count, *shape).uniform_(low, high, generator=rng)

    zoom = uniform(0.75, 1.1)
    affine = torch.zeros(count, 2, 3)
    affine[:, 0, 0] = zoom * uniform(-1, 1).sign()
    affine[:, 1, 1] = zoom
    affine[:, :, 2] = uniform(-0.12, 0.12, 2)
    grid = functional.affine_grid(affine, list(inputs.shape), align_corners=False)
    moved = functional.grid_sample(inputs, grid, padding_mode="reflection", align_corners=False)
    return moved * uniform(0.8, 1.2, 3, 1, 1) + uniform(-0.2, 0.2, 3, 1, 1)
