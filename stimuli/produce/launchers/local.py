"""The work on this machine: threads read and encode, the networks run in the calling thread."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from models.catalogue import LoadedNetwork
from stimuli.config import StimuliConfig
from stimuli.devices import usable_device
from stimuli.produce.method_sources import NO_SOURCES, MethodSources
from stimuli.produce.pictures import Picture
from stimuli.produce.shards import Job, Prediction
from stimuli.produce.visualize import Explained, Visualizer

FEWEST_THREADS, MOST_THREADS = 2, 16


@contextmanager
def launch(
    config: StimuliConfig, networks: Mapping[str, LoadedNetwork], sources: MethodSources = NO_SOURCES
) -> Iterator["Local"]:
    """The networks on `config.device`. Raises GenerationError where there is no such device, function or class."""
    device = usable_device(config.device)
    yield Local(
        {name: Visualizer(network, device, config, sources) for name, network in networks.items()},
        str(device),
        threads_beside(device),
    )


class Local:
    """A launcher of one machine."""

    def __init__(self, visualizers: Mapping[str, Visualizer], device: str, threads: int) -> None:
        self._visualizers = visualizers
        self.device, self.threads = device, threads

    def check(self, network: str, methods: Sequence[str]) -> None:
        self._visualizers[network].check(methods)

    def read(self, job: Job) -> Tensor:
        return self._visualizers[job.network].read(job)

    def compute(self, job: Job, ready: Tensor) -> dict[str, list[str]] | Explained:
        visualizer = self._visualizers[job.network]
        return visualizer.predict(job, ready) if isinstance(job, Prediction) else visualizer.explain(job, ready)

    def encode(self, job: Job, computed: Any) -> dict[str, list[str]] | list[Picture]:
        return computed if isinstance(job, Prediction) else self._visualizers[job.network].pictures(job, computed)


def threads_beside(device: torch.device) -> int:
    """How many threads read and how many encode. A CPU needs most of itself for the networks."""
    cores = os.cpu_count() or 1
    return min(max(cores // 2 if device.type == "cpu" else cores, FEWEST_THREADS), MOST_THREADS)
