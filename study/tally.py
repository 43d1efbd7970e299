"""What only the running server knows: how often a study's first page was opened, and how often a reply failed."""

import mmap
import zlib
from datetime import datetime, timedelta

KIND_HEADER = "Discern-Observer-Kind"  # a program names its kind in it; whoever sends none is a person
_CELLS = 4096
_MINUTES = 60


class Tally:
    """Counts of this server since its start, shared by the processes that are forked from the one that made it.

    Without a lock, because a killed process would take it along; two additions at one instant may count once.
    It knows of nobody: opening a page leaves no other trace than the sum for the kind of observer.
    """

    def __init__(self, now: datetime) -> None:
        self.started_at = now
        self._opened = memoryview(mmap.mmap(-1, 8 * _CELLS)).cast("q")
        self._failed = memoryview(mmap.mmap(-1, 16 * _MINUTES)).cast("q")  # (minute, failures) in turn

    def add_opened(self, slug: str, observer_kind: str) -> None:
        self._opened[_cell(slug, observer_kind)] += 1

    def opened(self, slug: str, observer_kind: str) -> int:
        return self._opened[_cell(slug, observer_kind)]

    def add_failed(self, now: datetime) -> None:
        minute = _minute(now)
        at = 2 * (minute % _MINUTES)
        if self._failed[at] != minute:
            self._failed[at], self._failed[at + 1] = minute, 0
        self._failed[at + 1] += 1

    def failed(self, now: datetime) -> int:
        """Failures of the last hour."""
        since = _minute(now - timedelta(minutes=_MINUTES))
        cells = self._failed.tolist()
        return sum(n for minute, n in zip(cells[::2], cells[1::2], strict=True) if minute > since)


def _cell(slug: str, observer_kind: str) -> int:
    """The same in every process, unlike `hash`."""
    return zlib.crc32(f"{slug} {observer_kind}".encode()) % _CELLS


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60
