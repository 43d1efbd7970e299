"""The work on this machine: threads read and encode, the networks run in the calling thread."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from models.catalogue import LoadedNetwork
from stimuli.config import StimuliConfig
from stimuli.devices import usable_device
from stimuli.produce.launchers.worker import Worker, WorkerFactory
from stimuli.produce.method_sources import NO_SOURCES, MethodSources
from stimuli.produce.shards import Together
from stimuli.produce.together import drawn_together
from stimuli.produce.visualize import Visualizer

FEWEST_THREADS, MOST_THREADS = 2, 16


@contextmanager
def launch(
    config: StimuliConfig,
    networks: Mapping[str, LoadedNetwork],
    sources: MethodSources = NO_SOURCES,
    worker: "WorkerFactory | None" = None,
) -> Iterator["Local"]:
    """The networks on `config.device`. Raises GenerationError where there is no such device, function or class."""
    device, make = usable_device(config.device), worker or Visualizer
    yield Local(
        {name: make(network, device, config, sources) for name, network in networks.items()},
        str(device),
        threads_beside(device),
    )


class Local:
    """A launcher of one machine."""

    def __init__(self, workers: "Mapping[str, Worker]", device: str, threads: int) -> None:
        self._workers = workers
        self.device, self.threads = device, threads

    def check(self, network: str, methods: Sequence[str]) -> None:
        self._workers[network].check(methods)

    def read(self, job: Any) -> Any:
        if isinstance(job, Together):
            return [self.read(shard) for shard in job.shards]
        return self._workers[job.network].read(job)

    def compute(self, job: Any, ready: Any) -> Any:
        if isinstance(job, Together):
            return [self.compute(shard, images) for shard, images in zip(job.shards, ready, strict=True)]
        return self._workers[job.network].compute(job, ready)

    def encode(self, job: Any, computed: Any) -> Any:
        if isinstance(job, Together):
            of_shards = zip(job.shards, drawn_together(computed), strict=True)
            return [picture for shard, drawn in of_shards for picture in self.encode(shard, drawn)]
        return self._workers[job.network].encode(job, computed)


def threads_beside(device: torch.device) -> int:
    """How many threads read and how many encode. A CPU needs most of itself for the networks."""
    cores = os.cpu_count() or 1
    return min(max(cores // 2 if device.type == "cpu" else cores, FEWEST_THREADS), MOST_THREADS)
