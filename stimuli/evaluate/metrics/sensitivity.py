"""Max-sensitivity: Yeh et al. 2019, definition 2."""

import numpy as np
import torch
from torch import Tensor

from stimuli.evaluate.metrics.metric import NETWORK, Column, Measured, Metric, Sample
from stimuli.evaluate_config import SensitivityOptions


def measure(sample: Sample, options: SensitivityOptions) -> Measured:
    moved = nearby(sample.picture, options.samples, options.radius)
    maps = sample.network.heat(moved, [sample.target] * len(moved), sample.method)
    return Measured({"max_sensitivity": max_sensitivity(sample.heat, maps)})


def nearby(picture: Tensor, samples: int, radius: float) -> Tensor:
    """(samples, 3, H, W): `picture` with each number moved by −radius … radius, always the same moves."""
    moves = np.random.default_rng(0).uniform(-radius, radius, (samples, *picture.shape))
    return picture + torch.from_numpy(moves).to(picture)


def max_sensitivity(heat: Tensor, others: Tensor) -> float | None:
    """max ‖other − heat‖ / ‖heat‖ over `others` (samples, H, W); None where `heat` (H, W) is 0 everywhere."""
    size = heat.norm()
    return float((others - heat).flatten(1).norm(dim=1).max() / size) if size > 0 else None


SENSITIVITY = Metric(
    name="sensitivity",
    title="Robustness",
    about="Max-sensitivity: the largest relative change of a map when the picture hardly changes (Yeh et al. 2019).",
    measure=measure,
    columns=(Column("max_sensitivity", "Max-sensitivity", "relative change", better="lower"),),
    needs=(NETWORK,),
    chosen=lambda options: (
        f"The largest of {options.samples} changes of at most {options.radius:g} for each number of the picture, in the"
        " network's normalised space; captum's defaults are 10 and 0.02.",
        "A map of zeros has no relative change: it is left out and counted.",
    ),
)
