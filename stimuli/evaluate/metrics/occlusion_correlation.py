"""Rank correlation with occlusion maps: section 5.3 of the Grad-CAM paper."""

import torch.nn.functional as F
from scipy.stats import spearmanr
from torch import Tensor

from stimuli.evaluate.metrics.metric import NETWORK, Column, Curve, Measured, Metric, Reported, Sample
from stimuli.evaluate_config import OcclusionCorrelationOptions
from stimuli.explain import Window, explain


def measure(sample: Sample, options: OcclusionCorrelationOptions) -> Measured:
    occluded = occlusion_map(sample, options)
    found = {cells: rank_correlation(sample.heat, occluded, cells) for cells in {*options.curve, options.resolution}}
    curve = [found[cells] for cells in options.curve]
    defined = [value for value in curve if value is not None]
    return Measured(
        {"occlusion_correlation": found[options.resolution]},
        {"occlusion_correlation_by_cells": defined} if len(defined) == len(curve) else {},
    )


def occlusion_map(sample: Sample, options: OcclusionCorrelationOptions) -> Tensor:
    """(H, W) float64 on the CPU; computed once for all methods and for all categories that the photograph holds."""
    targets = sorted({*sample.annotated, sample.target})

    def maps() -> dict[int, Tensor]:
        window = Window(options.patch, options.stride, options.fill)
        found = explain(sample.network.module, sample.picture[None], [targets], ["occlusion"], window=window)
        return dict(zip(targets, found.maps["occlusion"][:, 0].double().cpu(), strict=True))

    key = ("occlusion", options.patch, options.stride, options.fill, *targets)
    if key not in sample.of_image:
        sample.of_image[key] = maps()
    by_target: dict[int, Tensor] = sample.of_image[key]
    return by_target[sample.target]


def rank_correlation(one: Tensor, other: Tensor, cells: int) -> float | None:
    """Spearman's, ties having their average rank, of two maps (H, W) as means over `cells` × `cells`; None where one of
    them is constant there."""
    first, second = (F.adaptive_avg_pool2d(each[None], cells).flatten().numpy() for each in (one, other))
    if first.min() == first.max() or second.min() == second.max():
        return None
    return float(spearmanr(first, second).statistic)


def _curves(options: OcclusionCorrelationOptions) -> tuple[Curve, ...]:
    return (
        Curve(
            name="occlusion_correlation_by_cells",
            label="Rank correlation with occlusion by resolution",
            unit="rank correlation",
            x=tuple(map(float, options.curve)),
            x_label="cells across and down",
        ),
    )


_PAPER = "Grad-CAM (Selvaraju et al. 2020), section 5.3"
_VOC = "VOC 2007 val, 2,510 photographs, VGG-16"
OCCLUSION_CORRELATION = Metric(
    name="occlusion_correlation",
    title="Rank correlation with occlusion",
    about="Spearman's correlation of a map with an occlusion map: how much the score drops where a square is masked.",
    measure=measure,
    columns=(
        Column(
            "occlusion_correlation",
            "Rank correlation with occlusion",
            "rank correlation",
            chance=0,
            reported=tuple(
                Reported(value, _VOC, _PAPER, method)
                for method, value in (
                    *(("grad-cam", 0.254), ("guided-grad-cam", 0.261)),
                    *(("guided-backprop", 0.168), ("cam", 0.208)),
                )
            ),
        ),
    ),
    curves=_curves,
    needs=(NETWORK,),
    baselines=("centre", "random"),
    chosen=lambda options: (
        f"The square has {options.patch} px and moves by {options.stride} px; it is filled with {options.fill:g} in the"
        " network's normalised space (0 is the mean colour). The paper does not tell any of these.",
        f"Both maps are averaged over {options.resolution} × {options.resolution} cells before they are ranked; the"
        " curve shows other resolutions. The paper does not tell its resolution.",
        "The score is the logit. Equal values have their average rank. A constant map has no ranks: it is left out and"
        " counted.",
    ),
)
