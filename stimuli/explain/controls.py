"""Control maps (R, 1, H, W), which do not tell where the network looked."""

import torch
from torch import Tensor

from stimuli.explain.cams import grad_cam_cells
from stimuli.explain.enlarging import enlarged
from stimuli.explain.trace import Trace

BLOB = 0.25  # standard deviation of the centred blob, as a share of the picture's side


def blank(trace: Trace) -> Tensor:
    """Nothing anywhere."""
    return torch.zeros_like(trace.images[:, :1])


def centred_blob(trace: Trace) -> Tensor:
    """The same bell in the middle of each picture: where people expect the object to be."""
    down, across = (torch.linspace(-1, 1, side) / (2 * BLOB) for side in trace.size)
    bell = torch.exp(-(down[:, None] ** 2 + across[None] ** 2) / 2).to(trace.images)
    return bell.expand(len(trace.images), 1, *trace.size)


def shuffled_grad_cam(trace: Trace) -> Tensor:
    """Grad-CAM with its cells in a random order, the same for all maps of a size: the values, but not the places."""
    cells = grad_cam_cells(trace)
    order = torch.randperm(cells[0].numel(), generator=torch.Generator().manual_seed(0)).to(cells.device)
    return enlarged(cells.flatten(2)[..., order].view_as(cells), trace.size)
