"""A loaded network at work on a device: its predictions, and the drawn explanations of a shard.

Each is made in three stages, so that a pipeline can put them side by side: photographs are read, the device is kept
busy, files are made of pictures. A GPU draws what it explained; a CPU leaves that to the last stage.
"""

import copy
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor, nn

from models.catalogue import LoadedNetwork, preprocess
from models.image_files import read_image
from models.transform import Transform
from stimuli.devices import ieee_float32
from stimuli.errors import ExplanationError, GenerationError, RenderingError
from stimuli.explain.asked import methods_of
from stimuli.explain.engine import Precision, explain
from stimuli.explain.methods import METHODS, tried
from stimuli.produce.png import encode_png
from stimuli.produce.render import render
from stimuli.produce.shards import Prediction, Shard
from stimuli.rendering import Rendering


@dataclass(frozen=True)
class Explained:
    """What came of a shard, on the CPU: for each method raw maps (P, C, H, W) or, drawn already, (P, H, W, 3) uint8.

    `photographs` (P, 3, H, W) in [0, 1] where the maps have yet to be drawn over them.
    """

    maps: dict[str, Tensor]
    logits: Tensor  # (N, C), float64
    drawn: bool
    photographs: Tensor | None


@dataclass(frozen=True)
class Picture:
    """A visualization as a file's bytes, with their hash, and what the network said of the image."""

    png: bytes
    sha256: str
    width: int
    height: int
    logit: float
    probability: float  # sigmoid of the logit: each category is a yes-or-no question; softmax for a single label
    top_category: str


class Visualizer:
    """`network` on `device`; the network itself stays as and where it is."""

    def __init__(
        self, network: LoadedNetwork, device: torch.device, rendering: Rendering, precision: Precision
    ) -> None:
        self._network, self._device = network, device
        self._rendering, self._precision = rendering, precision
        self._module: nn.Module = network.module if device.type == "cpu" else copy.deepcopy(network.module).to(device)

    def check(self, methods: Sequence[str]) -> None:
        """Raise GenerationError when this network cannot answer one of `methods` (tried on a black picture)."""
        size = self._network.transform.image_size
        with self._named():
            quick = {name: tried(method) for name, method in methods_of(methods, METHODS).items()}
            black = torch.zeros(1, 3, size, size, device=self._device)
            found = explain(self._module, black, [[0]], quick, self._network.target_layer, reshape=self._network.layout)
            self._sound(found.logits)

    def read(self, job: Prediction | Shard) -> Tensor:
        """The job's photographs as the network takes them, (N, 3, H, W) on the CPU. Raises PhotographError."""
        return torch.stack([preprocess(read_image(image.path), self._network.transform) for image in job.images])

    def top_categories(self, job: Prediction, images: Tensor) -> dict[str, str]:
        """Image id → the category with the highest score."""
        with self._named(), torch.inference_mode(), ieee_float32():
            best = self._sound(self._module(images.to(self._device))).argmax(1).tolist()
        return {image.image_id: self._network.categories[top] for image, top in zip(job.images, best, strict=True)}

    def explain(self, shard: Shard, images: Tensor) -> Explained:
        """Explain a shard's `images`, and draw the maps where that is the GPU's work."""
        with self._named():
            inputs, targets = images.to(self._device), self._targets(shard)
            found = explain(
                self._module,
                inputs,
                targets,
                shard.methods,
                self._network.target_layer,
                precision=self._precision,
                reshape=self._network.layout,
            )
            photographs, logits = self._photographs(inputs, targets), found.logits.double().cpu()
            if self._device.type == "cpu":
                return Explained(found.maps, logits, False, photographs)
            drawn = {method: self._drawn(maps, photographs).cpu() for method, maps in found.maps.items()}
            return Explained(drawn, logits, True, None)

    def pictures(self, shard: Shard, found: Explained) -> list[Picture]:
        """The files of a shard, in the order of its visualizations."""
        with self._named():
            pixels = (
                found.maps
                if found.drawn
                else {method: self._drawn(maps, found.photographs) for method, maps in found.maps.items()}
            )
        pairs = [(row, target) for row, wanted in enumerate(self._targets(shard)) for target in wanted]
        probabilities = found.logits.softmax(1) if self._network.single_label else found.logits.sigmoid()
        tops = found.logits.argmax(1).tolist()
        return [
            _picture(
                encode_png(pixels[method][place].numpy()),
                pixels[method].shape[1:3],
                found.logits[row, target].item(),
                probabilities[row, target].item(),
                self._network.categories[tops[row]],
            )
            for (place, (row, target)), method in product(enumerate(pairs), shard.methods)
        ]

    def _targets(self, shard: Shard) -> list[list[int]]:
        return [[self._network.categories.index(category) for category in wanted] for wanted in shard.categories]

    def _photographs(self, inputs: Tensor, targets: list[list[int]]) -> Tensor | None:
        """What each map is drawn over, (P, 3, H, W) in [0, 1]; None where the recipe draws none."""
        if not self._rendering.facts.shows_photograph:
            return None
        return photographs_of(inputs, targets, self._network.transform)

    def _drawn(self, maps: Tensor, photographs: Tensor | None) -> Tensor:
        return render(maps, self._rendering, photographs)

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


def photographs_of(inputs: Tensor, targets: Sequence[Sequence[int]], transform: Transform) -> Tensor:
    """The network's `inputs` (N, 3, H, W) as photographs again, one for each target: (P, 3, H, W) in [0, 1]."""
    mean, std = (inputs.new_tensor(of).view(3, 1, 1) for of in (transform.mean, transform.std))
    counts = torch.tensor([len(wanted) for wanted in targets], device=inputs.device)
    return (inputs * std + mean).clamp(0, 1).repeat_interleave(counts, 0)


def _picture(png: bytes, size: torch.Size, logit: float, probability: float, top_category: str) -> Picture:
    height, width = size
    return Picture(png, hashlib.sha256(png).hexdigest(), width, height, logit, probability, top_category)
