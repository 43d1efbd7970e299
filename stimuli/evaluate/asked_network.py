"""A loaded network as metrics ask it, on its device, in batches that fit."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from models.catalogue import LoadedNetwork
from stimuli.devices import ieee_float32
from stimuli.explain.batches import in_parts_that_fit
from stimuli.explain.engine import Precision, explain
from stimuli.explain.methods import Method
from stimuli.explain.program import program_like

TOGETHER = {"cpu": 8}
"""Pictures in one pass; elsewhere than on a CPU, 32. More do not fit a core's caches."""
Value = TypeVar("Value")


class AskedNetwork:
    """Network of `stimuli.evaluate.metrics.metric`."""

    def __init__(
        self, network: LoadedNetwork, module: torch.nn.Module, methods: Mapping[str, Method], precision: Precision
    ) -> None:
        self.name, self.module, self.loaded = network.name, module, network
        self.device = next(module.parameters()).device
        self._methods, self._precision = methods, precision
        self._once: dict[Hashable, Any] = {}

    def scores(self, pictures: Tensor) -> Tensor:
        together = TOGETHER.get(self.device.type, 32)
        with torch.no_grad(), ieee_float32():
            answer = self.once(("answer", pictures.shape[1:]), lambda: self._answer(pictures[:2]))
            return torch.cat(
                list(in_parts_that_fit(lambda rows: answer(pictures[rows]).cpu(), len(pictures), together))
            )

    def _answer(self, pictures: Tensor) -> Callable[[Tensor], Tensor]:
        """The network, on a CPU as the faster program that answers like it where there is one."""
        return (self.device.type == "cpu" and program_like(self.module, pictures)) or self.module

    def probabilities(self, pictures: Tensor) -> Tensor:
        scores = self.scores(pictures).double()
        return scores.softmax(1) if self.loaded.single_label else scores.sigmoid()

    def heat(self, pictures: Tensor, targets: Sequence[int], method: str) -> Tensor:
        return self.maps(pictures, [[target] for target in targets], [method])[method]

    def maps(self, pictures: Tensor, targets: Sequence[Sequence[int]], methods: Sequence[str]) -> dict[str, Tensor]:
        """Method → heat (P, H, W) float64 on the CPU, over the pairs in order. Raises ExplanationError."""
        wanted = {name: self._methods[name] for name in methods}
        layer, layout = self.loaded.target_layer, self.loaded.layout
        found = explain(self.module, pictures, targets, wanted, layer, precision=self._precision, reshape=layout)
        return {name: heat_of(maps) for name, maps in found.maps.items()}

    def other(self, module: torch.nn.Module) -> "AskedNetwork":
        return AskedNetwork(self.loaded, module, self._methods, self._precision)

    def once(self, key: Hashable, make: Callable[[], Value]) -> Value:
        if key not in self._once:
            self._once[key] = make()
        return self._once[key]


def heat_of(maps: Tensor) -> Tensor:
    """Maps (P, 1 or 3, H, W) as (P, H, W) float64 on the CPU; those in the picture's channels as Σ|map|."""
    maps = maps.detach().double().cpu()
    return maps[:, 0] if maps.shape[1] == 1 else maps.abs().sum(1)
