"""Maps to pictures: pure, versioned recipes.

The stimulus set's provenance has the recipe's name and parameters. When a recipe's pixels change, it gets a new name: a
test holds each one to a hash.
"""

import math
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from stimuli.errors import RenderingError
from stimuli.rendering import RECIPES, Rendering

MID_GREY = 128
LUMA = (0.299, 0.587, 0.114)  # of ITU-R BT.601: a photograph in grey
Draw = Callable[[Tensor, Rendering, Tensor | None], Tensor]


def paper_v1(maps: Tensor, _rendering: Rendering, _photographs: Tensor | None) -> Tensor:
    """The rendering of Selvaraju et al.: (P, 3, H, W) or (P, 1, H, W) raw maps to (P, H, W, 3) uint8, RGB.

    Pixel-space maps: ONE min–max over channels and pixels of each map, nothing clipped, no gamma; zero is therefore
    grey of a shade that differs from map to map. One-channel maps: min–max, then the jet colours, without the photo
    underneath, which class discrimination must not show. A map that is constant (an all-zero Grad-CAM) says nothing
    and is drawn in mid grey.
    """
    low, high = (extreme(maps, (1, 2, 3), keepdim=True).double() for extreme in (torch.amin, torch.amax))
    constant = high == low
    # In float64, for products of gradients may be too small for float32 to subtract.
    levels = (maps.double() - low).div_(torch.where(constant, 1, high - low))  # in [0, 1]
    colours = levels if maps.shape[1] == 3 else _jet(levels)
    pixels = colours.mul_(255).round_().to(torch.uint8)
    return pixels.masked_fill_(constant, MID_GREY).permute(0, 2, 3, 1)


def signed_v1(maps: Tensor, rendering: Rendering, _photographs: Tensor | None) -> Tensor:
    """Zero is mid grey (#808080) in every picture, above it is lighter, below it darker, by the same steps.

    Channels are red, green and blue; a map of one channel is grey. Each map has its own strength (`_strengths`).
    """
    steps = _strengths(maps, rendering).mul_(127).round_() * maps.sign()
    return (steps + MID_GREY).to(torch.uint8).expand(-1, 3, -1, -1).permute(0, 2, 3, 1)


def heat_v1(maps: Tensor, rendering: Rendering, _photographs: Tensor | None) -> Tensor:
    """How strongly each place speaks for the category, in the colours of inferno, from none (black) to most.

    Of three channels the greatest size counts (Simonyan et al., 2014, section 3.1); one channel counts where it is
    positive.
    """
    return _inferno(maps.device)[_heat(maps, rendering).mul_(255).round_().long()[:, 0]].round().to(torch.uint8)


def overlay_v1(maps: Tensor, rendering: Rendering, photographs: Tensor | None) -> Tensor:
    """The colours of `heat_v1` over the photograph in grey, the more opaque the stronger, up to `opacity`."""
    if photographs is None:
        raise RenderingError("overlay-v1 draws over photographs and was given none")
    heat = _heat(maps, rendering)
    grey = (photographs.double() * photographs.new_tensor(LUMA).double().view(3, 1, 1)).sum(1, keepdim=True) * 255
    colours = _inferno(maps.device)[(heat * 255).round_().long()[:, 0]].permute(0, 3, 1, 2)
    opacity = heat.mul_(rendering.opacity)
    return (grey + (colours - grey) * opacity).round_().to(torch.uint8).permute(0, 2, 3, 1)


DRAW: dict[str, Draw] = {
    "paper-v1": paper_v1,
    "signed-v1": signed_v1,
    "heat-v1": heat_v1,
    "overlay-v1": overlay_v1,
}


def render(maps: Tensor, rendering: Rendering, photographs: Tensor | None = None) -> Tensor:
    """Draw raw `maps` (P, 3 or 1, H, W) as (P, H, W, 3) uint8, RGB; `photographs` (P, 3, H, W) in [0, 1].

    Raises RenderingError for NaN or infinity, another shape, an unknown recipe, or a photograph that is missing.
    """
    if rendering.recipe not in DRAW:
        raise RenderingError(f"unknown rendering recipe {rendering.recipe!r}; known are {', '.join(RECIPES)}")
    if maps.ndim != 4 or maps.shape[1] not in (1, 3):
        raise RenderingError(f"a map has 1 or 3 channels, (P, C, H, W); this has the shape {tuple(maps.shape)}")
    if not maps.isfinite().all():
        places = (~maps.isfinite()).flatten(1).any(1).nonzero().flatten().tolist()
        raise RenderingError(
            f"maps {places} hold NaN or infinity and cannot be drawn; the network's weights or its input are broken"
        )
    together = 1 if maps.device.type == "cpu" else len(maps)  # one map stays in a processor's cache
    parts = maps.split(together)
    under = [None] * len(parts) if photographs is None else photographs.split(together)
    draw = DRAW[rendering.recipe]
    return torch.cat([draw(part, rendering, photograph) for part, photograph in zip(parts, under, strict=True)])


def _strengths(maps: Tensor, rendering: Rendering) -> Tensor:
    """The size of each number beside the given percentile of its map's sizes (nearest rank), to gamma: in [0, 1].

    Where that percentile is 0 the greatest size counts, so that a map with few numbers is not lost. In float64, for
    products of gradients may be too small for float32 to divide.
    """
    sizes = maps.double().abs()
    each = sizes.flatten(1)
    rank = max(math.ceil(rendering.percentile / 100 * each.shape[1]), 1)
    full = each.kthvalue(rank, 1).values
    full = torch.where(full > 0, full, each.amax(1)).view(-1, 1, 1, 1)
    return sizes.div_(torch.where(full > 0, full, 1)).clamp_(max=1).pow_(rendering.gamma)


def _heat(maps: Tensor, rendering: Rendering) -> Tensor:
    """(P, 1, H, W) in [0, 1]."""
    return _strengths(maps.abs().amax(1, keepdim=True) if maps.shape[1] == 3 else maps.clamp(min=0), rendering)


def _jet(levels: Tensor) -> Tensor:
    """Blue → cyan → yellow → red, piecewise linear: (P, 1, H, W) in [0, 1] to (P, 3, H, W) in [0, 1]."""
    return torch.cat([1.5 - (4 * levels - centre).abs() for centre in (3, 2, 1)], 1).clamp(0, 1)


@cache
def _inferno(device: torch.device) -> Tensor:
    """(256, 3) in [0, 255]: black, purple, orange, yellow in steps that look equal; readable without red or green."""
    from matplotlib import colormaps  # takes a while to load, and few recipes need it

    return torch.from_numpy(colormaps["inferno"](range(256))[:, :3]).to(device) * 255
