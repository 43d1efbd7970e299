"""Sanity check: does a map change where the network's weights are random? (Adebayo et al. 2018)"""

import copy
from typing import Any

import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from stimuli.evaluate.metrics.metric import NETWORK, Column, Measured, Metric, Network, Sample
from stimuli.evaluate.sanity import layers_from_the_scores
from stimuli.evaluate_config import SanityOptions

_STAGES = {"sanity_scores": "the scores' layer random", "sanity_all": "all layers random"}


def measure(sample: Sample, options: SanityOptions) -> Measured:
    random = sample.network.once(
        ("sanity", options), lambda: _random(sample.network, sample.picture[None], options.seed)
    )
    picture, targets = sample.picture[None], [sample.target]
    found = {name: network.heat(picture, targets, sample.method)[0] for name, network in random.items()}
    return Measured({name: _resemblance(sample.heat, heat) for name, heat in found.items()})


def _random(network: Network, picture: Tensor, seed: int) -> dict[str, Network]:
    """The network with the layer before the scores, and with all layers, drawn anew by their own initialisation."""
    module: nn.Module = copy.deepcopy(network.module)
    drawn = copy.deepcopy(module).cpu()
    names = layers_from_the_scores(module, picture)
    found = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for step, name in enumerate(names):
            anew: Any = drawn.get_submodule(name)  # on the CPU, so that every device gets the same numbers
            anew.reset_parameters()
            module.get_submodule(name).load_state_dict(anew.state_dict())
            if step == 0:
                found["sanity_scores"] = network.other(copy.deepcopy(module))
    return found | {"sanity_all": network.other(module)}


def _resemblance(first: Tensor, second: Tensor) -> float | None:
    if first.min() == first.max() or second.min() == second.max():
        return None
    return abs(float(spearmanr(first.flatten().numpy(), second.flatten().numpy()).statistic))


SANITY = Metric(
    name="sanity",
    title="Sanity check",
    about=(
        "How much a map resembles the map of the same network with random weights (Adebayo et al. 2018, section 3.1). A"
        " method whose maps hardly change shows the picture, not what was learnt."
    ),
    measure=measure,
    columns=tuple(
        Column(name, f"Resemblance with {words}", "|rank correlation|", "lower", 0.0) for name, words in _STAGES.items()
    ),
    needs=(NETWORK,),
    chosen=lambda o: (
        "The size of Spearman's rank correlation over the pixels; average ranks for ties. A map of one number has none,"
        " so it is left out and counted.",
        f"Layers are drawn anew by their own initialisation, from the scores on, with seed {o.seed}.",
        "Adebayo et al. randomise layer after layer; `./manage.py sanity` does so on few photographs.",
    ),
)
