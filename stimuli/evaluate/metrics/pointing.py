"""The pointing game: Zhang et al. 2016 (Excitation Backprop), Selvaraju et al. 2020, section 4.3, with its option to
reject a category by a map whose maximum is low."""

import torch
from torch import Tensor

from stimuli.evaluate.metrics.metric import BOXES, PREDICTIONS, Column, Curve, Edges, Measured, Metric, Reported, Sample
from stimuli.evaluate.metrics.segments import thresholds
from stimuli.evaluate_config import PointingOptions


def measure(sample: Sample, options: PointingOptions) -> Measured:
    near = hit(sample.heat, sample.boxes, options.tolerance)
    values = {
        "pointing": hit(sample.heat, sample.boxes, 0),
        "pointing_tolerant": near,
        "pointing_difficult": near if sample.difficult else None,
        "pointing_mask": None if sample.mask is None else float(sample.mask[maxima(sample.heat)].double().mean()),
    }
    return Measured(values, _with_rejection(sample, options))


def maxima(heat: Tensor) -> Tensor:
    """(H, W) bool: the pixels where the map is largest."""
    return heat == heat.max()


def hit(heat: Tensor, boxes: tuple[Edges, ...], tolerance: float) -> float:
    """Share of the map's largest pixels whose centre is at most `tolerance` px from a box: 0 or 1 but for ties."""
    y, x = (place.double() + 0.5 for place in maxima(heat).nonzero(as_tuple=True))
    near = torch.zeros(len(x), dtype=torch.bool)
    for x0, y0, x1, y1 in boxes:
        across = torch.maximum(x0 - x, x - x1).clamp(min=0)
        down = torch.maximum(y0 - y, y - y1).clamp(min=0)
        near |= torch.hypot(across, down) <= tolerance
    return float(near.double().mean())


def _with_rejection(sample: Sample, options: PointingOptions) -> dict[str, list[float]]:
    """Of the five strongest categories, once for each photograph: the share that is right at each threshold."""
    key = ("rejecting", sample.method)
    if sample.of_image.setdefault(key, sample.target) != sample.target or not sample.predicted:
        return {}
    tops = torch.stack([heat.max() for heat in sample.predicted.values()])
    strongest = tops.max()
    pointed = torch.tensor(
        [
            hit(heat, boxes, options.tolerance) if (boxes := sample.boxes_by_place.get(place)) else 0.0
            for place, heat in sample.predicted.items()
        ]
    )
    absent = torch.tensor([place not in sample.annotated for place in sample.predicted])
    curve = []
    for threshold in thresholds(options.steps):
        rejected = tops < threshold * strongest if strongest > 0 else torch.ones_like(absent)
        curve.append(float(torch.where(rejected, absent.double(), pointed.double()).mean()))
    return {"pointing_rejecting": curve}


def curves(options: PointingOptions) -> tuple[Curve, ...]:
    return (
        Curve(
            *("pointing_rejecting", "Right among the five strongest categories, with the option to reject", "share"),
            thresholds(options.steps),
            "Threshold: a category is rejected below this share of the strongest of the five maxima",
        ),
    )


_TORCHRAY = "Fong et al. 2019, TorchRay"
POINTING = Metric(
    name="pointing",
    title="Pointing game",
    about=(
        "Whether the largest value of the map is on an object of the category (Zhang et al. 2016; Selvaraju et al."
        " 2020, section 4.3, with the option to reject a category)."
    ),
    measure=measure,
    columns=(
        Column(
            *("pointing", "Maximum in a box", "share"),
            reported=(Reported(0.92, "CUB, right classes", "HIVE (Kim et al. 2022)", "grad-cam"),),
        ),
        Column(
            *("pointing_tolerant", "Maximum in a box or near it", "share"),
            reported=(
                Reported(0.866, "VGG-16, VOC07 test, mean over classes", _TORCHRAY, "grad-cam"),
                Reported(0.904, "ResNet-50, VOC07 test, mean over classes", _TORCHRAY, "grad-cam"),
                Reported(0.542, "VGG-16, COCO14 val, mean over classes", _TORCHRAY, "grad-cam"),
                Reported(0.573, "ResNet-50, COCO14 val, mean over classes", _TORCHRAY, "grad-cam"),
            ),
        ),
        Column(
            *("pointing_difficult", "Maximum in a box or near it, difficult photographs", "share"),
            reported=(
                Reported(0.740, "VGG-16, VOC07 test, mean over classes", _TORCHRAY, "grad-cam"),
                Reported(0.823, "ResNet-50, VOC07 test, mean over classes", _TORCHRAY, "grad-cam"),
                Reported(0.490, "VGG-16, COCO14 val, mean over classes", _TORCHRAY, "grad-cam"),
                Reported(0.523, "ResNet-50, COCO14 val, mean over classes", _TORCHRAY, "grad-cam"),
            ),
        ),
        Column("pointing_mask", "Maximum in the category's mask", "share"),
    ),
    curves=curves,
    needs=(BOXES, PREDICTIONS),
    baselines=("uniform", "centre"),
    chosen=lambda o: (
        f"Near a box: at most {o.tolerance:g} px of the network's picture from it; Zhang et al. take 15 px.",
        "Difficult: the category's boxes cover less than a quarter of the photograph, and it holds another category.",
        "Numbers are means over maps; the figures of TorchRay are means over categories.",
        "Where several pixels share the maximum, their mean counts. The map of one number is then the share of the"
        " picture that the boxes cover.",
        "The paper reports 70.58 with the option to reject (c-MWP: 60.30) and does not tell its threshold. Here the"
        " whole curve is drawn, and the threshold is a share of the strongest of the photograph's five maxima.",
        "Rejecting counts as right where the category is not annotated. At threshold 0 nothing is rejected.",
    ),
)
