"""Methods of captum as methods of Discern. captum is optional: this module is the only one that imports it."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from captum.attr import Attribution
from torch import Tensor, nn

from stimuli.errors import ExplanationError
from stimuli.explain.methods import Method
from stimuli.explain.trace import Trace


def from_captum(attribution: Callable[[nn.Module], Attribution], **options: Any) -> Method:
    """Return the method that asks captum: `attribution` is a class such as captum.attr.IntegratedGradients.

    `options` go to its `attribute`. captum hooks the network's modules, so it gets a copy; it is asked once a pair, and
    every call is a forward pass of its own. Target functions are refused: captum knows categories alone.

    Put the method into `stimuli.explain.methods.METHODS` under a name of its own.
    """

    def maps_of(trace: Trace) -> Tensor:
        if not all(isinstance(target, int) for target in trace.targets):
            raise ExplanationError("captum explains categories; it takes no target function")
        asked = attribution(copy.deepcopy(trace.recording.model))
        maps = [
            asked.attribute(image.clone().requires_grad_(), target=target, **options)
            for image, target in zip(trace.images.split(1), trace.targets, strict=True)
        ]
        return torch.cat(maps).detach()

    return Method(maps_of)
