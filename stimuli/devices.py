"""Devices that networks run on, and the arithmetic that is expected of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from stimuli.errors import GenerationError


def usable_device(name: str) -> torch.device:
    """The device called `name`; "auto" is the GPU where there is one. GenerationError where it cannot be used."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise GenerationError(f'stimuli.device = {name!r} cannot be used ({error}); "auto" finds one') from error
    return device


@contextmanager
def ieee_float32() -> Iterator[None]:
    """Convolutions and matrix products of float32 in float32, with the same algorithms on every run.

    On a GPU torch otherwise rounds the factors of convolutions to TF32 (10 bits of mantissa), and cuDNN may choose an
    algorithm whose sums come in another order on the next run, so that a resumed set would not be the same bytes.
    """
    convolutions = torch.backends.cudnn.conv  # type: ignore[attr-defined]  # torch puts it there at import
    arithmetic = (convolutions, torch.backends.cuda.matmul)
    before = [setting.fp32_precision for setting in arithmetic], torch.backends.cudnn.deterministic
    for setting in arithmetic:
        setting.fp32_precision = "ieee"
    torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        for setting, precision in zip(arithmetic, before[0], strict=True):
            setting.fp32_precision = precision
        torch.backends.cudnn.deterministic = before[1]
