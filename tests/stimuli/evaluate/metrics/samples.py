"""Maps whose results are known by hand, as metrics get them."""

from pathlib import Path

import torch
from torch import Tensor

from models.photographs import Photograph
from stimuli.evaluate.metrics.metric import Edges, Sample


class OneNetwork:
    """A network that no metric here asks for scores."""

    name, device, module = "strong", "cpu", None

    def __init__(self) -> None:
        self._once = {}

    def once(self, key, make):
        return self._once.setdefault(key, make())


def sample(heat: Tensor | list, boxes: tuple[Edges, ...] = (), **changes) -> Sample:
    """Of category 0 in a photograph that holds nothing else."""
    heat = torch.as_tensor(heat, dtype=torch.float64)
    told = {
        "image": Photograph("picture", Path("picture.png"), heat.shape[1], heat.shape[0], ()),
        "category": "cat",
        "method": "grad-cam",
        "target": 0,
        "heat": heat,
        "picture": torch.zeros(3, *heat.shape),
        "scores": torch.tensor([3.0, 2.0, 1.0]),
        "boxes": boxes,
        "difficult": False,
        "mask": None,
        "boxes_by_place": {0: boxes},
        "predicted": {},
        "annotated": frozenset({0}),
        "network": OneNetwork(),
        "of_image": {},
    }
    return Sample(**(told | changes))


def blob(height: int, width: int, *boxes: tuple[int, int, int, int, float]) -> Tensor:
    """A map of 0 with a value in each of `boxes` (x0, y0, x1, y1, value)."""
    heat = torch.zeros(height, width, dtype=torch.float64)
    for x0, y0, x1, y1, value in boxes:
        heat[y0:y1, x0:x1] = value
    return heat
