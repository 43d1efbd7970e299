"""Segmentation seeds: the thresholded map against the category's mask (Selvaraju et al. 2020, section 4.2)."""

import torch

from contracts.metrics import MetricColumn
from stimuli.evaluate.metrics.metric import MASK, Best, Column, Curve, Measured, Metric, Sample
from stimuli.evaluate.metrics.segments import thresholds
from stimuli.evaluate_config import SeedsOptions


def measure(sample: Sample, options: SeedsOptions) -> Measured:
    assert sample.mask is not None, "the metric needs a mask"
    heat = sample.heat.clamp(min=0)
    levels = torch.tensor([options.threshold, *thresholds(options.steps)], dtype=heat.dtype) * heat.max()
    inside, outside = (_above(values, levels) for values in (heat[sample.mask], heat[~sample.mask]))
    overlap = (inside / (int(sample.mask.sum()) + outside)).tolist()
    return Measured({"seed_iou": overlap[0]}, {"seed_curve": overlap[1:]})


def _above(values: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """How many of `values` are above each level."""
    ordered = values.sort().values
    return len(ordered) - torch.searchsorted(ordered, levels, right=True)


SEEDS = Metric(
    name="seeds",
    title="Segmentation seeds",
    about=(
        "Intersection over union of the thresholded map with the category's mask. The paper trains a segmentation"
        " network on such seeds (section 4.2: IoU 49.6 against 44.6 with CAM, after training); here the seeds"
        " themselves are measured, so its figures are of another quantity."
    ),
    measure=measure,
    columns=(Column("seed_iou", "Overlap of the seed with the mask", "IoU"),),
    curves=lambda o: (
        Curve(
            *("seed_curve", "Overlap of the seed with the mask", "IoU", thresholds(o.steps)),
            "Threshold, as a share of the map's maximum",
        ),
    ),
    best=(Best(MetricColumn("seed_best", "Best single threshold", "IoU"), ("seed_curve",)),),
    needs=(MASK,),
    baselines=("uniform", "centre"),
    chosen=lambda o: (
        f"The seed is what is above {o.threshold:g} of the map's maximum; the paper does not tell its threshold.",
        "Overlaps are means over maps. VOC's mean IoU counts pixels over all photographs of a category first.",
        "The mask is cropped and resized like the photograph, by the nearest pixel.",
    ),
)
