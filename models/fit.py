"""The training loop: multi-label binary cross-entropy, one state file an epoch, the same result killed or not."""

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.average_precision import IGNORED
from models.config import TrainingConfig
from models.errors import TrainingError

WARM_UP = 0.15  # share of the steps over which the learning rate rises

Inputs = Callable[[Tensor, torch.Generator], Tensor]


def fit(
    module: nn.Module,
    inputs: Inputs,
    labels: Tensor,
    settings: TrainingConfig,
    state_file: Path,
    request: str,
    trained: Callable[[int], None],
) -> None:
    """Train every parameter of `module` that needs a gradient; the module's mode (train, eval) is the caller's.

    `inputs(indices, rng)` gives the module's input for these rows of `labels` (N, C; see models.average_precision).
    After each epoch the state is written to `state_file`; a state of the same `request` is continued, any other begun
    anew. `trained` is called with the number of epochs done. The caller deletes `state_file` when all is stored.
    """
    optimizer = torch.optim.AdamW(
        [p for p in module.parameters() if p.requires_grad], settings.learning_rate, weight_decay=settings.weight_decay
    )
    first = _resume(module, optimizer, state_file, request)
    trained(first)
    for epoch in range(first, settings.epochs):
        _run_epoch(module, optimizer, inputs, labels, settings, epoch)
        _save(module, optimizer, state_file, request, epoch + 1)
        trained(epoch + 1)


def learning_rate(done: float, peak: float) -> float:
    """A linear rise over the first WARM_UP of the training, then half a cosine down to zero; `done` in [0, 1]."""
    if done < WARM_UP:
        return peak * done / WARM_UP
    return peak * 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def multi_label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean binary cross-entropy over the entries of (N, C) that are not IGNORED."""
    counted = labels != IGNORED
    return functional.binary_cross_entropy_with_logits(logits[counted], labels[counted].to(logits.dtype))


def _run_epoch(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: Inputs,
    labels: Tensor,
    settings: TrainingConfig,
    epoch: int,
) -> None:
    # Each epoch's randomness follows from seed and epoch alone, so a resumed run repeats what an undisturbed one does.
    torch.manual_seed(settings.seed * 1_000_003 + epoch)  # dropout
    rng = torch.Generator().manual_seed(settings.seed * 1_000_003 + epoch)
    batches = torch.randperm(len(labels), generator=rng).split(settings.batch_size)
    for step, rows in enumerate(batches):
        done = (epoch + (step + 1) / len(batches)) / settings.epochs
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(done, settings.learning_rate)
        optimizer.zero_grad()
        multi_label_loss(module(inputs(rows, rng)), labels[rows]).backward()
        optimizer.step()


def _save(module: nn.Module, optimizer: torch.optim.Optimizer, path: Path, request: str, epochs: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.new")
    state = {"request": request, "epochs": epochs, "module": module.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state, temporary)
    temporary.replace(path)


def _resume(module: nn.Module, optimizer: torch.optim.Optimizer, path: Path, request: str) -> int:
    """How many epochs the state file holds of this request, loaded; 0 without one."""
    state = read_state(path)
    if state is None or state["request"] != request:
        return 0
    module.load_state_dict(state["module"])
    optimizer.load_state_dict(state["optimizer"])
    return state["epochs"]


def read_state(path: Path) -> dict[str, Any] | None:
    """What a training that was stopped left at `path`. Raises TrainingError where the file is anything else."""
    if not path.exists():
        return None
    try:
        state = torch.load(path, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError, KeyError):
        state = None
    if not isinstance(state, dict) or set(state) != {"request", "epochs", "module", "optimizer"}:
        raise TrainingError(
            f"{path}, where training keeps its state, is a file that Discern did not write or that is damaged;"
            " move it away"
        )
    return state
