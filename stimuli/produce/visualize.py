"""A loaded network at work on a device: its predictions, and the drawn explanations of a shard.

Each is made in three stages, so that a pipeline can put them side by side: photographs are read, the device is kept
busy, files are made of pictures. A GPU draws what it explained; a CPU leaves that to the last stage.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from contracts.methods import PHOTOGRAPH
from models.catalogue import LoadedNetwork, preprocess
from models.image_files import read_image
from models.transform import Transform
from stimuli.config import StimuliConfig
from stimuli.devices import ieee_float32
from stimuli.errors import ExplanationError, GenerationError, RenderingError
from stimuli.explain.asked import methods_of
from stimuli.explain.engine import explain
from stimuli.explain.methods import Method, tried
from stimuli.explain.own import methods_of_study
from stimuli.produce.method_sources import NO_SOURCES, MethodSources
from stimuli.produce.pictures import Picture, Scores, picture_of
from stimuli.produce.render import render
from stimuli.produce.shards import Prediction, Shard
from stimuli.produce.stacking import sheets
from stimuli.produce.tiling import SHUFFLED, exchanged, tiled
from stimuli.rendering import Rendering

LEADING = 12  # of a network's categories: enough for the tiles of a picture beside the annotated ones


@dataclass(frozen=True)
class Explained:
    """What came of a shard, on the CPU: for each method raw maps (P, C, H, W) or, drawn already, (P, H, W, 3) uint8.

    `photographs` (P, 3, H, W) in [0, 1] where one is shown or drawn over. `joint`: how the maps are drawn, of each
    method, where that is done when those of other networks are there.
    """

    maps: dict[str, Tensor]
    logits: Tensor  # (N, C), float64
    drawn: bool
    photographs: Tensor | None
    joint: Mapping[str, Rendering] = field(default_factory=dict)


class Visualizer:
    """`network` on `device`; the network itself stays as and where it is."""

    def __init__(
        self,
        network: LoadedNetwork,
        device: torch.device,
        config: StimuliConfig,
        sources: MethodSources = NO_SOURCES,
    ) -> None:
        self._network, self._device, self._config = network, device, config
        self._methods, self._tables = methods_of_study(sources.configs), sources.tables
        self._module: nn.Module = network.module if device.type == "cpu" else copy.deepcopy(network.module).to(device)

    def check(self, methods: Sequence[str]) -> None:
        """Raise GenerationError when this network cannot answer one of `methods` (tried on a black picture)."""
        size = self._network.transform.image_size
        with self._named():
            quick = {name: tried(method) for name, method in self._computed(methods).items()}
            black = torch.zeros(1, 3, size, size, device=self._device)
            found = explain(self._module, black, [[0]], quick, self._network.target_layer, reshape=self._network.layout)
            self._sound(found.logits)

    def read(self, job: Prediction | Shard) -> Tensor:
        """The job's photographs as the network takes them, (N, 3, H, W) on the CPU. Raises PhotographError."""
        return torch.stack([preprocess(read_image(image.path), self._network.transform) for image in job.images])

    def compute(self, job: Prediction | Shard, images: Tensor) -> dict[str, list[Any]] | Explained:
        """What the device does with the job's photographs."""
        return self.predict(job, images) if isinstance(job, Prediction) else self.explain(job, images)

    def encode(self, job: Prediction | Shard, computed: Any) -> dict[str, list[Any]] | list[Picture]:
        """Of a Prediction what `predict` returns, of a Shard its files."""
        return computed if isinstance(job, Prediction) else self.pictures(job, computed)

    def predict(self, job: Prediction, images: Tensor) -> dict[str, list[Any]]:
        """Image id → the category with the highest score, its probability, the two best of the job's categories,
        and the best LEADING of all."""
        with self._named(), torch.inference_mode(), ieee_float32():
            scores = self._sound(self._module(images.to(self._device))).cpu()
        names, studied = self._network.categories, [self._network.categories.index(c) for c in job.categories]
        best, strongest = scores.argmax(1).tolist(), scores[:, studied].topk(2, 1).indices.tolist()
        leading = scores.argsort(dim=1, descending=True, stable=True)[:, :LEADING].tolist()
        confidence = self._probabilities(scores.double()).amax(1).tolist()
        return {
            image.image_id: [names[top], sure, [job.categories[place] for place in two], [names[p] for p in few]]
            for image, top, sure, two, few in zip(job.images, best, confidence, strongest, leading, strict=True)
        }

    def explain(self, shard: Shard, images: Tensor) -> Explained:
        """Explain a shard's `images`, and draw the maps where that is the GPU's work."""
        with self._named():
            inputs, targets = images.to(self._device), self._targets(shard)
            found = explain(
                self._module,
                inputs,
                targets,
                self._computed(shard.methods),
                self._network.target_layer,
                precision=self._config.precision,
                reshape=self._network.layout,
            )
            photographs, logits = self._photographs(inputs, targets, shard.methods), found.logits.double().cpu()
            found_maps = found.maps
            if shard.tiles:
                found_maps = {
                    m: tiled(exchanged(maps, shard) if m in SHUFFLED else maps) for m, maps in found.maps.items()
                }
                photographs = None if photographs is None else tiled(photographs)
            if shard.together:
                joint = {method: self._config.rendering_of(method, joint=True) for method in found_maps}
                under = None if photographs is None else photographs.cpu()
                return Explained({m: maps.cpu() for m, maps in found_maps.items()}, logits, False, under, joint)
            if self._device.type == "cpu":
                return Explained(found_maps, logits, False, photographs)
            drawn = {method: self._drawn(method, maps, photographs).cpu() for method, maps in found_maps.items()}
            return Explained(drawn, logits, True, None if photographs is None else photographs.cpu())

    def pictures(self, shard: Shard, found: Explained) -> list[Picture]:
        """The files of a shard, in the order of its visualizations."""
        with self._named():
            drawn: dict[str, Sequence[np.ndarray]] = {
                method: list((maps if found.drawn else self._drawn(method, maps, found.photographs)).numpy())
                for method, maps in found.maps.items()
            }
        pixels = {**drawn, **self._made_elsewhere(shard), **_as_seen(found)}
        pairs = [(row, target) for row, wanted in enumerate(self._places(shard.categories)) for target in wanted]
        probabilities = self._probabilities(found.logits)
        tops = found.logits.argmax(1).tolist()
        drawn_each = [
            (
                pixels[method][place],
                Scores(
                    found.logits[row, target].item(),
                    probabilities[row, target].item(),
                    self._network.categories[tops[row]],
                ),
            )
            for (place, (row, target)), method in product(enumerate(pairs), shard.methods)
        ]
        return [picture_of(*whole) for whole in sheets(drawn_each, len(shard.methods), shard.held)]

    def _targets(self, shard: Shard) -> list[list[int]]:
        return self._places(shard.tiles or shard.categories)

    def _places(self, wanted: Sequence[Sequence[str]]) -> list[list[int]]:
        return [[self._network.categories.index(category) for category in names] for names in wanted]

    def _computed(self, methods: Sequence[str]) -> dict[str, Method]:
        computed = [method for method in methods if method not in self._tables and method != PHOTOGRAPH]
        return methods_of(computed, self._methods)

    def _probabilities(self, logits: Tensor) -> Tensor:
        return logits.softmax(1) if self._network.single_label else logits.sigmoid()

    def _made_elsewhere(self, shard: Shard) -> dict[str, list[np.ndarray]]:
        """The pictures of methods that have tables, in the order of the pairs."""
        pairs = [(image, name) for image, names in zip(shard.images, shard.categories, strict=True) for name in names]
        return {
            method: [self._tables[method].ready(self._network.name, *pair)[0] for pair in pairs]
            for method in shard.methods
            if method in self._tables
        }

    def _photographs(self, inputs: Tensor, targets: list[list[int]], methods: Sequence[str]) -> Tensor | None:
        """What is shown or drawn over, (P, 3, H, W) in [0, 1]; None where no recipe or task shows one."""
        drawn_over = any(self._config.rendering_of(method).facts.shows_photograph for method in methods)
        if not drawn_over and PHOTOGRAPH not in methods:
            return None
        return photographs_of(inputs, targets, self._network.transform)

    def _drawn(self, method: str, maps: Tensor, photographs: Tensor | None) -> Tensor:
        return render(maps, self._config.rendering_of(method), photographs)

    def _sound(self, scores: Tensor) -> Tensor:
        if not scores.isfinite().all():
            raise ExplanationError("its scores are NaN or infinite; the checkpoint is broken, train it again")
        return scores

    @contextmanager
    def _named(self) -> Iterator[None]:
        named = f"network {self._network.name!r} ({self._network.architecture})"
        try:
            yield
        except (ExplanationError, RenderingError) as error:
            raise GenerationError(f"{named}: {error}") from error
        except torch.OutOfMemoryError as error:
            raise GenerationError(
                f'{named}: the memory of {self._device} is too small; lower stimuli.batch_size or set device = "cpu"'
            ) from error


def _as_seen(found: Explained) -> dict[str, list[np.ndarray]]:
    """The photographs of a shard's pairs (H, W, 3) uint8, where they are there."""
    if found.photographs is None:
        return {}
    return {PHOTOGRAPH: list((found.photographs * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy())}


def photographs_of(inputs: Tensor, targets: Sequence[Sequence[int]], transform: Transform) -> Tensor:
    """The network's `inputs` (N, 3, H, W) as photographs again, one for each target: (P, 3, H, W) in [0, 1]."""
    mean, std = (inputs.new_tensor(of).view(3, 1, 1) for of in (transform.mean, transform.std))
    counts = torch.tensor([len(wanted) for wanted in targets], device=inputs.device)
    return (inputs * std + mean).clamp(0, 1).repeat_interleave(counts, 0)
