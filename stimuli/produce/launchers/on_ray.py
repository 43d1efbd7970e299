"""The same work on a Ray cluster: every job is one task, whose outcome the machine that started the run puts away.

Ray is an optional package: this module is the only one that imports it. A task is a pure function of configuration,
network and job, so Ray may do it again elsewhere when a node dies. Photographs must lie under the same path on every
node; networks travel from here, once to each.
"""

import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody; read when ray is imported

import ray
import torch

import contracts
import models
import stimuli
from models.catalogue import LoadedNetwork
from stimuli.config import StimuliConfig
from stimuli.errors import LauncherError
from stimuli.produce.launchers.local import Local
from stimuli.produce.launchers.worker import WorkerFactory
from stimuli.produce.method_sources import NO_SOURCES, MethodSources
from stimuli.produce.visualize import Visualizer

SHARE_OF_A_GPU = 0.25  # one task computes while others read and encode
AHEAD = 2  # tasks for each place where one can run, so that none waits for this machine
RETRIES = 10  # how often a task may lose its node


@contextmanager
def launch(
    config: StimuliConfig,
    networks: Mapping[str, LoadedNetwork],
    sources: MethodSources = NO_SOURCES,
    worker: "WorkerFactory | None" = None,
) -> Iterator["OnRay"]:
    """Join the cluster that RAY_ADDRESS names, or the one this machine belongs to; leave it at the end.

    Raises LauncherError where there is none, or where no node has the device that is asked for.
    """
    address = os.environ.get("RAY_ADDRESS", "auto")
    try:
        _knock(address)
        ray.init(
            address=address,
            runtime_env={
                "py_modules": [contracts, models, stimuli]
            },  # nodes need the requirements installed, not this code
            logging_level=logging.WARNING,
            log_to_driver=False,
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise LauncherError(
            f"no Ray cluster can be reached at {address!r} ({error});"
            " start one with `ray start --head` or let RAY_ADDRESS name it"
        ) from error
    try:
        yield OnRay(config, networks, sources, worker or Visualizer, ray.cluster_resources())
    finally:
        ray.shutdown()


class OnRay:
    """A launcher of a cluster; `read` is where this machine waits for it."""

    def __init__(
        self,
        config: StimuliConfig,
        networks: Mapping[str, LoadedNetwork],
        sources: MethodSources,
        worker: "WorkerFactory",
        resources: Mapping[str, float],
    ) -> None:
        gpus, cpus = resources.get("GPU", 0), resources.get("CPU", 0)
        self.device = ("cuda" if gpus else "cpu") if config.device == "auto" else config.device
        on_gpu = self.device != "cpu"
        places = int(gpus / SHARE_OF_A_GPU) if on_gpu else int(cpus)
        if not places:
            raise LauncherError(f"no node of the Ray cluster has what stimuli.device = {config.device!r} needs")
        self.threads = AHEAD * places
        self._networks, self._made = networks, (config, sources, worker)
        self._work = ray.put(self._made)
        self._sent = {name: ray.put(network) for name, network in networks.items()}
        self._task = ray.remote(
            num_cpus=0 if on_gpu else 1,
            num_gpus=SHARE_OF_A_GPU if on_gpu else 0,
            max_retries=RETRIES,
            scheduling_strategy="SPREAD",
        )(_done)

    def check(self, network: str, methods: Sequence[str]) -> None:
        config, sources, worker = self._made
        worker(self._networks[network], torch.device("cpu"), config, sources).check(methods)

    def read(self, job: Any) -> Any:
        try:
            sent: list[ray.ObjectRef] = [self._work, *(self._sent[name] for name in job.networks)]
            return ray.get(self._task.remote(sent, self.device, job))
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            raise LauncherError(
                f"the Ray cluster gave {job} up ({error}); when that is mended, start again: finished pictures are kept"
            ) from error

    def compute(self, job: Any, ready: Any) -> Any:
        return ready

    def encode(self, job: Any, computed: Any) -> Any:
        return computed


def _knock(address: str) -> None:
    """OSError at once where nothing listens; Ray itself would try for minutes and then end the process."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()


def _done(sent: list[ray.ObjectRef], device: str, job: Any) -> Any:
    """A task: all three stages of a job. Work and networks come as references, which a worker follows once."""
    local = _local(device, *sent)
    return local.encode(job, local.compute(job, local.read(job)))


@lru_cache
def _local(device: str, work: ray.ObjectRef, *networks: ray.ObjectRef) -> Local:
    (config, sources, worker), *loaded = ray.get([work, *networks])
    workers = {network.name: worker(network, torch.device(device), config, sources) for network in loaded}
    return Local(workers, device, threads=1)
