"""An explanation in words: the names of the units that speak most for a category, and of those against it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.catalogue import LoadedNetwork
from stimuli.explain.engine import explain
from stimuli.explain.methods import METHODS, Method
from stimuli.explain.trace import Trace
from stimuli.units.dissect import Unit

WORDS = 5  # names on either side


def importances(network: LoadedNetwork, inputs: Tensor, targets: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """α_k (P, K) of each pair of a picture and a category, and its Grad-CAM (P, 1, H, W). Selvaraju et al., eq. 1."""
    asked = {"weights": Method(_weights, at_layer=True, at_picture=()), "grad-cam": METHODS["grad-cam"]}
    module = network.module.to(inputs.device)
    found = explain(module, inputs, targets, asked, network.target_layer, reshape=network.layout).maps
    return found["weights"].flatten(1).cpu(), found["grad-cam"].cpu()


def strongest_names(units: Sequence[Unit], weights: Tensor) -> tuple[list[str], list[str]]:
    """Distinct names of named units by α_k (K,), the greatest first, and the least first; at most WORDS each.

    A name that is among both is where its strongest unit is.
    """
    named = sorted((u for u in units if u.is_named), key=lambda u: -float(weights[u.number]))
    high = list(dict.fromkeys(u.name for u in named))[:WORDS]
    low = [name for name in dict.fromkeys(u.name for u in reversed(named)) if name not in high][:WORDS]
    return high, low


def sentence(category: str, names: tuple[list[str], list[str]]) -> str:
    """In words, for a page."""
    high, low = (", ".join(words) or "no named unit" for words in names)
    return f"For {category}: {high}. Against it: {low}."


def _weights(trace: Trace) -> Tensor:
    return trace.layer_gradient.mean((2, 3), keepdim=True)


def targets_of(network: LoadedNetwork, inputs: Tensor, studied: Sequence[int]) -> list[list[int]]:
    """For each picture the strongest of the categories `studied`."""
    with torch.inference_mode():
        tops = network.module.to(inputs.device)(inputs)[:, list(studied)].argmax(1).tolist()
    return [[studied[top]] for top in tops]
