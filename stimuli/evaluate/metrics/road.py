"""ROAD, remove and debias: Rong et al. 2022."""

import numpy as np
import torch
from torch import Tensor

from stimuli.evaluate.filling import Solver, noisily_imputed, solver
from stimuli.evaluate.metrics.metric import NETWORK, Column, Curve, Measured, Metric, Sample
from stimuli.evaluate.removal import first_of, removal_order
from stimuli.evaluate_config import RoadOptions

NOISE = 0.01
"""Standard deviation in the network's normalised space, as in the authors' code."""
ORDERS = {"morf": "most relevant first", "lerf": "least relevant first"}


def measure(sample: Sample, options: RoadOptions) -> Measured:
    order = removal_order(sample.heat)
    pictures = [
        _imputed(sample, ordered, share, f"{name} {share}")
        for name, ordered in zip(ORDERS, (order, order.flip(0)), strict=True)
        for share in options.removed
    ]
    found = sample.network.probabilities(torch.stack(pictures))
    probability = found[:, sample.target].view(len(ORDERS), -1)
    right = (found.argmax(1) == sample.target).double().view(len(ORDERS), -1)
    values: dict[str, float] = {}
    curves: dict[str, list[float]] = {}
    for row, name in enumerate(ORDERS):
        values |= {f"road_{name}": float(right[row].mean()), f"road_{name}_probability": float(probability[row].mean())}
        curves[f"road_{name}_curve"] = right[row].tolist()
    return Measured(values, curves)


def _imputed(sample: Sample, order: Tensor, share: float, place: str) -> Tensor:
    """The picture without the first `share` of `order`; the centre's pixels are the same for each picture."""
    size = (sample.picture.shape[1], sample.picture.shape[2])
    missing = first_of(order, share, size)

    def solve() -> Solver:
        return solver(missing.numpy())

    solved = sample.network.once(("imputed", place, size), solve) if sample.method == "centre" else solve()
    noise = sample.network.once(("noise", *sample.picture.shape), lambda: _noise(sample.picture))
    return noisily_imputed(sample.picture, missing.to(sample.picture.device), noise, solved)


def _noise(picture: Tensor) -> Tensor:
    """The same for all pictures of this shape (3, H, W)."""
    return torch.from_numpy(np.random.default_rng(0).normal(0, NOISE, picture.shape)).to(picture)


def _curves(options: RoadOptions) -> tuple[Curve, ...]:
    return tuple(
        Curve(f"road_{name}_curve", f"ROAD, {words}", "accuracy", options.removed, "share of pixels removed")
        for name, words in ORDERS.items()
    )


ROAD = Metric(
    name="road",
    title="ROAD",
    about="Accuracy with the most (MoRF) or least (LeRF) relevant pixels imputed from their neighbours (Rong et al.).",
    measure=measure,
    columns=tuple(
        Column(
            f"road_{name}{kind}",
            f"ROAD, {words}: {unit}",
            unit,
            better="lower" if name == "morf" else "higher",
            by="" if kind else f"road_{name}_probability",
        )
        for kind, unit in (("", "accuracy"), ("_probability", "probability"))
        for name, words in ORDERS.items()
    ),
    curves=_curves,
    needs=(NETWORK,),
    baselines=("centre", "random"),
    chosen=lambda options: (
        f"Shares of pixels removed: {', '.join(f'{share:.0%}' for share in options.removed)}; figures are means over"
        " them. The publication removes 10 % to 90 %.",
        "Imputation is linear with Gaussian noise of 0.01, by the authors' weights: 1/6 for the four nearest pixels,"
        " 1/12 for the diagonal ones.",
        "Accuracy asks whether the category has the highest score of all; the probability beside it is smoother.",
    ),
)
