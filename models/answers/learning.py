"""The steps in which a network of questions or captions learns."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn

Progress = Callable[[int, int], None]


def learn(
    weights: Iterable[nn.Parameter],
    losses: Iterator[Tensor],
    steps: int,
    rate: float,
    progress: Progress | None,
    decay: float = 0.01,
) -> None:
    """Change `weights` in AdamW's steps down the losses, each computed after the step before; one cycle of rates."""
    optimizer = torch.optim.AdamW(weights, rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for step, loss in zip(range(1, steps + 1), losses, strict=False):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if progress:
            progress(step, steps)
