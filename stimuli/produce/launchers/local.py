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
        return self._worker(job).read(job)

    def compute(self, job: Any, ready: Any) -> Any:
        return self._worker(job).compute(job, ready)

    def encode(self, job: Any, computed: Any) -> Any:
        return self._worker(job).encode(job, computed)

    def _worker(self, job: Any) -> "Worker | _Several":
        return _Several(self._workers) if isinstance(job, Together) else self._workers[job.network]


class _Several:
    """The networks of a job whose pictures have one scale, at work one after another."""

    def __init__(self, workers: "Mapping[str, Worker]") -> None:
        self._workers = workers

    def read(self, job: Together) -> Any:
        return [self._workers[shard.network].read(shard) for shard in job.shards]

    def compute(self, job: Together, ready: Any) -> Any:
        of_shards = zip(job.shards, ready, strict=True)
        return [self._workers[shard.network].compute(shard, images) for shard, images in of_shards]

    def encode(self, job: Together, computed: Any) -> Any:
        of_shards = zip(job.shards, drawn_together(computed), strict=True)
        drawn = [self._workers[shard.network].encode(shard, maps) for shard, maps in of_shards]
        return [picture for pictures in drawn for picture in pictures]


def threads_beside(device: torch.device) -> int:
    """How many threads read and how many encode. A CPU needs most of itself for the networks."""
    cores = os.cpu_count() or 1
    return min(max(cores // 2 if device.type == "cpu" else cores, FEWEST_THREADS), MOST_THREADS)
