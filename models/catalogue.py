"""Networks as the other packages get them: module, transform, categories and target layer in one place."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from contracts.own_files import file_sha256
from models.architectures import build_network, check_architecture
from models.checkpoint import CheckpointMetadata, read_checkpoint
from models.config import Layout, NetworkConfig
from models.defects import defective_sha256, give_defects
from models.errors import NetworkError
from models.labels import TORCHVISION, named_outputs, read_labels
from models.outputs import as_logits
from models.target_layers import AUTO, layers_to_weigh
from models.transform import Transform, preprocess, transform_of
from models.weights import load_state

__all__ = ["LoadedNetwork", "NetworkError", "Transform", "check_target_layer", "load_network", "preprocess"]


@dataclass(frozen=True)
class LoadedNetwork:
    """A network ready to be explained. `module` is on the CPU in eval mode; its output (N, C) follows `categories`."""

    name: str
    architecture: str
    module: nn.Module
    transform: Transform
    categories: tuple[str, ...]
    target_layer: str
    sha256: str
    mean_average_precision: float | None
    layout: Layout | None = None
    single_label: bool = False  # probabilities are of one of all categories (softmax)
    named_by_torchvision: bool = False


def load_network(name: str, config: NetworkConfig, categories: Sequence[str] = ()) -> LoadedNetwork:
    """Read network `name` from `config.checkpoint`, a file that `models.train` or `models.importing` wrote.

    `categories` are those the study needs. Raises NetworkError for an unknown architecture or target layer, a missing,
    damaged or different checkpoint, and categories the network does not know.
    """
    if config.architecture:
        check_architecture(config.architecture)
    state, metadata = read_checkpoint(config.checkpoint)
    _check_metadata(name, config, metadata, categories)
    module = build_network(config, len(metadata.categories))
    load_state(module, state, f"checkpoint {config.checkpoint}", config.source)
    defects = give_defects(name, module, config, metadata.categories)
    as_logits(module.eval(), metadata.output, config.image_size)
    target_layer = found_target_layer(name, module, config)
    return LoadedNetwork(
        name=name,
        architecture=config.source,
        module=module,
        transform=metadata.transform,
        categories=metadata.categories,
        target_layer=target_layer,
        sha256=defective_sha256(file_sha256(config.checkpoint), defects),
        mean_average_precision=None if defects else metadata.mean_average_precision,
        layout=config.layout,
        single_label=metadata.single_label,
        named_by_torchvision=config.labels == TORCHVISION,
    )


def found_target_layer(name: str, module: nn.Module, config: NetworkConfig) -> str:
    """The target layer that is named, or with "auto" the last with maps or tokens. Raises NetworkError if absent."""
    if config.target_layer != AUTO:
        check_target_layer(name, module, config.target_layer)
        return config.target_layer
    layers = layers_to_weigh(module, config.image_size)
    if not layers:
        raise NetworkError(f"network {name!r} has no layer with maps; name a target_layer and its layout")
    return layers[-1].layer


def check_target_layer(name: str, module: nn.Module, target_layer: str) -> None:
    """Raise NetworkError, with layers of like names, where `module` has no layer `target_layer`."""
    layers = [layer for layer, _ in module.named_modules() if layer]
    if target_layer not in layers:
        close = difflib.get_close_matches(target_layer, layers, 4, cutoff=0.3) or layers[-4:]
        raise NetworkError(f"network {name!r} has no layer {target_layer!r}; layers of like names: {', '.join(close)}")


def _check_metadata(name: str, config: NetworkConfig, metadata: CheckpointMetadata, categories: Sequence[str]) -> None:
    found = f"network {name!r}: checkpoint {config.checkpoint}"
    if metadata.architecture != config.source:
        raise NetworkError(
            f"{found} is a {metadata.architecture}, the definition says {config.source};"
            f' set architecture = "{metadata.architecture}" or train it anew'
        )
    size = metadata.transform.image_size
    if size != config.image_size:
        raise NetworkError(
            f"{found} was trained at {size} px, the definition says {config.image_size};"
            f" set image_size = {size} or train it anew"
        )
    again = "./manage.py train" if config.labels is None else "./manage.py import-network"
    if differing := _differing(name, config, metadata):
        raise NetworkError(f"{found} was made with other {differing} than the definition has now; run `{again}` again")
    wanted = () if config.out_of_distribution else categories
    if unknown := [category for category in wanted if category not in metadata.categories]:
        raise NetworkError(
            f"{found} does not know {', '.join(unknown)}, only {', '.join(metadata.categories)};"
            " leave them out of dataset.categories or train it anew"
        )


def _differing(name: str, config: NetworkConfig, metadata: CheckpointMetadata) -> str:
    """The keys of the definition that were changed since the checkpoint was made; empty where none were."""
    wanted, made = transform_of(config), metadata.transform
    outputs = len(metadata.categories)
    changed = {
        "normalize": (wanted.mean, wanted.std) != (made.mean, made.std),
        "crop or resize": wanted.resize != made.resize,
        "output": config.output != metadata.output,
        "labels": config.labels is not None
        and named_outputs(name, read_labels(name, config.labels, config.architecture), outputs, ())
        != metadata.categories,
    }
    return ", ".join(key for key, is_so in changed.items() if is_so)
