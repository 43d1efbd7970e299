"""Work in parts that fit the device's memory."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

Part = TypeVar("Part")


def in_parts_that_fit(compute: Callable[[slice], Part], count: int, at_once: int | None = None) -> Iterator[Part]:
    """Yield `compute` of consecutive parts of 0…count, of `at_once` each, or all together if that fits.

    Where the device's memory runs out, the part is halved and tried again, and the smaller size is kept for the rest.
    Raises torch.OutOfMemoryError when a single one does not fit.
    """
    size, start = max(count if at_once is None else min(count, at_once), 1), 0
    while start < max(count, 1):
        part = _if_it_fits(compute, slice(start, min(start + size, count)), give_up=size == 1)
        if part is None:  # outside of the `except`, where the failed computation's tensors are gone
            size = (size + 1) // 2
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            continue
        yield part
        start += size


def _if_it_fits(compute: Callable[[slice], Part], rows: slice, give_up: bool) -> Part | None:
    try:
        return compute(rows)
    except torch.OutOfMemoryError:
        if give_up:
            raise
        return None
