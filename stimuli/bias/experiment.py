"""The experiment: train at each strength of the cue, and test on photographs in which it tells nothing."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

import models
from models.catalogue import LoadedNetwork, load_network
from models.checkpoint import read_checkpoint
from models.config import NetworkConfig, TrainingConfig
from models.photographs import data_sha256
from models.train import train_on
from stimuli.bias.config import BiasConfig
from stimuli.bias.marked import Marked, balanced, most, training_set
from stimuli.bias.measure import Decision, decisions
from stimuli.errors import BiasError
from stimuli.evaluate.resumed import in_parts

SMALL = NetworkConfig(
    architecture="demo-alexnet-wide",
    weights=str(Path(models.__file__).parent / "checkpoints" / "demo-weak-features.safetensors"),
    target_layer="features.11",
    image_size=224,
    training=TrainingConfig(parts="classifier", epochs=25, batch_size=64, learning_rate=1e-3, weight_decay=1e-2),
)
"""What is trained where the definition names no network: the classifier on features of the demo's weak network."""

Progress = Callable[[int, int], None]
Shown = Callable[[str], AbstractContextManager[Progress]]
"""From what is being done to how its progress is told."""


@dataclass(frozen=True)
class Trained:
    """A network of the experiment and what it decided on the balanced test."""

    strength: float
    network: LoadedNetwork
    checkpoint: Path
    trained_on: int
    made: tuple[Decision, ...]


def name_of(strength: float) -> str:
    """Of a network, in file names and in a definition."""
    return f"bias-{round(100 * strength):03}"


def experiment(
    config: BiasConfig,
    classes: tuple[str, ...],
    network: NetworkConfig,
    train: Sequence[Marked],
    test: Sequence[Marked],
    out: Path,
    device: torch.device,
    shown: Shown,
    command: str = "",
) -> tuple[list[Trained], list[Marked]]:
    """Train and test a network for each strength; return them in order, and the balanced test set.

    Checkpoints go to `out`/networks; finished ones, epochs and tests of a stopped run are kept. Raises BiasError where
    too few photographs are marked, TrainingError, NetworkError and ExplanationError.
    """
    count = most(train, config.grid, config.train)
    if count < 2:
        raise BiasError(
            f"no training set of strengths {', '.join(f'{s:g}' for s in config.grid)} can be made of {len(train)}"
            f" marked photographs of {' and '.join(classes)}; name another cue, or fewer strengths in [bias]"
        )
    tested = balanced(test, config.seed)
    found = []
    for strength in config.grid:
        chosen = training_set(train, strength, count, config.seed)
        checkpoint = out / "networks" / f"{name_of(strength)}.safetensors"
        wanted = network.model_copy(update={"checkpoint": checkpoint})
        with shown(f"Training {name_of(strength)}") as report:
            loaded = _trained(wanted, classes, chosen, tested, strength, report, command)
        run = {"of": "bias", "network": loaded.sha256, "cue": config.cue, "classes": list(classes)}
        batches = [tested[start : start + 64] for start in range(0, len(tested), 64)]
        with shown(f"Testing {name_of(strength)}") as report:
            rows = in_parts(out / "test", run, batches, _named, _decider(loaded, classes, config.cue, device), report)
        made = tuple(Decision(**row) for batch in rows for row in batch)
        found.append(Trained(strength, loaded, checkpoint, len(chosen), made))
    return found, tested


def _trained(
    wanted: NetworkConfig,
    classes: tuple[str, ...],
    chosen: Sequence[Marked],
    tested: Sequence[Marked],
    strength: float,
    report: Progress,
    command: str,
) -> LoadedNetwork:
    images = [marked.image for marked in chosen]
    told = f"{command} (strength {strength:g}, {wanted.training})"
    if not _is_made(wanted, told, data_sha256((*images, *(m.image for m in tested)))):
        train_on(name_of(strength), wanted, classes, images, [m.image for m in tested], report, told)
    return load_network(name_of(strength), wanted, classes)


def _is_made(wanted: NetworkConfig, told: str, data: str) -> bool:
    """Whether an earlier run trained this network on these photographs to its end."""
    if not wanted.checkpoint.exists():
        return False
    _, metadata = read_checkpoint(wanted.checkpoint)
    return (metadata.architecture, metadata.command, metadata.data_sha256) == (wanted.source, told, data)


def _named(batch: Sequence[Marked]) -> list[list[Any]]:
    return [[str(m.image.path), m.image.path.stat().st_mtime_ns, m.has_cue] for m in batch]


def _decider(
    network: LoadedNetwork, classes: Sequence[str], cue: str, device: torch.device
) -> Callable[[Sequence[Marked]], list[dict[str, Any]]]:
    return lambda batch: [asdict(decision) for decision in decisions(network, classes, cue, batch, device)]
