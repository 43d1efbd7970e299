"""Trains the ReLU network that answers questions, on pictures drawn for it: minutes on a CPU, the same for one seed."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F

from models.answers.networks import Answerer, ReluAnswerNetwork
from models.answers.shapes import ANSWERS, WORDS, Asked, draw_asked

BATCH, RATE = 64, 5e-3
Progress = Callable[[int, int], None]


def train_answerer(steps: int, seed: int, progress: Progress | None = None) -> Answerer:
    """A network after `steps` batches, each of pictures and questions that were never drawn before."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = ReluAnswerNetwork(len(WORDS), len(ANSWERS))
    found = Answerer(network, WORDS, ANSWERS)
    optimizer = torch.optim.AdamW(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for step, batch in zip(range(1, steps + 1), _batches(seed), strict=False):
        logits = network(**found.inputs([one.picture for one in batch], [one.question for one in batch]))
        loss = F.cross_entropy(logits, torch.tensor([ANSWERS.index(one.answer) for one in batch]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if progress:
            progress(step, steps)
    network.eval()
    return found


def _batches(seed: int) -> Iterator[list[Asked]]:
    rng = np.random.default_rng([seed, 1])
    while True:
        yield [draw_asked(rng) for _ in range(BATCH)]
