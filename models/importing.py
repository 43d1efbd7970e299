"""Networks that were trained elsewhere become checkpoints as they are: `./manage.py import-network`."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor, nn

from contracts.text_files import NotTextError, read_text
from models.architectures import build_network
from models.average_precision import PRESENT, label_matrix, mean_average_precision
from models.checkpoint import CheckpointMetadata, require_own_checkpoint, write_checkpoint
from models.config import DatasetConfig, NetworkConfig
from models.errors import NetworkError
from models.photographs import Photograph, data_sha256
from models.sources import open_split
from models.target_layers import Spatial, spatial_layers
from models.train import LIBRARIES, precisions, scores
from models.transform import Transform
from models.weights import load_state, read_weights


@dataclass(frozen=True)
class Imported:
    """What was found: the metadata written, share of pictures whose top category is annotated, layers for Grad-CAM."""

    metadata: CheckpointMetadata
    accuracy: float
    layers: tuple[Spatial, ...]
    notes: tuple[str, ...]


def import_network(name: str, config: NetworkConfig, dataset: DatasetConfig, command: str = "") -> Imported:
    """Check network `name` as it is, measure it on `dataset.split` and write `config.checkpoint`.

    Raises NetworkError where labels, weights or outputs do not fit each other or the study, and PhotographError.
    """
    require_own_checkpoint(config.checkpoint)
    if config.labels is None or config.weights is None:
        missing = "labels" if config.labels is None else "weights"
        raise NetworkError(f"network {name!r} has no {missing}; a network that is imported as it is needs both")
    state, notes = read_weights(config.source, config.weights)
    labels = read_labels(name, config.labels)
    transform = Transform(config.image_size, config.normalize.mean, config.normalize.std)
    module = build_network(config, len(labels) if isinstance(config.labels, tuple) else _outputs_of(state, labels))
    load_state(module, state, f"weights {config.weights}", config.source)
    outputs = _probe(name, module.eval(), config.image_size)
    categories = _categories(name, labels, outputs, dataset.categories)
    images = open_split(dataset, dataset.split)
    found = scores(module, transform, images)[:, [categories.index(c) for c in dataset.categories]]
    values = precisions(found, images, dataset.categories)
    metadata = CheckpointMetadata(
        architecture=config.source,
        categories=categories,
        transform=transform,
        mean_average_precision=mean_average_precision(list(values.values())),
        average_precision=values,
        seed=0,
        command=command,
        data_sha256=data_sha256(images),
        library_versions={library: version(library) for library in LIBRARIES},
        single_label=True,
    )
    write_checkpoint(config.checkpoint, module.state_dict(), metadata)
    return Imported(
        metadata, _accuracy(found, images, dataset.categories), spatial_layers(module, config.image_size), notes
    )


def read_labels(name: str, labels: Path | tuple[str, ...]) -> dict[int, str]:
    """Output index → category name, from a list in the order of the outputs or a CSV file (index, name)."""
    if isinstance(labels, tuple):
        return dict(enumerate(labels))
    try:
        rows = csv.DictReader(io.StringIO(read_text(labels)), strict=True)
        found = {int(row["index"]): row["name"].strip() for row in rows}
    except FileNotFoundError:
        raise NetworkError(f"labels {labels} of network {name!r} are missing; correct the name") from None
    except (NotTextError, KeyError, ValueError, AttributeError, csv.Error) as error:
        raise NetworkError(
            f"labels {labels} of network {name!r} cannot be read ({error}); its columns are index and name"
        ) from error
    if not found or min(found) < 0:
        raise NetworkError(f"labels {labels} of network {name!r} name no outputs; indices count from 0")
    return found


def _outputs_of(state: dict[str, Tensor], labels: dict[int, str]) -> int:
    """Number of outputs: the length of the last weight's first side, as classifiers have it; at least the labels'."""
    last = [tensor for tensor in state.values() if tensor.ndim >= 1][-1:]
    return max(len(last[0]) if last else 0, max(labels) + 1)


def _probe(name: str, module: nn.Module, image_size: int) -> int:
    """The number of outputs for two pictures of noise. Raises NetworkError where they are no logits (N, C)."""
    noise = torch.randn((2, 3, image_size, image_size), generator=torch.Generator().manual_seed(0))
    try:
        with torch.no_grad():
            found = module(noise)
    except Exception as error:  # anything can go wrong in a network that is not ours
        raise NetworkError(
            f"network {name!r} fails on pictures of {image_size} pixels ({error}); correct image_size or its module"
        ) from error
    if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != 2:
        shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise NetworkError(f"network {name!r} answers two pictures with {shape}; logits (2, categories) are expected")
    if not found.isfinite().all():
        raise NetworkError(f"network {name!r} answers with numbers that are not finite; its weights may be damaged")
    if _are_probabilities(found):
        raise NetworkError(f"network {name!r} answers with probabilities; leave out its last softmax or sigmoid")
    return found.shape[1]


def _are_probabilities(found: Tensor) -> bool:
    """Between 0 and 1, and of one sum, or too many of them for chance."""
    sums = found.sum(1)
    return bool(((found >= 0) & (found <= 1)).all()) and (found.numel() >= 20 or bool((sums - 1).abs().max() < 1e-4))


def _categories(name: str, labels: dict[int, str], outputs: int, wanted: Sequence[str]) -> tuple[str, ...]:
    if beyond := [index for index in labels if index >= outputs]:
        raise NetworkError(f"labels of network {name!r} name output {max(beyond)}, and it has {outputs} outputs")
    categories = tuple(labels.get(index, f"output {index}") for index in range(outputs))
    if missing := [category for category in wanted if category not in categories]:
        raise NetworkError(
            f"no label of network {name!r} is {', '.join(missing)}; write labels as dataset.categories writes them"
        )
    if repeated := sorted({c for c in categories if categories.count(c) > 1}):
        raise NetworkError(f"labels of network {name!r} name {', '.join(repeated)} more than once")
    return categories


def _accuracy(found: Tensor, images: Sequence[Photograph], categories: Sequence[str]) -> float:
    """Share of images whose strongest category is annotated."""
    present = label_matrix(images, categories) == PRESENT
    return float(present[range(len(images)), found.argmax(1)].mean())
