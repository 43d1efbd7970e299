"""Trains a captioner on frozen convolutions: on drawn pictures, or on photographs with captions by people."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.answers.captioner import Captioner, new_captioner
from models.answers.captions import Captioned, draw_captioned, vocabulary_of
from models.answers.learning import Progress, learn
from models.answers.networks import read_answerer
from models.answers.shapes import COLORS, SHAPES
from models.transform import normalise
from models.weights import load_weights

BATCH, RATE, DECAY = 64, 4e-3, 0.05
Batch = tuple[Tensor, Tensor]  # maps of the convolutions, words


def inputs(captioner: Captioner, pictures: Sequence[np.ndarray]) -> Tensor:
    """Pictures (H, W, 3) uint8 of the backbone's size as the network takes them."""
    return normalise(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2), captioner.facts.transform)


def train_on_shapes(steps: int, seed: int, progress: Progress | None = None) -> Captioner:
    """On the convolutions of the network that answers questions; each batch has pictures never drawn before."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        found = new_captioner("shapes", ("a", "and", *SHAPES, *COLORS))
    answerer = read_answerer().network.state_dict()
    state = found.network.features.state_dict()
    names = {name: name.replace("0.0.", "features.").replace("1.", "wide.", name.startswith("1.")) for name in state}
    found.network.features.load_state_dict({name: answerer[of] for name, of in names.items()})
    rng = np.random.default_rng([seed, 1])

    def batches() -> Iterator[Batch]:
        while True:
            drawn = [draw_captioned(rng) for _ in range(BATCH)]
            yield _maps(found, drawn), found.encoded([one.captions[0] for one in drawn])

    return _trained(found, batches(), steps, progress)


def train_on_photographs(
    photographs: Sequence[Captioned], weights: str, steps: int, seed: int, progress: Progress | None = None
) -> Captioner:
    """On MobileNetV2 with ImageNet's `weights` (`torchvision:<NAME>` or a file); each batch draws photographs and one
    of their captions. Raises NetworkError where the weights do not fit."""
    words = vocabulary_of([caption for one in photographs for caption in one.captions])
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        found = new_captioner("mobilenet_v2", words)
    whole = torch.nn.Module()
    whole.features = found.network.features
    whole.classifier = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Linear(1280, 1000))
    load_weights(whole, "mobilenet_v2", weights)
    maps = torch.cat([_maps(found, photographs[n : n + 16]) for n in range(0, len(photographs), 16)])
    rng = np.random.default_rng([seed, 1])

    def batches() -> Iterator[Batch]:
        while True:
            rows = rng.integers(len(photographs), size=BATCH)
            chosen = [photographs[row].captions[rng.integers(len(photographs[row].captions))] for row in rows]
            yield maps[torch.from_numpy(rows)], found.encoded(chosen)

    return _trained(found, batches(), steps, progress)


def _maps(captioner: Captioner, pictures: Sequence[Captioned]) -> Tensor:
    with torch.no_grad():
        maps: Tensor = captioner.network.features(inputs(captioner, [one.picture for one in pictures]))
        return maps


def _trained(found: Captioner, batches: Iterator[Batch], steps: int, progress: Progress | None) -> Captioner:
    network = found.network
    learning = [weights for name, weights in network.named_parameters() if not name.startswith("features.")]
    losses = (
        F.cross_entropy(network.words_from(maps, words).flatten(0, 1), words.flatten()) for maps, words in batches
    )
    learn(learning, losses, steps, RATE, progress, DECAY)
    network.eval()
    return found
