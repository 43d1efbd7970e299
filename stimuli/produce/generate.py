"""From what the tasks ask for to the stimulus set on disk: select, explain, render, write."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts import stimulus_set
from contracts.hashing import canonical_sha256
from contracts.stimulus_set import Stimulus
from models.photographs import Photograph
from stimuli.config import DISCERN_VERSION, StimuliConfig, StimulusRequest
from stimuli.method_config import MethodConfig
from stimuli.produce.launchers import ready_made
from stimuli.produce.launchers.launcher import Launch, Launcher, launch_on
from stimuli.produce.method_sources import MethodSources, method_sources
from stimuli.produce.networks import Network, NetworkElsewhere, network_told, told_predictions, used_networks
from stimuli.produce.parts import Parts, forget_parts
from stimuli.produce.pictures import Picture
from stimuli.produce.pipeline import overlapped
from stimuli.produce.publishing import is_complete, publish, require_own_set
from stimuli.produce.select import Selection, select
from stimuli.produce.shards import (
    Job,
    Prediction,
    Shard,
    Together,
    Visualization,
    drawing_jobs,
    predictions,
    visualizations,
)
from stimuli.produce.storage import Storage, storage_at
from stimuli.tasks.kind import Predicted

if TYPE_CHECKING:
    from models.catalogue import LoadedNetwork

PREDICTED_TOGETHER = 32  # images a part; it fixes the batches, so a resumed run predicts as an uninterrupted one

ALL = ""  # in the place of a method: what counts where none is named
NO_METHODS: Mapping[str, MethodConfig] = {}

Progress = Callable[[int, int], None]
"""Told (done, total) after every part; one unit is a visualization, or a prediction by which images are chosen."""


def generate(
    config: StimuliConfig,
    requests: Sequence[StimulusRequest],
    images: Sequence[Photograph],
    networks: Mapping[str, "LoadedNetwork"],
    categories: Sequence[str],
    request_sha256: str,
    progress: Progress = lambda done, total: None,
    launch: Launch | None = None,
    methods: Mapping[str, MethodConfig] = NO_METHODS,
) -> Path | str:
    """Make the stimulus set that `requests` ask for in `config.output` and return that place.

    `methods` are those that the definition describes. `launch` starts the machines, else this one; where no network is
    loaded and all pictures are made elsewhere, none is needed.

    A finished set for the same request and checkpoints is left as it is. A run that was killed goes on where it was,
    and its set comes out the same, byte for byte. A set of another request stays whole until the new one is finished.

    Raises GenerationError (a network that does not fit), SelectionError (too few eligible images), StorageError (the
    place cannot be written, or holds files in the way that Discern did not write), LauncherError and what reading a
    picture raises. Nothing half-written is then left, and what was done is kept for the next run.
    """
    sources = method_sources(methods, [method for request in requests for method in request.methods], config)
    used = used_networks(requests, networks, categories, sources.tables)
    loaded = {name: networks[name] for name in used if name in networks}
    storage = storage_at(config.output)
    require_own_set(storage, config.output)
    checkpoints = {name: network.sha256 for name, network in used.items()}
    if not is_complete(storage, request_sha256, checkpoints, sources.made_by):
        start: Launch = (launch or launch_on("local")) if loaded else ready_made.launch
        with start(config, loaded, sources) as launcher:
            for request in requests:
                for name in request.networks:
                    launcher.check(name, request.methods)
            provenance = _provenance(config, requests, used, sources, request_sha256, launcher.device)
            run = _Run(config, storage, Parts(storage, provenance), used, sources, launcher, progress)
            predicted = run.predictions(requests, images, categories)
            selections = select(requests, images, categories, predicted, config.seed, sources.tables)
            stimuli = run.stimuli(selections)
        publish(storage, stimuli, provenance | {"selection": _counts(selections)})
    forget_parts(storage)
    return config.output


class _Run:
    """The steps of one run that take time: each job is done once, recorded, and told to `progress`."""

    def __init__(
        self,
        config: StimuliConfig,
        storage: Storage,
        parts: Parts,
        networks: Mapping[str, Network],
        sources: MethodSources,
        launcher: Launcher,
        progress: Progress,
    ) -> None:
        self._config, self._storage, self._parts, self._sources = config, storage, parts, sources
        self._networks, self._launcher, self._progress = networks, launcher, progress
        self._done = 0

    def predictions(
        self, requests: Sequence[StimulusRequest], images: Sequence[Photograph], categories: Sequence[str]
    ) -> dict[str, dict[str, Predicted]]:
        """Of all images, for the networks by whose predictions a task chooses its images or wrong options."""
        asking = [request for request in requests if request.needs_predictions]
        if any(isinstance(network, NetworkElsewhere) for network in self._networks.values()):
            return told_predictions(asking, images, self._sources.tables)
        names = sorted({name for request in asking for name in request.networks})
        jobs = predictions(names, images, PREDICTED_TOGETHER, categories)
        total = len(names) * len(images) + sum(map(_roughly, requests))
        predicted: dict[str, dict[str, Predicted]] = {name: {} for name in names}
        for job, found in zip(jobs, self._records(jobs, total, lambda _, predicted: predicted), strict=True):
            predicted[job.network] |= {
                image: Predicted(top, tuple(two), confidence, tuple(leading))
                for image, (top, confidence, two, leading) in found.items()
            }
        return predicted

    def stimuli(self, selections: Sequence[Selection]) -> list[Stimulus]:
        """Every visualization's row of the table, its picture on disk."""
        wanted = visualizations(selections)
        jobs = drawing_jobs(wanted, self._config.batch_size)
        records = self._records(jobs, self._done + len(wanted), self._stored)
        return [Stimulus(**(row | {"tasks": tuple(row["tasks"])})) for rows in records for row in rows]

    def _records(self, jobs: Sequence[Job], total: int, store: Callable[[Any, Any], Any]) -> list[Any]:
        """What is recorded of each job, by an earlier run or now, when `store` has put away what came out of it."""
        launcher, there = self._launcher, self._storage.names()
        with ThreadPoolExecutor(launcher.threads) as threads:
            records = list(threads.map(lambda job: self._sound_record(job, there), jobs))

        def write(job: Job, computed: Any) -> Any:
            record = store(job, launcher.encode(job, computed))
            self._parts.record(job.part, record)
            return record

        def tell(job: Job) -> None:
            self._done += job.units
            self._progress(self._done, total)

        missing = []
        for job, record in zip(jobs, records, strict=True):
            missing.append(job) if record is None else tell(job)
        made = iter(overlapped(missing, launcher.read, launcher.compute, write, tell, launcher.threads))
        return [next(made) if record is None else record for record in records]

    def _sound_record(self, job: Job, there: set[str]) -> Any:
        record = self._parts.recorded(job.part, there)
        if isinstance(job, Prediction) or record is None:
            return record
        intact = all(row["file"] in there and self._storage.is_intact(row["file"], row["sha256"]) for row in record)
        return record if intact else None

    def _stored(self, shard: Shard | Together, pictures: Sequence[Picture]) -> list[dict[str, Any]]:
        """Put the pictures away and return their rows."""
        self._storage.write({stimulus_set.image_file(picture.sha256): picture.png for picture in pictures})
        return [
            asdict(row)
            for wanted, picture in zip(shard.visualizations, pictures, strict=True)
            for row in _rows(self._row(wanted, picture), wanted)
        ]

    def _row(self, wanted: Visualization, picture: Picture) -> Stimulus:
        top = picture.scores.top_category
        return Stimulus(
            stimulus_id=stimulus_set.stimulus_id(
                wanted.image.image_id,
                wanted.category,
                *self._explained_by(wanted.network),
                wanted.method,
                self._config.rendering_of(wanted.method, joint=bool(wanted.together)).label,
                *wanted.tiles,
                *(told for name in wanted.together for told in self._explained_by(name)),
                *(name for image, category in wanted.sheet for name in (image.image_id, category)),
                *([canonical_sha256(made_by)] if (made_by := self._sources.made_by.get(wanted.method)) else []),
            ),
            tasks=wanted.tasks,
            image_id=wanted.image.image_id,
            category=wanted.category,
            foil=wanted.foil,
            network=wanted.network,
            method=wanted.method,
            file=stimulus_set.image_file(picture.sha256),
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            logit=picture.scores.logit,
            probability=picture.scores.probability,
            is_correct=None if top is None else top in wanted.image.categories,
        )

    def _explained_by(self, name: str) -> tuple[str, str]:
        """A network and its target layer, as they are in a picture's identity."""
        network = self._networks[name]
        return network.sha256 or network.name, network.target_layer


def _rows(first: Stimulus, wanted: Visualization) -> Iterator[Stimulus]:
    """A row of the table for each use of a picture."""
    yield first
    for use in wanted.further:
        name = stimulus_set.stimulus_id(first.stimulus_id, use.foil)
        yield replace(first, stimulus_id=name, foil=use.foil, tasks=use.tasks)


def _roughly(request: StimulusRequest) -> int:
    """How many visualizations a request needs, before it is known which ones it shares with another."""
    return (
        request.images
        // request.explanations
        * request.facts.explained(request.foil)
        * len(request.drawn)
        * len(request.networks)
    )


def _provenance(
    config: StimuliConfig,
    requests: Sequence[StimulusRequest],
    networks: Mapping[str, Network],
    sources: MethodSources,
    request_sha256: str,
    device: str,
) -> dict[str, Any]:
    is_computed = not any(isinstance(network, NetworkElsewhere) for network in networks.values())
    joint = {request.task: list(request.together) for request in requests if request.joint_scale}
    libraries = ("numpy", "pillow", *(("torch", "torchvision") if is_computed else ()))
    return {
        "request_sha256": request_sha256,
        "networks": {name: network_told(network) for name, network in networks.items()},
        **({"methods": dict(sources.made_by)} if sources.made_by else {}),
        "recipe": config.recipe,
        **({"rendering": parameters} if (parameters := config.rendering_of(ALL).parameters) else {}),
        **({"recipes": {name: config.rendering_of(name).label for name in config.recipes}} if config.recipes else {}),
        **({"joint_scale": joint} if joint else {}),
        "precision": config.precision,
        "seed": config.seed,
        "device": device,
        "library_versions": {name: metadata.version(name) for name in libraries},
        "discern_version": DISCERN_VERSION,
    }


def _counts(selections: Sequence[Selection]) -> dict[str, Any]:
    """For each task how its images came about."""
    return {
        selection.request.task: {
            "images": len(selection.chosen),
            "eligible": selection.eligible,
            **({"after_balance": selection.drawn_from} if any(c.sort for c in selection.chosen) else {}),
            **({"foil": selection.request.foil} if selection.request.facts.has_truth else {}),
            "removed": selection.removed,
            "shared_with_other_tasks": selection.shared,
            **({"explanations": selection.request.explanations} if selection.sheets else {}),
            **selection.recorded,
        }
        for selection in selections
    }
