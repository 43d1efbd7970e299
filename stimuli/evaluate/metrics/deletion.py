"""Deletion and insertion: Petsiuk et al. 2018 (RISE), section 4.3."""

import torch
from torch import Tensor

from stimuli.evaluate.filling import FILLS
from stimuli.evaluate.metrics.metric import NETWORK, Column, Curve, Measured, Metric, Reported, Sample
from stimuli.evaluate.removal import area, first_of, mixed, removal_order
from stimuli.evaluate_config import DeletionOptions

FILLED = ("mean", "blur")
"""Both are always run, because the order of methods can change with the fill."""


def measure(sample: Sample, options: DeletionOptions) -> Measured:
    order, values, curves = removal_order(sample.heat), {}, {}
    for fill in FILLED:
        for name, curve in zip(("deletion", "insertion"), removal_curves(sample, order, fill, options), strict=True):
            curves[f"{name}_{fill}_curve"] = curve
            values[f"{name}_{fill}"] = area(curve)
    return Measured(values, curves)


def removal_curves(
    sample: Sample, order: Tensor, fill: str, options: DeletionOptions
) -> tuple[list[float], list[float]]:
    """The category's probability with the first pixels of `order` deleted, and with only these there."""
    picture, size = sample.picture, (sample.picture.shape[1], sample.picture.shape[2])
    key = ("filled", fill)

    def ends() -> tuple[Tensor, float, float]:
        filled = FILLS[fill](picture, torch.ones(size, dtype=torch.bool, device=picture.device))
        whole, nothing = _probabilities(sample, torch.stack((picture, filled)))
        return filled, whole, nothing

    filled, whole, nothing = sample.once(key, ends)
    masks = [first_of(order, step / options.steps, size) for step in range(1, options.steps)]
    found = _probabilities(sample, torch.cat((mixed(filled, picture, masks), mixed(picture, filled, masks))))
    half = len(masks)
    return [whole, *found[:half], nothing], [nothing, *found[half:], whole]


def _probabilities(sample: Sample, pictures: Tensor) -> list[float]:
    return sample.network.probabilities(pictures)[:, sample.target].tolist()


_RISE = "RISE (Petsiuk et al. 2018), table 2"
_WHERE = "ImageNet, ResNet-50"
_FILLS = {"mean": "the mean colour", "blur": "a blurred picture"}
_REPORTED = {
    "deletion_mean": (("grad-cam", 0.1232), ("rise", 0.1076), ("occlusion", 0.1421)),
    "insertion_blur": (("grad-cam", 0.6766), ("rise", 0.7267), ("occlusion", 0.6618)),
}
_NAMES = {"deletion": "Deletion to", "insertion": "Insertion on"}


def _column(name: str, fill: str) -> Column:
    return Column(
        f"{name}_{fill}",
        f"{_NAMES[name]} {_FILLS[fill]}, area",
        "probability",
        better="lower" if name == "deletion" else "higher",
        reported=tuple(Reported(v, _WHERE, _RISE, method) for method, v in _REPORTED.get(f"{name}_{fill}", ())),
    )


def _curves(options: DeletionOptions) -> tuple[Curve, ...]:
    x = tuple(step / options.steps for step in range(options.steps + 1))
    return tuple(
        Curve(
            name=f"{name}_{fill}_curve",
            label=f"{_NAMES[name]} {_FILLS[fill]}",
            unit="probability",
            x=x,
            x_label=f"share of pixels {'deleted' if name == 'deletion' else 'inserted'}",
        )
        for fill in FILLED
        for name in _NAMES
    )


DELETION = Metric(
    name="deletion",
    title="Deletion and insertion",
    about="The category's probability while pixels are taken away or put in, the most relevant first (Petsiuk et al.).",
    measure=measure,
    columns=tuple(_column(name, fill) for fill in FILLED for name in _NAMES),
    curves=_curves,
    needs=(NETWORK,),
    baselines=("centre", "random"),
    chosen=lambda options: (
        "The order of methods can change with the fill: compare both fills before a conclusion. RISE deletes to a"
        " constant and inserts on a blurred picture.",
        f"{options.steps} equal steps, areas by trapezoids; RISE takes 224 steps.",
        "The blur is a Gaussian of 11 px with standard deviation 5, as in RISE's code.",
        "Pixels of equal value are taken in random order, the same for each picture; RISE takes them row by row.",
    ),
)
