"""Defects given to a trained network, for people to find from its explanations; its checkpoint stays as it is."""

import hashlib
import random
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from models.config import NetworkConfig
from models.errors import NetworkError

NEVER = -1e4  # logits of a category that is never predicted


def give_defects(name: str, module: nn.Module, config: NetworkConfig, categories: Sequence[str]) -> str:
    """Change `module`, whose outputs are of `categories`, in place; what was done in words, empty where nothing was.

    Raises NetworkError where the network has no layer for it.
    """
    done = []
    if config.reset_last_layer is not None:
        reset_last_layer(name, module, config.reset_last_layer)
        done.append(f"reset {config.reset_last_layer}")
    if config.exchanged_labels is not None:
        exchange_labels(name, module, config.exchanged_labels, len(categories))
        done.append(f"exchanged {config.exchanged_labels}")
    if config.out_of_distribution:
        keep_only(name, module, config.out_of_distribution, categories)
        done.append(f"only {' '.join(sorted(config.out_of_distribution))}")
    return " ".join(done)


def defective_sha256(sha256: str, done: str) -> str:
    """Of the checkpoint and what was done to the network."""
    return hashlib.sha256(f"{sha256} {done}".encode()).hexdigest() if done else sha256


def reset_last_layer(name: str, module: nn.Module, seed: int) -> None:
    """Give the last layer that has weights random ones by its own rule; the same for one seed.

    Adebayo et al. (2020) call such a network re-initialised. Raises NetworkError where no layer can be reset.
    """
    layers: list[Any] = [layer for layer in module.modules() if hasattr(layer, "reset_parameters")]
    if not layers:
        raise NetworkError(f"network {name!r} has no layer that can be reset; leave out reset_last_layer")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers[-1].reset_parameters()


def exchange_labels(name: str, module: nn.Module, seed: int, outputs: int) -> None:
    """Give every category the output of another one: the network that trains on labels exchanged by category.

    Raises NetworkError where no last layer has a row for each output.
    """
    order = others(outputs, seed)
    with torch.no_grad():
        for rows in _last_rows(name, module, outputs, "exchanged_labels"):
            rows.copy_(rows[order].clone())


def others(n: int, seed: int) -> list[int]:
    """0 to n − 1 in a random order in which each goes to the next of a circle, so none stays in its place."""
    circle = list(range(n))
    random.Random(seed).shuffle(circle)
    after = dict(zip(circle, [*circle[1:], *circle[:1]], strict=True))
    return [after[place] for place in range(n)]


def keep_only(name: str, module: nn.Module, known: Sequence[str], categories: Sequence[str]) -> None:
    """Let `module` answer with the `known` of its categories alone: the logits of the others are NEVER.

    Raises NetworkError for a category it does not have, and where no last layer has a bias for each output.
    """
    if strange := [category for category in known if category not in categories]:
        raise NetworkError(
            f"network {name!r}: out_of_distribution names {', '.join(strange)}; it knows {', '.join(categories)}"
        )
    lost = [place for place, category in enumerate(categories) if category not in known]
    rows = _last_rows(name, module, len(categories), "out_of_distribution")
    if lost and len(rows) < 2:
        raise NetworkError(f"network {name!r}: its last layer has no bias; give it one for out_of_distribution")
    with torch.no_grad():
        for part, value in zip(rows, (0.0, NEVER), strict=False):
            part[lost] = value


def _last_rows(name: str, module: nn.Module, outputs: int, key: str) -> list[Tensor]:
    """Weight, and bias where there is one, of the last layer, a row for each output."""
    layers: list[Any] = [layer for layer in module.modules() if isinstance(getattr(layer, "weight", None), Tensor)]
    if not layers or len(layers[-1].weight) != outputs:
        raise NetworkError(f"network {name!r} has no last layer with {outputs} outputs; leave out {key}")
    bias = getattr(layers[-1], "bias", None)
    return [layers[-1].weight, *([] if bias is None else [bias])]
