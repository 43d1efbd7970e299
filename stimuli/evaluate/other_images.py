"""Visualizations of images that no task shows: what a classifier may learn from."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.catalogue import LoadedNetwork, preprocess
from models.image_files import read_image
from models.photographs import Photograph
from stimuli.config import StimuliConfig
from stimuli.devices import usable_device
from stimuli.errors import ObserverError
from stimuli.evaluate.classifier import as_input
from stimuli.explain.engine import explain
from stimuli.explain.methods import METHODS, Method
from stimuli.produce.render import render
from stimuli.produce.visualize import photographs_of

FEWEST = 20  # images; with fewer nothing could be learnt


@dataclass(frozen=True)
class Lessons:
    """Pictures of one method, as a classifier sees them: `inputs` (N, 3, SIDE, SIDE), `labels` (N,) into categories."""

    inputs: Tensor
    labels: Tensor
    image_ids: tuple[str, ...]


def other_images(
    images: Sequence[Photograph], shown: set[str], categories: Sequence[str], count: int, rng: np.random.Generator
) -> tuple[Photograph, ...]:
    """`count` images (fewer where there are no more) that are not `shown` and hold one of `categories`, at random.

    Raises ObserverError when hardly any are left.
    """
    free = [image for image in images if image.image_id not in shown and set(image.categories) & set(categories)]
    if len(free) < FEWEST:
        raise ObserverError(
            f"machine:classifier learns from images that the study does not show, and only {len(free)} are left;"
            " leave this observer out, or name a larger split"
        )
    return tuple(free[place] for place in rng.permutation(len(free))[:count])


def lessons(
    images: Sequence[Photograph],
    categories: Sequence[str],
    networks: Mapping[str, LoadedNetwork],
    methods: Mapping[str, Sequence[str]],
    config: StimuliConfig,
    known: Mapping[str, Method] = METHODS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Lessons]:
    """Method → its visualizations of every studied category annotated in `images`, of all `networks` that use it.

    `methods`: network → the methods that a task shows of it, which `known` has. Drawn as the study's own stimuli are.
    """
    device = usable_device(config.device)
    found: dict[str, list[tuple[Tensor, int, str]]] = {method: [] for used in methods.values() for method in used}
    done, total = 0, len(images) * len(networks)
    for name, network in networks.items():
        module = copy.deepcopy(network.module).to(device)
        for start in range(0, len(images), config.batch_size):
            batch = images[start : start + config.batch_size]
            studied = [[c for c in categories if c in image.categories] for image in batch]
            pairs = [(image.image_id, c) for image, names in zip(batch, studied, strict=True) for c in names]
            used = {method: known[method] for method in methods[name]}
            for method, pictures in _drawn(network, module, batch, studied, used, config).items():
                inputs = as_input(pictures.cpu())
                labels = [(list(categories).index(category), image_id) for image_id, category in pairs]
                found[method] += [(picture, *label) for picture, label in zip(inputs, labels, strict=True)]
            done += len(batch)
            progress(done, total)
    return {
        method: Lessons(
            torch.stack([picture for picture, _, _ in rows]),
            torch.tensor([label for _, label, _ in rows]),
            tuple(image_id for *_, image_id in rows),
        )
        for method, rows in found.items()
    }


def _drawn(
    network: LoadedNetwork,
    module: nn.Module,
    images: Sequence[Photograph],
    categories: Sequence[Sequence[str]],
    methods: Mapping[str, Method],
    config: StimuliConfig,
) -> dict[str, Tensor]:
    inputs = torch.stack([preprocess(read_image(image.path), network.transform) for image in images])
    inputs = inputs.to(next(module.parameters()).device)
    targets = [[network.categories.index(category) for category in names] for names in categories]
    found = explain(
        module, inputs, targets, methods, network.target_layer, precision=config.precision, reshape=network.layout
    ).maps
    under = photographs_of(inputs, targets, network.transform)
    return {method: render(maps, config.rendering_of(method), under) for method, maps in found.items()}
