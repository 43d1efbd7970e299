"""Methods that are gradients at the picture, or means of such. Maps are (R, 3, H, W), raw and signed."""

from collections.abc import Callable
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from stimuli.explain.batches import in_parts_that_fit
from stimuli.explain.options import Baseline, Count, Positive, Seed, baseline_of, seeded
from stimuli.explain.relu_rules import DECONVOLUTION, GUIDED, PLAIN
from stimuli.explain.trace import Trace

AT_ONCE = {"cpu": 8}
"""How many points of one picture are explained at once; elsewhere than on a CPU, 64."""


def gradient(trace: Trace) -> Tensor:
    """∂score/∂picture, through the unmodified network. Simonyan et al. 2013, section 3."""
    return trace.input_gradient(PLAIN)


def input_x_gradient(trace: Trace) -> Tensor:
    """∂score/∂picture · picture, in the network's normalised space. Shrikumar et al. 2016."""
    return trace.input_gradient(PLAIN) * trace.images


def integrated_gradients(trace: Trace, *, steps: Count = 32, baseline: Baseline = 0.0) -> Tensor:
    """(x − x′) · ∫ ∂score/∂picture at x′ + a(x − x′) over a from 0 to 1. Sundararajan et al. 2017, eq. 1.

    The integral is a Gauss–Legendre sum of `steps` points. The maps of a pair sum to its score less that of `baseline`,
    up to the sum's error; that is a value, or a picture (3, H, W), in the network's normalised space (0 is the mean).
    """
    points, weights = np.polynomial.legendre.leggauss(steps)
    start = baseline_of(trace.images, baseline)
    places = ((torch.from_numpy(points) + 1) / 2).to(trace.images).view(-1, 1, 1, 1)

    def path(picture: Tensor, part: slice) -> Tensor:
        return start + places[part] * (picture - start)

    return (trace.images - start) * _mean_gradient(trace, path, torch.from_numpy(weights / 2))


def smoothgrad(trace: Trace, *, samples: Count = 32, noise: Positive = 0.15, seed: Seed = 0) -> Tensor:
    """The mean of ∂score/∂picture over `samples` noisy copies of the picture. Smilkov et al. 2017, eq. 2.

    The noise is Gaussian; `noise` is its standard deviation as a share of the picture's range, highest less lowest
    value. It is drawn from `seed` alone, so each picture has the same, in any batch.
    """
    random = seeded(seed)
    shape = trace.images.shape[1:]
    drawn = torch.stack([torch.randn(shape, generator=random) for _ in range(samples)])

    def noisy(picture: Tensor, part: slice) -> Tensor:
        return picture + noise * (picture.max() - picture.min()) * drawn[part].to(picture)

    return _mean_gradient(trace, noisy, torch.full((samples,), 1 / samples, dtype=torch.float64))


def guided_backprop(trace: Trace) -> Tensor:
    """∂score/∂picture where every ReLU passes g·[z > 0]·[g > 0]; raw and signed, (R, 3, H, W)."""
    return trace.input_gradient(GUIDED)


def deconvolution(trace: Trace) -> Tensor:
    """∂score/∂picture where every ReLU passes g·[g > 0]; raw and signed, (R, 3, H, W)."""
    return trace.input_gradient(DECONVOLUTION)


def _mean_gradient(trace: Trace, points_of: Callable[[Tensor, slice], Tensor], weights: Tensor) -> Tensor:
    """Σ_v weights_v · ∂score/∂picture at the v-th point of each picture, (R, 3, H, W).

    A picture's points are never in one pass with another's, so its map does not depend on its batch.
    """
    device = trace.images.device

    def of_part(part: slice) -> Tensor:
        found = (picture.gradients(points_of(picture.image, part)) for picture in trace.by_picture())
        return torch.cat([torch.einsum("v,vt...->t...", weights[part].to(of_one), of_one) for of_one in found])

    return reduce(torch.add, in_parts_that_fit(of_part, len(weights), AT_ONCE.get(device.type, 64)))
