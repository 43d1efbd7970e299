"""From a study's photographs and networks to the records of all metrics, in shards: a stopped run goes on.

Records are kept beside the stimulus set, one for each shard and metric. A later run computes only what they lack: other
metrics, changed choices, changed annotations, changed networks.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

from models.catalogue import LoadedNetwork
from models.photographs import Photograph
from stimuli.config import StimuliConfig
from stimuli.errors import EvaluationError
from stimuli.evaluate.work import MAPS, Evaluation, EvaluatorOf, Row
from stimuli.evaluate_config import EvaluateConfig
from stimuli.method_config import MethodConfig
from stimuli.produce.launchers.launcher import Launch
from stimuli.produce.method_sources import method_sources
from stimuli.produce.networks import network_told
from stimuli.produce.parts import Parts
from stimuli.produce.pipeline import overlapped
from stimuli.produce.storage import Storage

EVALUATED = ".evaluated/"
_PART = re.compile(rf"{re.escape(EVALUATED)}([0-9a-f]{{32}})/[0-9a-f]{{32}}\.json")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Asked:
    """What is evaluated: `images` of the study, its `categories`, and the `methods` of each network."""

    images: Sequence[Photograph]
    categories: Sequence[str]
    networks: Mapping[str, LoadedNetwork]
    methods: Mapping[str, tuple[str, ...]]  # network → methods
    configs: Mapping[str, MethodConfig]
    metrics: tuple[str, ...]
    dataset: Any  # the definition's section, as JSON: records of other photographs are not taken for these


@dataclass(frozen=True)
class Records:
    """What came of a run, read again from its files whenever it is gone through."""

    parts: Parts
    jobs: tuple[Evaluation, ...]
    choices: EvaluateConfig
    names: frozenset[str]

    def rows(self, metric: str) -> Iterator[tuple[str, Row]]:
        """(network, row) of one metric, or of MAPS, photograph after photograph."""
        for job in self.jobs:
            for row in self.parts.recorded(job.part(metric, self.choices), self.names):
                yield job.network, row


def evaluate(
    config: StimuliConfig, choices: EvaluateConfig, asked: Asked, storage: Storage, launch: Launch, progress: Progress
) -> Records:
    """Compute what `storage` has no record of, and return all records.

    Raises EvaluationError where there is nothing to evaluate, GenerationError, LauncherError and StorageError like
    `generate`; what was done is kept for the next run.
    """
    sources = method_sources(asked.configs, [m for methods in asked.methods.values() for m in methods], config)
    run = {
        "dataset": asked.dataset,
        "networks": {name: network_told(network) for name, network in asked.networks.items()},
        "methods": dict(sources.made_by),
        "precision": config.precision,
        "libraries": {name: metadata.version(name) for name in ("torch", "numpy")},
    }
    parts, there = Parts(storage, run, EVALUATED), storage.names()
    jobs = _jobs(asked, config.batch_size)
    lacking = [replace(job, metrics=_missing(job, parts, there, choices)) for job in jobs]
    total, done = sum(job.units for job in jobs), sum(job.units for job in lacking if not job.metrics)
    progress(done, total)

    def write(job: Evaluation, computed: Any) -> None:
        for metric, rows in launcher.encode(job, computed).items():
            parts.record(job.part(metric, choices), rows)

    def tell(job: Evaluation) -> None:
        nonlocal done
        done += job.units
        progress(done, total)

    if todo := [job for job in lacking if job.metrics]:
        with launch(config, asked.networks, sources, EvaluatorOf(choices)) as launcher:
            overlapped(todo, launcher.read, launcher.compute, write, tell, launcher.threads)
    return Records(parts, jobs, choices, frozenset(storage.names()))


def forget_other_records(storage: Storage, records: Records) -> None:
    """Remove the records of earlier networks, methods or photographs."""
    own = records.parts.prefix
    storage.remove(name for name in storage.names() if _PART.fullmatch(name) and not name.startswith(own))


def _jobs(asked: Asked, batch_size: int) -> tuple[Evaluation, ...]:
    found = []
    metrics = (MAPS, *asked.metrics)
    for name, network in asked.networks.items():
        known = set(asked.categories) & set(network.categories)
        pairs = [(i, tuple(c for c in i.categories if c in known)) for i in asked.images]
        useful = [pair for pair in pairs if pair[1]]
        for start in range(0, len(useful), batch_size):
            images, categories = zip(*useful[start : start + batch_size], strict=True)
            found.append(Evaluation(name, images, categories, asked.methods[name], metrics))
    if not found:
        raise EvaluationError(
            "no photograph of the split shows a category of the study that a network knows; correct dataset.categories"
            " or dataset.split"
        )
    return tuple(found)


def _missing(job: Evaluation, parts: Parts, there: set[str], choices: EvaluateConfig) -> tuple[str, ...]:
    return tuple(name for name in job.metrics if parts.recorded(job.part(name, choices), there) is None)
