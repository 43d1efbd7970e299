"""Maps side by side: drawn as one map, so every recipe gives them one scale."""

import hashlib

import torch
from torch import Tensor

from contracts.tiles import TILES, columns_of
from stimuli.produce.shards import Shard

SHUFFLED = frozenset({"shuffled-grad-cam"})
"""Controls whose maps are exchanged among the tiles too: their strengths would tell the class without their places."""


def tiled(maps: Tensor, tiles: int = TILES, columns: int = columns_of(TILES)) -> Tensor:
    """(N · tiles, C, H, W) → (N, C, rows · H, columns · W), the tiles of each picture row by row."""
    rows = tiles // columns
    channels, height, width = maps.shape[1:]
    each = maps.view(-1, rows, columns, channels, height, width)  # picture, row, column, …
    return each.permute(0, 3, 1, 4, 2, 5).reshape(-1, channels, rows * height, columns * width)


def cut(picture: Tensor, tiles: int = TILES, columns: int = columns_of(TILES)) -> Tensor:
    """The tiles (tiles, H, W, …) of a picture (rows · H, columns · W, …), row by row."""
    rows = tiles // columns
    height, width = picture.shape[0] // rows, picture.shape[1] // columns
    each = picture.reshape(rows, height, columns, width, *picture.shape[2:])
    return each.transpose(1, 2).reshape(tiles, height, width, *picture.shape[2:])


def exchanged(maps: Tensor, shard: Shard) -> Tensor:
    """The maps (N · TILES, …) of each image in an order that a hash of its name gives, the same in every run."""
    orders = [_order(image.image_id) + TILES * number for number, image in enumerate(shard.images)]
    return maps[torch.cat(orders).to(maps.device)]


def _order(image_id: str) -> Tensor:
    seed = int.from_bytes(hashlib.sha256(f"tiles\x1f{image_id}".encode()).digest()[:7], "big")
    return torch.randperm(TILES, generator=torch.Generator().manual_seed(seed))
