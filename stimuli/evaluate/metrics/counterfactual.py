"""Counterfactual explanations: whether the score rises without the region that a map names.

Section 3.2 of the Grad-CAM paper says that removing what counterfactual Grad-CAM shows makes the network more sure. It
gives no figure. Here the largest region of a map is taken away, and regions of its size and shape at random places.
"""

import hashlib

import numpy as np
import torch
from scipy.ndimage import label
from torch import Tensor

from stimuli.evaluate.filling import FILLS, taken_away
from stimuli.evaluate.metrics.metric import NETWORK, Column, Measured, Metric, Sample
from stimuli.evaluate_config import CounterfactualOptions


def measure(sample: Sample, options: CounterfactualOptions) -> Measured:
    region = largest_region(sample.heat, options.threshold)
    if region is None:
        return Measured()
    random = np.random.default_rng(int.from_bytes(hashlib.sha256(sample.image.image_id.encode()).digest()[:8]))
    others = [moved(region, random) for _ in range(options.regions)]
    values: dict[str, float | None] = {}
    for fill in FILLS:
        masks = [mask.to(sample.picture.device) for mask in (region, *others)]
        pictures = torch.stack([taken_away(sample.picture, mask, fill) for mask in masks])
        changes = sample.network.scores(pictures)[:, sample.target].double() - float(sample.scores[sample.target])
        values |= {
            f"without_region_{fill}": float(changes[0]),
            f"without_random_{fill}": float(changes[1:].mean()),
            f"without_difference_{fill}": float(changes[0] - changes[1:].mean()),
            f"without_rises_{fill}": float(changes[0] > 0),
        }
    return Measured(values)


def largest_region(heat: Tensor, threshold: float) -> Tensor | None:
    """(H, W) bool: the largest connected region of at least `threshold` of the maximum; None where nothing is above 0
    or the region leaves no other place for itself."""
    most = heat.max()
    if most <= 0:
        return None
    numbered, count = label((heat >= threshold * most).numpy())
    sizes = np.bincount(numbered.ravel(), minlength=count + 1)[1:]
    region = torch.from_numpy(numbered == 1 + int(sizes.argmax()))
    rows, columns = _box(region)
    fills_both = all(side.stop - side.start == extent for side, extent in zip((rows, columns), heat.shape, strict=True))
    return None if fills_both else region


def moved(region: Tensor, random: np.random.Generator) -> Tensor:
    """`region` (H, W) at a random place, mirrored at random."""
    rows, columns = _box(region)
    shape = region[rows, columns]
    shape = shape.flip([axis for axis in (0, 1) if random.random() < 0.5])
    top, left = (
        int(random.integers(extent - size + 1)) for extent, size in zip(region.shape, shape.shape, strict=True)
    )
    found = torch.zeros_like(region)
    found[top : top + shape.shape[0], left : left + shape.shape[1]] = shape
    return found


def _box(region: Tensor) -> tuple[slice, slice]:
    sides = (region.any(1).nonzero().flatten(), region.any(0).nonzero().flatten())
    rows, columns = (slice(int(side[0]), int(side[-1]) + 1) for side in sides)
    return rows, columns


_FILLED = {"mean": "mean colour", "blur": "blur", "inpaint": "inpainting"}
COUNTERFACTUAL = Metric(
    name="counterfactual",
    title="Without the region",
    about=(
        "How the score changes when a map's largest region is taken away, and regions of its size and shape elsewhere."
        " For counterfactual Grad-CAM it should rise (section 3.2 of the paper), for Grad-CAM fall."
    ),
    measure=measure,
    columns=tuple(
        Column(f"without_{name}_{fill}", f"{words} ({_FILLED[fill]})", unit, better="")
        for fill in FILLS
        for name, words, unit in (
            ("difference", "Change of the score, region minus random regions", "logit"),
            ("region", "Change of the score without the region", "logit"),
            ("random", "Change of the score without a random region", "logit"),
            ("rises", "Score rises without the region", "share"),
        )
    ),
    needs=(NETWORK,),
    chosen=lambda options: (
        f"The region is the largest connected one of at least {options.threshold:.0%} of the map's maximum;"
        f" {options.regions} random regions have its size and shape, at any place, mirrored at random.",
        "The score is the logit. The paper shows two pictures and gives no figure, so none is beside these.",
        "Inpainting is linear from the neighbours, as in ROAD without its noise.",
        "A map without a positive value, or with a region as large as the picture, is left out and counted.",
    ),
)
