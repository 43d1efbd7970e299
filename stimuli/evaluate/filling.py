"""What is put in the place of pixels that are taken away."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse import coo_matrix, csc_matrix
from scipy.sparse.linalg import splu
from torch import Tensor

from stimuli.evaluate.dissection import dissected

Solver = Callable[[np.ndarray], np.ndarray]
Fill = Callable[[Tensor, Tensor], Tensor]

BLUR_SIZE, BLUR_SIGMA = 11, 5.0
"""Pixels; those of Petsiuk et al. 2018."""


def mean_colour(picture: Tensor, _missing: Tensor) -> Tensor:
    """The colour that is 0 in the network's normalised space."""
    return torch.zeros_like(picture)


def blurred(picture: Tensor, _missing: Tensor) -> Tensor:
    """The picture under a Gaussian."""
    from torchvision.transforms.v2.functional import gaussian_blur  # takes longer to load than torch

    return gaussian_blur(picture, [BLUR_SIZE, BLUR_SIZE], [BLUR_SIGMA, BLUR_SIGMA])


def imputed(picture: Tensor, missing: Tensor) -> Tensor:
    """`missing` (H, W) pixels of `picture` (3, H, W) as the weighted means of their eight neighbours: the linear
    imputation of Rong et al. 2022, without its noise. Where all are missing, the mean colour."""
    return picture if not missing.any() else _solved(picture, missing, solver(missing.cpu().numpy()))


def noisily_imputed(picture: Tensor, missing: Tensor, noise: Tensor, solve: Solver | None = None) -> Tensor:
    """The same with `noise` (3, H, W) added where pixels are missing. `solve`: `solver` of `missing`, where known."""
    found = _solved(picture, missing, solve or solver(missing.cpu().numpy()))
    return torch.where(missing, found + noise, found)


FILLS: dict[str, Fill] = {"mean": mean_colour, "blur": blurred, "inpaint": imputed}
"""From a picture (3, H, W) and the pixels (H, W) that are taken away to a picture that holds other values there."""


def taken_away(picture: Tensor, missing: Tensor, fill: str) -> Tensor:
    """`picture` (3, H, W) with `missing` (H, W) pixels filled."""
    return torch.where(missing, FILLS[fill](picture, missing), picture)


def _solved(picture: Tensor, missing: Tensor, solve: Solver) -> Tensor:
    gone = missing.cpu().numpy()
    known = np.where(gone, 0, picture.detach().double().cpu().numpy())  # (3, H, W)
    around = np.sum([weight * _moved(known, dy, dx) for dy, dx, weight in NEIGHBOURS], axis=0)
    known[:, gone] = solve(np.ascontiguousarray(around[:, gone].T)).T
    return torch.from_numpy(known).to(picture)


NEIGHBOURS = tuple(
    (dy, dx, 1 / 6 if dy * dx == 0 else 1 / 12) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)
)
"""Rows down, columns to the right and the weight; at the picture's edges those that are there."""


def _moved(maps: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """The value at (y + dy, x + dx) for each (y, x), 0 outside."""
    height, width = maps.shape[-2:]
    around = np.pad(maps, [(0, 0)] * (maps.ndim - 2) + [(1, 1), (1, 1)])
    return around[..., 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]


def solver(missing: np.ndarray) -> Solver:
    """From the weighted sums (n, 3) of the known neighbours of the n pixels of `missing` (H, W) to their values."""
    count = int(missing.sum())
    if not count or missing.all():  # no pixel is known: any colour solves it
        return lambda sums: np.zeros_like(sums)
    order = dissected(*missing.shape)
    numbers = np.full(missing.shape, -1)
    numbers.reshape(-1)[order[missing.ravel()[order]]] = np.arange(count)
    # Columns one by one: the panels that SuperLU takes otherwise are slower for so few entries in each.
    symmetric = {"SymmetricMode": True}
    found = splu(_equations(numbers), permc_spec="NATURAL", diag_pivot_thresh=0.0, panel_size=1, options=symmetric)
    own = numbers[missing]
    unordered = np.argsort(own)
    return lambda sums: found.solve(sums[unordered])[own]


def _equations(numbers: np.ndarray) -> csc_matrix:
    """Of the missing pixels with `numbers` (H, W) from 0, −1 where a pixel is known: each times its neighbours' weights
    less the weighted missing neighbours."""
    missing = numbers >= 0
    own = numbers[missing]
    present, total = np.ones(numbers.shape), np.zeros(len(own))
    rows, columns, weights = [], [], []
    for dy, dx, weight in NEIGHBOURS:
        total += weight * _moved(present, dy, dx)[missing]
        neighbour = (_moved(numbers + 1, dy, dx) - 1)[missing]
        both = neighbour >= 0
        rows.append(own[both])
        columns.append(neighbour[both])
        weights.append(np.full(int(both.sum()), -weight))
    entries = np.concatenate([total, *weights]), (np.concatenate([own, *rows]), np.concatenate([own, *columns]))
    return coo_matrix(entries, (len(own), len(own))).tocsc()
