"""How much of a drawn map is in a category's boxes: the energy-based pointing game of Wang et al. (2020, Score-CAM,
section 4.3), share = Σ energy inside / Σ energy.

Only drawn pictures are kept of a stimulus set, so energy is read from them. In pixel space (guided backpropagation,
deconvolution and their products with Grad-CAM) zero is drawn as a grey whose shade differs from map to map, and most
of a map is near zero: energy is |pixel − median colour|, summed over the three channels. Heat maps (Grad-CAM, CAM,
occlusion, and all that is drawn as heat) have a colour for each level: energy is the level whose colour comes closest,
from 0 to 1. A picture of one colour has no energy at all.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.boxes import Box
from stimuli.errors import RenderingError
from stimuli.produce.render import render
from stimuli.rendering import Rendering

HEAT_RECIPES = {"heat-v1"}
HEAT_MAPS = {
    *("grad-cam", "counterfactual-grad-cam", "cam", "occlusion"),
    *("grad-cam-plus-plus", "layer-cam", "score-cam", "rise"),
}
_LEVELS = torch.linspace(0, 1, 256)


def energy(picture: Tensor, method: str, rendering: Rendering) -> Tensor:
    """(H, W) of a picture (H, W, 3) uint8 that `method` and `rendering` drew."""
    levels = picture.double()
    if rendering.facts.shows_photograph or rendering.facts.is_finished:
        why = "draws over the photograph" if rendering.facts.shows_photograph else "shows pictures made elsewhere"
        raise RenderingError(f"energy cannot be read from {rendering.recipe}, which {why}; leave out this observer")
    if method in HEAT_MAPS or rendering.recipe in HEAT_RECIPES:
        colours = render(_LEVELS.view(1, 1, 1, -1), rendering)[0, 0].double()
        found = _LEVELS[torch.cdist(levels.flatten(0, 1), colours).argmin(1)].view(picture.shape[:2])
        return found if (levels != levels[0, 0]).any() else torch.zeros_like(found)
    return (levels - levels.flatten(0, 1).median(0).values).abs().sum(2)


def share_in_boxes(energies: Tensor, boxes: Sequence[Box], width: int, height: int) -> float:
    """Share of `energies` (H, W) in the union of `boxes`, in pixels of an image of `width` × `height` as VOC counts
    them (from 1, both ends inside), squashed to the map's size. 0 without energy.
    """
    rows, columns = energies.shape
    x, y = (torch.arange(columns) + 0.5) * width / columns, (torch.arange(rows) + 0.5) * height / rows
    inside = torch.zeros(rows, columns, dtype=torch.bool)
    for left, top, right, bottom in boxes:
        inside |= ((y >= top - 1) & (y <= bottom))[:, None] & ((x >= left - 1) & (x <= right))[None, :]
    total = energies.sum()
    return float(energies[inside].sum() / total) if total > 0 else 0.0
