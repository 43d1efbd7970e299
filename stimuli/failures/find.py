"""Which photographs a network gets wrong: the strongest of the study's categories is not annotated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import torch

from models.catalogue import LoadedNetwork, preprocess
from models.image_files import read_image
from models.photographs import Photograph
from stimuli.devices import ieee_float32
from stimuli.evaluate.resumed import in_parts

TOGETHER = 32  # photographs in a forward pass, and in a part that a stopped run does not do again

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Failure:
    """A photograph for which `predicted` is the strongest category of the study and not annotated; `true` is the
    strongest annotated one. Confidences are from 0 to 1; of networks that give one label to an image they are among the
    study's categories alone."""

    network: str
    image: Photograph
    predicted: str
    true: str
    confidence: float
    confidence_true: float
    strongest: str  # of all the network's categories


@dataclass(frozen=True)
class Judged:
    """A network's failures among the photographs that show a category of the study; `photographs` counts those."""

    network: str
    photographs: int
    failures: tuple[Failure, ...]


def judged(
    network: LoadedNetwork,
    images: Sequence[Photograph],
    categories: Sequence[str],
    device: torch.device,
    out: Path,
    progress: Progress = lambda done, total: None,
) -> Judged:
    """Find the failures of `network`, the most confident first. Predictions are kept beside `out` until it is written.

    `images` without a category of the study cannot be wrong and are left out.
    """
    shown = [image for image in images if set(image.categories) & set(categories)]
    studied = [network.categories.index(category) for category in categories]
    module = network.module.to(device)

    def probabilities(batch: Sequence[Photograph]) -> list[list[float]]:
        inputs = torch.stack([preprocess(read_image(image.path), network.transform) for image in batch])
        with torch.inference_mode(), ieee_float32():
            logits = module(inputs.to(device)).double().cpu()
        strongest = logits.argmax(1, keepdim=True).double()
        logits = logits[:, studied]
        found = logits.softmax(1) if network.single_label else logits.sigmoid()
        # The logits decide: probabilities of sure networks are all 1.
        return torch.cat([torch.stack([logits, found], 2).flatten(1), strongest], 1).tolist()

    batches = [shown[start : start + TOGETHER] for start in range(0, len(shown), TOGETHER)]
    run = {"of": "failures with the strongest category", "network": network.sha256, "categories": list(categories)}
    rows = in_parts(out, run, batches, _named, probabilities, progress)
    found = [_failure(network, i, categories, row) for i, row in zip(shown, chain.from_iterable(rows), strict=True)]
    failures = sorted((f for f in found if f), key=lambda f: (-f.confidence, f.image.image_id))
    return Judged(network.name, len(shown), tuple(failures))


def _named(batch: Sequence[Photograph]) -> list[list[str | int]]:
    return [[str(image.path), image.path.stat().st_mtime_ns] for image in batch]


def _failure(
    network: LoadedNetwork, image: Photograph, categories: Sequence[str], row: Sequence[float]
) -> Failure | None:
    *of_categories, strongest = row
    logits, confidences = (dict(zip(categories, of_categories[part::2], strict=True)) for part in (0, 1))
    predicted = max(categories, key=lambda category: logits[category])
    if predicted in image.categories:
        return None
    true = max((c for c in categories if c in image.categories), key=lambda category: logits[category])
    sure = confidences[predicted], confidences[true]
    return Failure(network.name, image, predicted, true, *sure, network.categories[int(strongest)])
