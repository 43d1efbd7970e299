"""What one network does with a job, wherever it runs."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from stimuli.config import StimuliConfig
from stimuli.produce.method_sources import MethodSources

if TYPE_CHECKING:
    import torch

    from models.catalogue import LoadedNetwork


class Worker(Protocol):
    """One network at work on a device, in three stages: `encode(job, compute(job, read(job)))`, a pure function."""

    def check(self, methods: Sequence[str]) -> None:
        """Raise GenerationError when the network cannot answer one of `methods`."""

    def read(self, job: Any) -> Any:
        """What is read from files."""

    def compute(self, job: Any, ready: Any) -> Any:
        """What the device does."""

    def encode(self, job: Any, computed: Any) -> Any:
        """What is made of it for the run."""


WorkerFactory = Callable[["LoadedNetwork", "torch.device", StimuliConfig, MethodSources], Worker]
