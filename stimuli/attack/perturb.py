"""Targeted perturbations within ε of a picture: FGSM and PGD, and a random one of the same size."""

from collections.abc import Callable

import torch
from torch import Tensor

from stimuli.attack.config import AttackConfig

Logits = Callable[[Tensor], Tensor]
"""From pictures (N, 3, H, W) in [0, 1] to scores (N, C)."""


def losses(logits: Tensor, target: Tensor, present: Tensor, single_label: bool) -> Tensor:
    """What a targeted attack makes small, (N,): cross-entropy of the target (N,), for networks with a probability for
    each category by itself also that of the `present` (N, C) ones not being there."""
    if single_label:
        return torch.nn.functional.cross_entropy(logits, target, reduction="none")
    wanted = logits.gather(1, target[:, None])[:, 0]
    softplus = torch.nn.functional.softplus
    return softplus(-wanted) + (softplus(logits) * present).sum(1)


def is_reached(logits: Tensor, target: Tensor, present: Tensor, single_label: bool, config: AttackConfig) -> Tensor:
    """Whether the target is as probable as asked for and every `present` category as improbable, (N,)."""
    probabilities = logits.double().softmax(1) if single_label else logits.double().sigmoid()
    wanted = probabilities.gather(1, target[:, None])[:, 0]
    return (wanted >= config.confidence) & ((probabilities * present) < config.gone).all(1)


def perturbed(
    of: Logits, pictures: Tensor, target: Tensor, present: Tensor, single_label: bool, config: AttackConfig
) -> Tensor:
    """`pictures` (N, 3, H, W) in [0, 1], changed by at most ε a channel towards `target` (N,).

    FGSM is one step of ε against the sign of the loss's gradient; PGD takes steps, each clipped to ε and to [0, 1],
    from the picture itself, until `is_reached`. The present categories are a mask (N, C).
    """
    epsilon = config.epsilon / 255
    step, steps = (epsilon, 1) if config.algorithm == "fgsm" else (config.step / 255, config.steps)
    low, high = (pictures - epsilon).clamp(min=0), (pictures + epsilon).clamp(max=1)
    found = pictures.clone()
    rows = torch.arange(len(pictures), device=pictures.device)  # those that go on
    for _ in range(steps):
        current = found[rows].requires_grad_()
        logits = of(current)
        going = ~is_reached(logits.detach(), target[rows], present[rows], single_label, config)
        if not going.any():
            break
        loss = losses(logits, target[rows], present[rows], single_label).sum()
        moved = current.detach() - step * torch.autograd.grad(loss, current)[0].sign()
        rows, moved = rows[going], moved[going]
        found[rows] = moved.clamp(low[rows], high[rows])
    return found


def shuffled(pictures: Tensor, changed: Tensor, seed: int) -> Tensor:
    """`pictures` with the changes of `changed` at random places: of the same size in every norm, before clipping to
    [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    changes = (changed - pictures).flatten(1)
    order = torch.stack([torch.randperm(changes.shape[1], generator=generator) for _ in changes])
    return (pictures + changes.gather(1, order.to(changes.device)).view_as(pictures)).clamp(0, 1)
