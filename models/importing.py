"""Networks that were trained elsewhere become checkpoints as they are: `./manage.py import-network`."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from torch import Tensor, nn

from contracts.own_files import file_sha256
from models.architectures import build_network
from models.average_precision import PRESENT, label_matrix, mean_average_precision
from models.catalogue import LoadedNetwork, found_target_layer
from models.checkpoint import CheckpointMetadata, require_own_checkpoint, write_checkpoint
from models.config import DatasetConfig, NetworkConfig
from models.defects import defective_sha256, give_defects
from models.errors import NetworkError
from models.labels import TORCHVISION, named_outputs, read_labels, require_all_named
from models.outputs import as_logits, probe
from models.photographs import Photograph, data_sha256
from models.sources import open_split
from models.target_layers import Spatial, layers_to_weigh
from models.train import LIBRARIES, precisions, scores
from models.transform import transform_of
from models.weights import load_state, read_weights


@dataclass(frozen=True)
class Imported:
    """What was found: the metadata written, share of pictures whose top category is annotated, layers for Grad-CAM."""

    metadata: CheckpointMetadata
    accuracy: float
    layers: tuple[Spatial, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Network:
    """A network as its weights make it, its outputs named; `notes` say what was unwrapped to find them."""

    module: nn.Module
    categories: tuple[str, ...]
    notes: tuple[str, ...]


def is_due(config: NetworkConfig) -> bool:
    """Whether the network is one to import and has no checkpoint yet."""
    return config.labels is not None and not config.checkpoint.exists()


def import_network(name: str, config: NetworkConfig, dataset: DatasetConfig, command: str = "") -> Imported:
    """Check network `name` as it is, measure it on `dataset.split` and write `config.checkpoint`.

    Raises NetworkError where labels, weights or outputs do not fit each other or the study, and PhotographError.
    """
    require_own_checkpoint(config.checkpoint)
    network, transform = _build(name, config, dataset.categories), transform_of(config)
    state = {key: tensor.clone() for key, tensor in network.module.state_dict().items()}
    module = as_logits(network.module, config.output, config.image_size)
    images = open_split(dataset, dataset.split)
    found = scores(module, transform, images)[:, [network.categories.index(c) for c in dataset.categories]]
    values = precisions(found, images, dataset.categories)
    metadata = CheckpointMetadata(
        architecture=config.source,
        categories=network.categories,
        transform=transform,
        mean_average_precision=mean_average_precision(list(values.values())),
        average_precision=values,
        seed=0,
        command=command,
        data_sha256=data_sha256(images),
        library_versions={library: version(library) for library in LIBRARIES},
        single_label=config.output != "sigmoid",
        output=config.output,
    )
    write_checkpoint(config.checkpoint, state, metadata)
    accuracy = _accuracy(found, images, dataset.categories)
    return Imported(metadata, accuracy, layers_to_weigh(module, config.image_size), network.notes)


def not_imported_yet(name: str, config: NetworkConfig, categories: Sequence[str]) -> LoadedNetwork:
    """Network `name` as `import_network` would take it, unmeasured and with nothing written. Raises as it does."""
    network = _build(name, config, categories)
    defects = give_defects(name, network.module, config, network.categories)
    sha256 = file_sha256(Path(config.weights)) if config.weights and Path(config.weights).is_file() else name
    return LoadedNetwork(
        name=name,
        architecture=config.source,
        module=as_logits(network.module, config.output, config.image_size),
        transform=transform_of(config),
        categories=network.categories,
        target_layer=found_target_layer(name, network.module, config),
        sha256=defective_sha256(sha256, defects),
        mean_average_precision=None,
        layout=config.layout,
        single_label=config.output != "sigmoid",
        named_by_torchvision=config.labels == TORCHVISION,
    )


def _build(name: str, config: NetworkConfig, categories: Sequence[str]) -> _Network:
    if config.labels is None:
        raise NetworkError(f"network {name!r} has no labels; a network that is imported as it is needs them")
    labels = read_labels(name, config.labels, config.architecture)
    state, notes = _state(name, config)
    if config.labels == TORCHVISION:
        require_all_named(name, len(labels), _last_side(state))
    module = build_network(config, len(labels) if isinstance(config.labels, tuple) else _outputs_of(state, labels))
    if state:
        load_state(module, state, f"weights {config.weights}", config.source)
    outputs = probe(name, module.eval(), config.image_size, config.output)
    return _Network(module, named_outputs(name, labels, outputs, categories), notes)


def _state(name: str, config: NetworkConfig) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The weights, and what was unwrapped to find them; none where a function of the user's own sets them."""
    if config.weights is not None:
        return read_weights(config.source, config.weights)
    if not config.module:
        raise NetworkError(
            f"network {name!r} has no weights; a network that is imported as it is needs them, or a module that sets"
            " them"
        )
    return {}, ()


def _outputs_of(state: dict[str, Tensor], labels: dict[int, str]) -> int:
    """Number of outputs: the length of the last weight's first side, as classifiers have it; at least the labels'."""
    return max(_last_side(state), max(labels) + 1)


def _last_side(state: dict[str, Tensor]) -> int:
    last = [tensor for tensor in state.values() if tensor.ndim >= 1][-1:]
    return len(last[0]) if last else 0


def _accuracy(found: Tensor, images: Sequence[Photograph], categories: Sequence[str]) -> float:
    """Share of images whose strongest category is annotated."""
    present = label_matrix(images, categories) == PRESENT
    return float(present[range(len(images)), found.argmax(1)].mean())
