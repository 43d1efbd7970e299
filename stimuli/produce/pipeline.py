"""Three stages side by side: reading ahead, computing, writing behind."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Ready = TypeVar("Ready")
Made = TypeVar("Made")
Written = TypeVar("Written")


def overlapped(
    items: Iterable[Item],
    read: Callable[[Item], Ready],
    compute: Callable[[Item, Ready], Made],
    write: Callable[[Item, Made], Written],
    tell: Callable[[Item], object],
    threads: int,
) -> list[Written]:
    """Return what `write` makes of each item, in their order: `write(item, compute(item, read(item)))`.

    `compute` runs here, one item after another; `read` runs ahead of it and `write` behind it, in `threads` threads
    each, which are few: what is read but not computed and what is computed but not written is never more than `threads`
    items each, however many there are. `tell` is called here when an item is written.

    What any of them raises ends everything, with the item in a note. What was computed by then is still written.
    """
    written: list[Written] = []
    coming = iter(items)
    with _threads("read", threads) as readers, _threads("write", threads) as writers:
        ahead = deque((item, readers.submit(read, item)) for item in islice(coming, threads))
        behind: deque[tuple[Item, Future[Written]]] = deque()
        try:
            while ahead or behind:
                while behind and (not ahead or len(behind) == threads or behind[0][1].done()):
                    item, writing = behind.popleft()
                    with _noted(item):
                        written.append(writing.result())
                    tell(item)
                if ahead:
                    item, reading = ahead.popleft()
                    with _noted(item):
                        made = compute(item, reading.result())
                    behind.append((item, writers.submit(write, item, made)))
                    ahead.extend((item, readers.submit(read, item)) for item in islice(coming, 1))
        finally:
            for _, reading in ahead:
                reading.cancel()
    return written


def _threads(name: str, count: int) -> ThreadPoolExecutor:
    """Threads whose tensors are small: the cores are left to the networks in the calling thread."""
    return ThreadPoolExecutor(count, f"stimuli-{name}", initializer=_take_one_core)


def _take_one_core() -> None:
    if torch := sys.modules.get("torch"):  # a set of finished pictures is made without it
        torch.set_num_threads(1)


@contextmanager
def _noted(item: Item) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(f"in {item}")
        raise
