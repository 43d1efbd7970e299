"""A part of a definition with the networks of the experiment, and a task that compares two of them."""

from collections.abc import Sequence
from pathlib import Path

from models.config import NetworkConfig
from stimuli.bias.experiment import Trained, name_of

_TASK = """[[tasks]]
name = "trusting"
kind = "trust"
wording = "robots"
methods = ["grad-cam"]
networks = ["{first}", "{last}"]
images = 20
ratings_per_item = 18
trials_per_participant = 10
"""


def study_part(classes: Sequence[str], network: NetworkConfig, found: Sequence[Trained], made: Path, split: str) -> str:
    """TOML: `split` of the pictures in the folder `made` as [dataset], unless it is empty, the networks, and a task
    with the balanced and the most biased one."""
    parts = [_dataset(classes, made, split)] if split else []
    parts += [_network(network, trained) for trained in found]
    parts.append(_TASK.format(first=name_of(found[0].strength), last=name_of(found[-1].strength)))
    return "\n".join(parts)


def _dataset(classes: Sequence[str], made: Path, split: str) -> str:
    names = ", ".join(f'"{name}"' for name in classes)
    return f'[dataset]\nroot = "{made.absolute()}"\nsplit = "{split}"\ncategories = [{names}]\n'


def _network(network: NetworkConfig, trained: Trained) -> str:
    return (
        f"[networks.{name_of(trained.strength)}]\n"
        f'architecture = "{network.architecture}"\n'
        f'checkpoint = "{trained.checkpoint.absolute()}"\n'
        f'target_layer = "{trained.network.target_layer}"\n'
        f"image_size = {network.image_size}\n"
    )
