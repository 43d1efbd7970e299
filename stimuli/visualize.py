"""A loaded network at work on a device: its predictions, and the drawn explanations of a shard."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor, nn

from models.catalogue import LoadedNetwork, preprocess
from models.voc import VocImage, read_image
from stimuli.errors import ExplanationError, GenerationError, RenderingError
from stimuli.explain import Precision, explain
from stimuli.render import render
from stimuli.shards import Shard


@dataclass(frozen=True)
class Drawn:
    """One visualization: (H, W, 3) uint8 RGB, and what the network said of the image."""

    pixels: Tensor
    logit: float
    probability: float  # sigmoid of the logit: every category is a yes-or-no question of its own
    top_category: str


class Visualizer:
    """`network` on `device`; the network itself stays as and where it is."""

    def __init__(self, network: LoadedNetwork, device: torch.device) -> None:
        self._network = network
        self._device = device
        self._module: nn.Module = network.module if device.type == "cpu" else copy.deepcopy(network.module).to(device)

    def check(self, methods: Sequence[str]) -> None:
        """Raise GenerationError when this network cannot answer one of `methods` (tried on a black picture)."""
        size = self._network.transform.image_size
        quick = [method for method in methods if method != "occlusion"]
        with self._named():
            black = torch.zeros(1, 3, size, size, device=self._device)
            self._sound(explain(self._module, black, [[0]], quick, self._layer).logits)

    def top_categories(self, images: Sequence[VocImage]) -> dict[str, str]:
        """Image id → the category with the highest score."""
        with self._named(), torch.inference_mode():
            best = self._sound(self._module(self._batch(images))).argmax(1).tolist()
        return {image.image_id: self._network.categories[top] for image, top in zip(images, best, strict=True)}

    def draw(self, shard: Shard, recipe: str, precision: Precision) -> list[Drawn]:
        """Explain and render a shard, in the order of its visualizations."""
        index = self._network.categories.index
        targets = [[index(category) for category in wanted] for wanted in shard.categories]
        with self._named():
            images = self._batch(shard.images)
            found = explain(self._module, images, targets, shard.methods, self._layer, precision=precision)
            pixels = {method: render(maps, recipe).cpu() for method, maps in found.maps.items()}
        pairs = [(row, target) for row, wanted in enumerate(targets) for target in wanted]
        logits = found.logits.double().cpu()
        probabilities = logits.sigmoid()
        tops = [self._network.categories[top] for top in logits.argmax(1).tolist()]
        return [
            Drawn(pixels[method][place], logits[row, target].item(), probabilities[row, target].item(), tops[row])
            for (place, (row, target)), method in product(enumerate(pairs), shard.methods)
        ]

    @property
    def _layer(self) -> str:
        return self._network.target_layer

    def _batch(self, images: Sequence[VocImage]) -> Tensor:
        pictures = [preprocess(read_image(image.path), self._network.transform) for image in images]
        return torch.stack(pictures).to(self._device)

    def _sound(self, scores: Tensor) -> Tensor:
        if not scores.isfinite().all():
            raise ExplanationError("its scores are NaN or infinite; the checkpoint is broken, train it again")
        return scores

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (ExplanationError, RenderingError) as error:
            raise GenerationError(f"network {self._network.name!r} ({self._network.architecture}): {error}") from error
