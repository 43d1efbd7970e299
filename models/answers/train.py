"""Trains the ReLU network that answers questions, on pictures drawn for it: minutes on a CPU, the same for one seed."""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F

from models.answers.learning import Progress, learn
from models.answers.networks import Answerer, ReluAnswerNetwork
from models.answers.shapes import ANSWERS, WORDS, Asked, draw_asked

BATCH, RATE = 64, 5e-3


def train_answerer(steps: int, seed: int, progress: Progress | None = None) -> Answerer:
    """A network after `steps` batches, each of pictures and questions that were never drawn before."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = ReluAnswerNetwork(len(WORDS), len(ANSWERS))
    found = Answerer(network, WORDS, ANSWERS)
    learn(network.parameters(), _losses(found, seed), steps, RATE, progress)
    network.eval()
    return found


def _losses(found: Answerer, seed: int) -> Iterator[torch.Tensor]:
    for batch in _batches(seed):
        logits = found.network(**found.inputs([one.picture for one in batch], [one.question for one in batch]))
        yield F.cross_entropy(logits, torch.tensor([ANSWERS.index(one.answer) for one in batch]))


def _batches(seed: int) -> Iterator[list[Asked]]:
    rng = np.random.default_rng([seed, 1])
    while True:
        yield [draw_asked(rng) for _ in range(BATCH)]
