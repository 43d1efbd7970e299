"""What a run asks of the machines that do its work."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from stimuli.config import StimuliConfig
from stimuli.errors import LauncherError
from stimuli.produce.launchers.worker import WorkerFactory
from stimuli.produce.method_sources import MethodSources

if TYPE_CHECKING:
    from models.catalogue import LoadedNetwork


class Launcher(Protocol):
    """Three stages, `encode(job, compute(job, read(job)))`: a pure function of the job, wherever it runs.

    A job names its `network`; what comes out is what that network's Worker makes of it.
    """

    device: str
    """What the networks run on, for the provenance."""
    threads: int
    """In how many threads `read`, and in how many others `encode`, may be called at once."""

    def check(self, network: str, methods: Sequence[str]) -> None:
        """Raise GenerationError when the network cannot answer one of `methods`."""

    def read(self, job: Any) -> Any:
        """In a reading thread, ahead of `compute`."""

    def compute(self, job: Any, ready: Any) -> Any:
        """In the run's own thread, one job after another."""

    def encode(self, job: Any, computed: Any) -> Any:
        """In a writing thread, after `compute`."""


class Launch(Protocol):
    """Starts the machines. `worker` makes a network's Worker; without it, the one that makes stimuli."""

    def __call__(
        self,
        config: StimuliConfig,
        networks: Mapping[str, "LoadedNetwork"],
        sources: MethodSources,
        worker: WorkerFactory | None = None,
    ) -> AbstractContextManager[Launcher]: ...


def launch_on(name: str) -> Launch:
    """The launcher called "local" or "ray". LauncherError where its package is not installed."""
    if name == "local":
        from stimuli.produce.launchers import local

        return local.launch
    try:
        from stimuli.produce.launchers import on_ray
    except ModuleNotFoundError as error:
        raise LauncherError(
            f"--launcher ray needs a package that is not installed ({error.name});"
            " pip install -r requirements-ray.txt here and on every node"
        ) from error
    return on_ray.launch
