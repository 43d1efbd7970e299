"""From what the tasks ask for to the stimulus set on disk: select, explain, render, write."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from contracts import stimulus_set
from contracts.stimulus_set import Stimulus
from models.catalogue import LoadedNetwork
from models.photographs import Photograph
from stimuli.config import DISCERN_VERSION, StimuliConfig, StimulusRequest
from stimuli.errors import GenerationError
from stimuli.produce.launchers import local
from stimuli.produce.launchers.launcher import Launch, Launcher
from stimuli.produce.parts import Parts, forget_parts
from stimuli.produce.pipeline import overlapped
from stimuli.produce.publishing import is_complete, publish, require_own_set
from stimuli.produce.select import Selection, select
from stimuli.produce.shards import Job, Prediction, Shard, Visualization, predictions, shards, visualizations
from stimuli.produce.storage import Storage, storage_at
from stimuli.produce.visualize import Picture
from stimuli.rendering import Rendering

PREDICTED_TOGETHER = 32  # images a part; it fixes the batches, so a resumed run predicts as an uninterrupted one

Progress = Callable[[int, int], None]
"""Told (done, total) after every part; one unit is a visualization, or a prediction by which images are chosen."""


def generate(
    config: StimuliConfig,
    requests: Sequence[StimulusRequest],
    images: Sequence[Photograph],
    networks: Mapping[str, LoadedNetwork],
    categories: Sequence[str],
    request_sha256: str,
    progress: Progress = lambda done, total: None,
    launch: Launch = local.launch,
) -> Path | str:
    """Make the stimulus set that `requests` ask for in `config.output` and return that place.

    A finished set for the same request and checkpoints is left as it is. A run that was killed goes on where it was,
    and its set comes out the same, byte for byte. A set of another request stays whole until the new one is finished.

    Raises GenerationError (a network that does not fit), SelectionError (too few eligible images), StorageError (the
    place cannot be written, or holds files in the way that Discern did not write), LauncherError and what reading a
    picture raises. Nothing half-written is then left, and what was done is kept for the next run.
    """
    used = used_networks(requests, networks, categories)
    storage = storage_at(config.output)
    require_own_set(storage, config.output)
    if not is_complete(storage, request_sha256, {name: network.sha256 for name, network in used.items()}):
        with launch(config, used) as launcher:
            for request in requests:
                for name in request.networks:
                    launcher.check(name, request.methods)
            provenance = _provenance(config, used, request_sha256, launcher.device)
            run = _Run(config, storage, Parts(storage, provenance), used, launcher, progress)
            selections = select(requests, images, categories, run.predictions(requests, images), config.seed)
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
        networks: Mapping[str, LoadedNetwork],
        launcher: Launcher,
        progress: Progress,
    ) -> None:
        self._config, self._storage, self._parts = config, storage, parts
        self._networks, self._launcher, self._progress = networks, launcher, progress
        self._done = 0

    def predictions(
        self, requests: Sequence[StimulusRequest], images: Sequence[Photograph]
    ) -> dict[str, dict[str, str]]:
        """Top categories of all images, for the networks by whose predictions a task chooses its images."""
        names = sorted({name for request in requests if request.facts.needs_predictions for name in request.networks})
        jobs = predictions(names, images, PREDICTED_TOGETHER)
        total = len(names) * len(images) + sum(map(_roughly, requests))
        predicted: dict[str, dict[str, str]] = {name: {} for name in names}
        for job, found in zip(jobs, self._records(jobs, total, lambda _, categories: categories), strict=True):
            predicted[job.network] |= found
        return predicted

    def stimuli(self, selections: Sequence[Selection]) -> list[Stimulus]:
        """Every visualization's row of the table, its picture on disk."""
        wanted = visualizations(selections)
        jobs = shards(wanted, self._config.batch_size)
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

    def _stored(self, shard: Shard, pictures: Sequence[Picture]) -> list[dict[str, Any]]:
        """Put the pictures away and return their rows."""
        self._storage.write({stimulus_set.image_file(picture.sha256): picture.png for picture in pictures})
        network = self._networks[shard.network]
        return [
            asdict(row)
            for wanted, picture in zip(shard.visualizations, pictures, strict=True)
            for row in _rows(wanted, picture, network, self._config.rendering)
        ]


def _rows(wanted: Visualization, picture: Picture, network: LoadedNetwork, rendering: Rendering) -> Iterator[Stimulus]:
    """A row of the table for each use of a picture."""
    first = _row(wanted, picture, network, rendering)
    yield first
    for use in wanted.further:
        name = stimulus_set.stimulus_id(first.stimulus_id, use.foil)
        yield replace(first, stimulus_id=name, foil=use.foil, tasks=use.tasks)


def _row(wanted: Visualization, picture: Picture, network: LoadedNetwork, rendering: Rendering) -> Stimulus:
    return Stimulus(
        stimulus_id=stimulus_set.stimulus_id(
            wanted.image.image_id, wanted.category, network.sha256, network.target_layer, wanted.method, rendering.label
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
        logit=picture.logit,
        probability=picture.probability,
        is_correct=picture.top_category in wanted.image.categories,
    )


def _roughly(request: StimulusRequest) -> int:
    """How many visualizations a request needs, before it is known which ones it shares with another."""
    return request.images * request.facts.categories * len(request.methods) * len(request.networks)


def used_networks(
    requests: Sequence[StimulusRequest], networks: Mapping[str, LoadedNetwork], categories: Sequence[str]
) -> dict[str, LoadedNetwork]:
    """The networks that a request names; GenerationError where they do not fit the study or each other."""
    if not requests:
        raise GenerationError("no task asks for stimuli; the definition needs at least one [[tasks]]")
    names = list(dict.fromkeys(name for request in requests for name in request.networks))
    if unknown := [name for name in names if name not in networks]:
        raise GenerationError(f"no network {', '.join(unknown)} is loaded; there are {', '.join(networks) or 'none'}")
    used = {name: networks[name] for name in names}
    for name, network in used.items():
        if missing := [category for category in categories if category not in network.categories]:
            raise GenerationError(
                f"network {name!r} was not trained on {', '.join(missing)}; it knows {', '.join(network.categories)}."
                " Take them out of dataset.categories or train the network on them"
            )
    if len({(network.transform.image_size, network.transform.resize) for network in used.values()}) > 1:
        raise GenerationError(
            "pictures of one set have one size and show one part of a photograph; set the same image_size, crop and"
            f" resize for {', '.join(names)}"
        )
    if len({(network.sha256, network.target_layer) for network in used.values()}) < len(used):
        raise GenerationError(f"two of the networks {', '.join(names)} are one checkpoint with one target layer")
    return used


def _provenance(
    config: StimuliConfig, networks: Mapping[str, LoadedNetwork], request_sha256: str, device: str
) -> dict[str, Any]:
    return {
        "request_sha256": request_sha256,
        "networks": {
            name: {
                "checkpoint_sha256": network.sha256,
                "architecture": network.architecture,
                "target_layer": network.target_layer,
                "layout": network.layout,
                "categories": list(network.categories),
                "mean_average_precision": network.mean_average_precision,
                "transform": network.transform.facts,
            }
            for name, network in networks.items()
        },
        "recipe": config.recipe,
        **({"rendering": parameters} if (parameters := config.rendering.parameters) else {}),
        "precision": config.precision,
        "seed": config.seed,
        "device": device,
        "library_versions": {name: metadata.version(name) for name in ("numpy", "pillow", "torch", "torchvision")},
        "discern_version": DISCERN_VERSION,
    }


def _counts(selections: Sequence[Selection]) -> dict[str, Any]:
    """For each task how its images came about."""
    return {
        selection.request.task: {
            "images": len(selection.chosen),
            "eligible": selection.eligible,
            "removed": selection.removed,
            "shared_with_other_tasks": selection.shared,
        }
        for selection in selections
    }
