"""Two sentences for a photograph's explanation: that of the network's units, and one with the names shuffled."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from contracts.foil_text import BETWEEN
from contracts.sentences import written
from models.catalogue import LoadedNetwork, preprocess
from models.image_files import read_image
from models.photographs import Photograph
from stimuli.units.dissect import TOGETHER, Progress, Unit
from stimuli.units.sentence import importances, strongest_names, targets_of

_ENDS = re.compile(r"(-other)?(-merged|-stuff)$|-other$")
TRIES = 20  # shuffles, of which the first is taken that gives other names


@dataclass(frozen=True)
class Pair:
    """The wrong and the right sentence of a photograph, as contracts/sentences.py writes them."""

    image_id: str
    wrong: str
    right: str

    @property
    def foil(self) -> str:
        """Both, as a table of foils has them."""
        return BETWEEN.join((self.wrong, self.right))


def pairs(
    network: LoadedNetwork,
    units: Sequence[Unit],
    images: Sequence[Photograph],
    categories: Sequence[str],
    device: torch.device,
    progress: Progress = lambda done, total: None,
) -> tuple[Pair, ...]:
    """The sentences of `images`, for the strongest of `categories`; those without two different ones are left out.

    Raises ExplanationError and PhotographError.
    """
    found: list[Pair] = []
    for start in range(0, len(images), TOGETHER):
        batch = images[start : start + TOGETHER]
        found += _of_batch(network, units, batch, categories, device)
        progress(start + len(batch), len(images))
    return tuple(found)


def _of_batch(
    network: LoadedNetwork,
    units: Sequence[Unit],
    batch: Sequence[Photograph],
    categories: Sequence[str],
    device: torch.device,
) -> Iterator[Pair]:
    inputs = torch.stack([preprocess(read_image(image.path), network.transform) for image in batch]).to(device)
    targets = targets_of(network, inputs, [network.categories.index(category) for category in categories])
    weights, _ = importances(network, inputs, targets)
    for image, of_image in zip(batch, weights, strict=True):
        right = _told(strongest_names(units, of_image))
        wrong = _shuffled(units, of_image, right, f"{network.name}\x1f{image.image_id}")
        if right and wrong:
            yield Pair(image.image_id, wrong, right)


def _shuffled(units: Sequence[Unit], weights: Tensor, right: str, key: str) -> str:
    """A sentence made in the same way after named units have exchanged their names, always the same for one `key`;
    empty where none differs."""
    named = [unit for unit in units if unit.is_named]
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big"))
    for _ in range(TRIES):
        order = rng.permutation(len(named))
        exchanged = [replace(unit, name=named[place].name) for unit, place in zip(named, order, strict=True)]
        text = _told(strongest_names(exchanged, weights))
        if text and _names(text) != _names(right):
            return text
    return ""


def _told(names: tuple[list[str], list[str]]) -> str:
    """The sentence, without what COCO's masks of stuff have behind a name; of equal names the first one is told."""
    high, low = (list(dict.fromkeys(_ENDS.sub("", name) for name in side)) for side in names)
    return written(high, [name for name in low if name not in high])


def _names(sentence: str) -> list[set[str]]:
    return [set(side.split(", ")) for side in sentence.split(" / ")]
