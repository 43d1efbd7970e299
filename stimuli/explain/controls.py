"""Control maps (R, 1, H, W), which tell nothing of the image: people who judge by them alone can only guess."""

import torch
from torch import Tensor

from stimuli.explain.cams import grad_cam
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
    """Grad-CAM of another image computed with it; an image that is alone has its own, upside down.

    So which map it is depends on the images of a batch, as no other method's does.
    """
    maps, images = trace.once(grad_cam), len(trace.recording.images)
    if images < 2:
        return maps.flip(2, 3)
    return maps.roll(images // 2 * (len(maps) // images), 0)
