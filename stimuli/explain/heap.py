"""Memory that glibc would give back to the system between two steps, kept for the next. Elsewhere nothing happens."""

import torch
from torch import Tensor

BELOW_THE_LIMIT = 31 * 2**20
"""Bytes; from 32 MiB on, glibc always asks the system for pages."""


def let_freed_pages_be_used_again(device: torch.device) -> None:
    """Free a block just below the limit; none of it is touched.

    glibc takes the largest such block that was freed as the size up to which it keeps memory for reuse. Without it maps
    of a few MiB are given back after every step, and the next step waits for the system to clear fresh pages (5–8 % of
    all time).
    """
    if device.type == "cpu":
        _block()


def top_of_the_heap(device: torch.device) -> Tensor | None:
    """A block above 248 MiB of free memory; while it is kept, glibc gives nothing of that back to the system.

    Otherwise it gives back what is free above 64 MiB, and the next group of pictures waits for the system to clear
    pages: with DenseNet-121 a fifth of all time. None of it is touched.
    """
    let_freed_pages_be_used_again(device)
    return [_block() for _ in range(9)][-1] if device.type == "cpu" else None


def _block() -> Tensor:
    return torch.empty(BELOW_THE_LIMIT, dtype=torch.uint8)
