"""Methods that mask the picture and look at the scores, without a gradient. Maps are (R, 1, H, W)."""

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor

from stimuli.errors import ExplanationError
from stimuli.explain.batches import in_parts_that_fit
from stimuli.explain.enlarging import constant_where, enlarged, is_constant, weighted
from stimuli.explain.options import Baseline, Count, Pixels, Seed, Share, baseline_of, seeded
from stimuli.explain.trace import OnePicture, Trace

AT_ONCE = {"cpu": 16}
"""How many masks of one picture are looked at together; elsewhere than on a CPU, 128."""


def occlusion(trace: Trace, *, patch: Pixels = None, stride: Pixels = None) -> Tensor:
    """Drop of the score when a window is masked, at each pixel the mean over the windows that cover it.

    `patch` and `stride` in pixels; those of the recording's window where they are not told.
    """
    usual = trace.recording.window
    places, outputs = trace.recording.occluded_output(
        replace(usual, size=patch or usual.size, stride=stride or usual.stride)
    )
    drops = torch.zeros(len(trace.targets), 1, *trace.size, dtype=outputs.dtype, device=outputs.device)
    covered = outputs.new_zeros(1, 1, *trace.size)
    for (rows, columns), output in zip(places, outputs, strict=True):
        drops[:, :, rows, columns] += (trace.scores - trace.scores_of(output)).view(-1, 1, 1, 1)
        covered[:, :, rows, columns] += 1
    drops /= covered
    return constant_where(is_constant(drops), drops, drops)


def score_cam(trace: Trace, *, baseline: Baseline = 0.0) -> Tensor:
    """ReLU(Σ_k w_k A^k), w the softmax over k of the score of the picture masked by A^k. Wang et al. 2020, algorithm 1.

    A mask is A^k, enlarged and stretched to 0…1; where it is 0 the picture is `baseline`, a value or a picture
    (3, H, W) in the network's normalised space (0 is the mean). A constant A^k masks everything. One pass per map.
    """
    activations = trace.activations
    blank = baseline_of(trace.images, baseline)
    scores, first = [], 0
    for picture in trace.by_picture():
        scores.append(_scores_under_maps(picture, activations[first].unsqueeze(1), blank))
        first += len(picture.targets)
    return enlarged(weighted(torch.cat(scores).softmax(1), activations).relu(), trace.size)


def _scores_under_maps(picture: OnePicture, maps: Tensor, blank: Tensor) -> Tensor:
    """The scores (T, K) of a picture, masked by each of `maps` (K, 1, u, v)."""
    scores = picture.scores(blank).repeat(len(maps), 1)
    varies = ~is_constant(maps).flatten()
    varying, size = maps[varies], (blank.shape[2], blank.shape[3])

    def look(part: slice) -> Tensor:
        return picture.scores(_masked(picture.image, _stretched(enlarged(varying[part], size)), blank))

    if len(varying) and not torch.equal(picture.image, blank):
        scores[varies] = torch.cat(list(in_parts_that_fit(look, len(varying), _at_once(blank))))
    return scores.T


def rise(
    trace: Trace,
    *,
    masks: Count = 4000,
    cells: Count = 7,
    probability: Share = 0.5,
    seed: Seed = 0,
    baseline: Baseline = 0.0,
) -> Tensor:
    """Σ_i score(picture under mask M_i) · M_i / (masks · probability). Petsiuk et al. 2018, eq. 6.

    A mask is a grid of `cells` × `cells`, each open with `probability`, enlarged smoothly and moved at random by less
    than a cell; where it is closed the picture is `baseline`, as in `score_cam`. Masks are drawn from `seed` alone, so
    each picture has the same, in any batch. One pass per mask.
    """
    if cells > min(trace.size):
        raise ExplanationError(f"rise: {cells} cells do not fit a picture of {trace.size[0]} × {trace.size[1]} px")
    blank = baseline_of(trace.images, baseline)
    draw = _random_masks(trace, masks, cells, probability, seeded(seed))

    def of_part(part: slice) -> Tensor:
        drawn = draw(part)  # (V, 1, H, W)
        scores = [picture.scores(_masked(picture.image, drawn, blank)).T for picture in trace.by_picture()]
        return torch.cat([of_picture @ drawn.flatten(1) for of_picture in scores])

    total = reduce(torch.add, in_parts_that_fit(of_part, masks, _at_once(blank)))
    return (total / (masks * probability)).unflatten(1, (1, *trace.size))


def _random_masks(
    trace: Trace, count: int, cells: int, share: float, random: torch.Generator
) -> Callable[[slice], Tensor]:
    """A function from a part of 0…count to its masks (V, 1, H, W)."""
    is_open = torch.rand(count, 1, cells, cells, generator=random) < share
    height, width = (ceil(extent / cells) for extent in trace.size)  # of a cell, in pixels
    tops = torch.randint(height, (count,), generator=random).tolist()
    lefts = torch.randint(width, (count,), generator=random).tolist()

    def draw(part: slice) -> Tensor:
        grids = is_open[part].to(trace.images)
        large = F.interpolate(grids, ((cells + 1) * height, (cells + 1) * width), mode="bilinear")
        corners = zip(large, tops[part], lefts[part], strict=True)
        return torch.stack([m[:, y : y + trace.size[0], x : x + trace.size[1]] for m, y, x in corners])

    return draw


def _masked(picture: Tensor, masks: Tensor, blank: Tensor) -> Tensor:
    """`picture` (1, 3, H, W) where `masks` (V, 1, H, W) are 1, and `blank` where they are 0."""
    return blank + masks * (picture - blank)


def _stretched(maps: Tensor) -> Tensor:
    low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
    return (maps - low) / (high - low)


def _at_once(picture: Tensor) -> int:
    return AT_ONCE.get(picture.device.type, 128)
