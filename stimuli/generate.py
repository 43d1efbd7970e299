"""From what the tasks ask for to the stimulus set on disk: select, explain, render, write."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from models.catalogue import LoadedNetwork
from models.voc import VocImage
from stimuli import manifest
from stimuli.config import DISCERN_VERSION, StimuliConfig, StimulusRequest
from stimuli.errors import GenerationError
from stimuli.manifest import Stimulus
from stimuli.parts import Parts
from stimuli.png import encode_png
from stimuli.select import Selection, select
from stimuli.shards import Shard, Visualization, shards, visualizations
from stimuli.visualize import Drawn, Visualizer

PREDICTED_TOGETHER = 32  # images a part; it fixes the batches, so a resumed run predicts as an uninterrupted one

Progress = Callable[[int, int], None]
"""Told (done, total) after every part; one unit is a visualization, or a prediction by which trust selects."""


def generate(
    config: StimuliConfig,
    requests: Sequence[StimulusRequest],
    images: Sequence[VocImage],
    networks: Mapping[str, LoadedNetwork],
    categories: Sequence[str],
    request_sha256: str,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Make the stimulus set that `requests` ask for in `config.output` and return that folder.

    A finished set for the same request and checkpoints is left as it is. A run that was killed goes on where it was,
    and its set comes out the same, byte for byte. A set of another request stays whole until the new one is finished.

    Raises GenerationError (a network that does not fit), SelectionError (too few eligible images) and what reading a
    picture raises. The folder then holds nothing half-written, and what was done is kept for the next run.
    """
    used = _used(requests, networks, categories)
    device = _device(config)
    provenance = _provenance(config, used, request_sha256, device)
    parts = Parts(config.output, provenance)
    checkpoints = {name: network.sha256 for name, network in used.items()}
    if not manifest.is_complete(config.output, request_sha256, checkpoints):
        visualizers = {name: Visualizer(network, device) for name, network in used.items()}
        for request in requests:
            for name in request.networks:
                visualizers[name].check(request.methods)
        run = _Run(config, parts, used, visualizers, progress)
        selections = select(requests, images, categories, run.predictions(requests, images), config.seed)
        _publish(config.output, run.stimuli(selections), provenance | {"selection": _counts(selections)})
    parts.remove()
    return config.output


class _Run:
    """The steps of one run that take time: each part is done once, recorded, and told to `progress`."""

    def __init__(
        self,
        config: StimuliConfig,
        parts: Parts,
        networks: Mapping[str, LoadedNetwork],
        visualizers: Mapping[str, Visualizer],
        progress: Progress,
    ) -> None:
        self._config, self._parts, self._progress = config, parts, progress
        self._networks, self._visualizers = networks, visualizers
        self._done = 0

    def predictions(self, requests: Sequence[StimulusRequest], images: Sequence[VocImage]) -> dict[str, dict[str, str]]:
        """Top categories of all images, for the networks that a trust task compares."""
        names = sorted({name for request in requests if request.kind == "trust" for name in request.networks})
        total = len(names) * len(images) + sum(map(_roughly, requests))
        predicted: dict[str, dict[str, str]] = {name: {} for name in names}
        for name in names:
            for start in range(0, len(images), PREDICTED_TOGETHER):
                batch = images[start : start + PREDICTED_TOGETHER]
                part = {"network": name, "predicted": [image.image_id for image in batch]}
                predicted[name] |= self._parts.get_or_make(
                    part, lambda n=name, b=batch: self._visualizers[n].top_categories(b)
                )
                self._step(len(batch), total)
        return predicted

    def stimuli(self, selections: Sequence[Selection]) -> list[Stimulus]:
        """Every visualization's row of the table, its picture on disk."""
        wanted = visualizations(selections)
        total = self._done + len(wanted)
        made: list[Stimulus] = []
        for shard in shards(wanted, self._config.batch_size):
            part = [[v.image.image_id, v.category, v.foil, v.method, v.tasks] for v in shard.visualizations]
            rows = self._parts.get_or_make(
                {"network": shard.network, "visualized": part}, lambda s=shard: self._rows(s), self._lie_on_disk
            )
            made += [Stimulus(**(row | {"tasks": tuple(row["tasks"])})) for row in rows]
            self._step(len(shard.visualizations), total)
        return made

    def _rows(self, shard: Shard) -> list[dict[str, Any]]:
        drawn = self._visualizers[shard.network].draw(shard, self._config.recipe, self._config.precision)
        network = self._networks[shard.network]
        return [asdict(self._stored(v, d, network)) for v, d in zip(shard.visualizations, drawn, strict=True)]

    def _stored(self, wanted: Visualization, drawn: Drawn, network: LoadedNetwork) -> Stimulus:
        png = encode_png(drawn.pixels.numpy())
        sha256 = hashlib.sha256(png).hexdigest()
        file = manifest.image_file(sha256)
        manifest.write_atomically(self._config.output / file, png)
        height, width, _ = drawn.pixels.shape
        return Stimulus(
            stimulus_id=_stimulus_id(wanted, network, self._config.recipe),
            tasks=wanted.tasks,
            image_id=wanted.image.image_id,
            category=wanted.category,
            foil=wanted.foil,
            network=wanted.network,
            method=wanted.method,
            file=file,
            sha256=sha256,
            width=width,
            height=height,
            logit=drawn.logit,
            probability=drawn.probability,
            is_correct=drawn.top_category in wanted.image.categories,
        )

    def _lie_on_disk(self, rows: list[dict[str, Any]]) -> bool:
        contents = ((row["sha256"], (self._config.output / row["file"]).read_bytes()) for row in rows)
        return all(hashlib.sha256(content).hexdigest() == sha256 for sha256, content in contents)

    def _step(self, units: int, total: int) -> None:
        self._done += units
        self._progress(self._done, total)


def _stimulus_id(wanted: Visualization, network: LoadedNetwork, recipe: str) -> str:
    return manifest.stimulus_id(
        wanted.image.image_id, wanted.category, network.sha256, network.target_layer, wanted.method, recipe
    )


def _roughly(request: StimulusRequest) -> int:
    """How many visualizations a request needs, before it is known which ones it shares with another."""
    pairs = {"class-discrimination": 2, "trust": 1}[request.kind]
    return request.images * pairs * len(request.methods) * len(request.networks)


def _used(
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
    if len({network.transform.image_size for network in used.values()}) > 1:
        raise GenerationError(f"pictures of one set have one size; set the same image_size for {', '.join(names)}")
    if len({(network.sha256, network.target_layer) for network in used.values()}) < len(used):
        raise GenerationError(f"two of the networks {', '.join(names)} are one checkpoint with one target layer")
    return used


def _device(config: StimuliConfig) -> torch.device:
    name = config.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise GenerationError(f'stimuli.device = {name!r} cannot be used ({error}); "auto" finds one') from error
    return device


def _provenance(
    config: StimuliConfig, networks: Mapping[str, LoadedNetwork], request_sha256: str, device: torch.device
) -> dict[str, Any]:
    return {
        "request_sha256": request_sha256,
        "networks": {
            name: {
                "checkpoint_sha256": network.sha256,
                "architecture": network.architecture,
                "target_layer": network.target_layer,
                "categories": list(network.categories),
                "mean_average_precision": network.mean_average_precision,
                "transform": asdict(network.transform),
            }
            for name, network in networks.items()
        },
        "recipe": config.recipe,
        "precision": config.precision,
        "seed": config.seed,
        "device": str(device),
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


def _publish(folder: Path, stimuli: Sequence[Stimulus], provenance: dict[str, Any]) -> None:
    """Turn finished pictures into the finished set: the table is written last, then strangers are removed."""
    manifest.supersede(folder, stimuli)
    manifest.write_provenance(folder, provenance)
    manifest.write_stimuli(folder, stimuli)
    manifest.remove_strangers(folder)
