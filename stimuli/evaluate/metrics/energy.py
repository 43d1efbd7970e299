"""Energy in the box: which share of a map is in a category's boxes (Wang et al. 2020, Score-CAM, section 4.3)."""

import torch
from torch import Tensor

from stimuli.evaluate.metrics.metric import BOXES, Column, Measured, Metric, Reported, Sample
from stimuli.evaluate_config import EnergyOptions


def measure(sample: Sample, options: EnergyOptions) -> Measured:
    heat = sample.heat.clamp(min=0)
    places = {"energy_in_box": in_boxes(sample), "energy_in_mask": sample.mask}
    return Measured({name: _share(heat, inside) for name, inside in places.items()})


def _share(heat: Tensor, inside: Tensor | None) -> float | None:
    total = heat.sum()
    return None if inside is None or total <= 0 else float(heat[inside].sum() / total)


def in_boxes(sample: Sample) -> Tensor:
    """(H, W) bool: the pixels whose centre is in a box of the category."""
    rows, columns = sample.heat.shape
    y, x = torch.arange(rows) + 0.5, torch.arange(columns) + 0.5
    inside = torch.zeros(rows, columns, dtype=torch.bool)
    for x0, y0, x1, y1 in sample.boxes:
        inside |= ((y > y0) & (y < y1))[:, None] & ((x > x0) & (x < x1))[None, :]
    return inside


ENERGY = Metric(
    name="energy",
    title="Energy in the box",
    about="The share of a map's values in the boxes of its category (Wang et al. 2020, section 4.3).",
    measure=measure,
    columns=(
        Column(
            "energy_in_box",
            "Energy in the box",
            "share",
            reported=(Reported(0.12, "CUB, right classes", "HIVE (Kim et al. 2022)", "grad-cam"),),
        ),
        Column("energy_in_mask", "Energy in the mask", "share"),
    ),
    needs=(BOXES,),
    baselines=("uniform", "centre"),
    chosen=lambda _options: (
        "A map without a positive value has no energy, so it is left out and counted.",
        "The map of one number has the share of the picture that is in the boxes.",
        "Negative values count as 0; a map in the picture's channels is the sum of their sizes.",
    ),
)
