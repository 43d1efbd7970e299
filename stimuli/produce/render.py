"""Maps to pictures: pure, versioned recipes.

The stimulus set's provenance has the recipe's name. When a recipe's pixels change, it gets a new name: a test holds
each one to a hash.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from stimuli.errors import RenderingError

MID_GREY = 128


def paper_v1(maps: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The rendering of Selvaraju et al.: (P, 3, H, W) or (P, 1, H, W) raw maps to (P, H, W, 3) uint8, RGB.

    `low` and `high` (P, 1, 1, 1) are each map's least and greatest number, in float64.

    Pixel-space maps: ONE min–max over channels and pixels of each map, nothing clipped, no gamma; zero is therefore
    grey of a shade that differs from map to map. One-channel maps: min–max, then the jet colours, without the photo
    underneath, which class discrimination must not show. A map that is constant (an all-zero Grad-CAM) says nothing
    and is drawn in mid grey.
    """
    constant = high == low
    # In float64, for products of gradients may be too small for float32 to subtract.
    levels = (maps.double() - low).div_(torch.where(constant, 1, high - low))  # in [0, 1]
    colours = levels if maps.shape[1] == 3 else _jet(levels)
    pixels = colours.mul_(255).round_().to(torch.uint8)
    return pixels.masked_fill_(constant, MID_GREY).permute(0, 2, 3, 1)


RECIPES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"paper-v1": paper_v1}


def render(maps: Tensor, recipe: str) -> Tensor:
    """Draw raw `maps` (P, 3 or 1, H, W) as (P, H, W, 3) uint8, RGB.

    Raises RenderingError for NaN or infinity, another shape, or an unknown recipe.
    """
    if recipe not in RECIPES:
        raise RenderingError(f"unknown rendering recipe {recipe!r}; known are {', '.join(RECIPES)}")
    if maps.ndim != 4 or maps.shape[1] not in (1, 3):
        raise RenderingError(f"a map has 1 or 3 channels, (P, C, H, W); this has the shape {tuple(maps.shape)}")
    low, high = (extreme(maps, (1, 2, 3), keepdim=True).double() for extreme in (torch.amin, torch.amax))
    if not (low.isfinite() & high.isfinite()).all():  # both pass NaN on
        places = (~maps.isfinite()).flatten(1).any(1).nonzero().flatten().tolist()
        raise RenderingError(
            f"maps {places} hold NaN or infinity and cannot be drawn; the network's weights or its input are broken"
        )
    together = 1 if maps.device.type == "cpu" else len(maps)  # one map stays in a processor's cache
    parts = zip(*(numbers.split(together) for numbers in (maps, low, high)), strict=True)
    return torch.cat([RECIPES[recipe](*part) for part in parts])


def _jet(levels: Tensor) -> Tensor:
    """Blue → cyan → yellow → red, piecewise linear: (P, 1, H, W) in [0, 1] to (P, 3, H, W) in [0, 1]."""
    return torch.cat([1.5 - (4 * levels - centre).abs() for centre in (3, 2, 1)], 1).clamp(0, 1)
