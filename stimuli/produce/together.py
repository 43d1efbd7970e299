"""Pictures of several networks on one scale: their maps are drawn as one, and the picture is cut again."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from stimuli.produce.render import render
from stimuli.produce.tiling import cut, tiled
from stimuli.produce.visualize import Explained
from stimuli.rendering import Rendering


def drawn_together(found: Sequence[Explained]) -> list[Explained]:
    """What several networks explained of the same pairs by the same methods, drawn: a pair's maps by one method have
    one scale."""
    under = None if found[0].photographs is None else [of.photographs for of in found if of.photographs is not None]
    drawn = {
        method: on_one_scale([of.maps[method] for of in found], rendering, under)
        for method, rendering in found[0].joint.items()
    }
    return [
        replace(of, maps={method: pixels[place] for method, pixels in drawn.items()}, drawn=True)
        for place, of in enumerate(found)
    ]


def on_one_scale(
    maps: Sequence[Tensor], rendering: Rendering, photographs: Sequence[Tensor] | None = None
) -> list[Tensor]:
    """Each of the `maps` (P, C, H, W) as (P, H, W, 3) uint8; the maps at one place of all of them have one scale.

    `photographs` (P, 3, H, W) in [0, 1] for each of them where the recipe draws over one.
    """
    count = len(maps)
    under = None if photographs is None else _below_each_other(photographs)
    pictures = render(_below_each_other(maps), rendering, under)
    return list(torch.stack([cut(picture, count, columns=1) for picture in pictures], 1))


def _below_each_other(maps: Sequence[Tensor]) -> Tensor:
    """(P, C, count · H, W)."""
    return tiled(torch.stack(list(maps), 1).flatten(0, 1), len(maps), columns=1)
