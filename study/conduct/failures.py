"""How often a reply failed: only the running server knows. Opened first pages are in taking_part/arrivals.py."""

import mmap
from datetime import datetime, timedelta

_MINUTES = 60


class Failures:
    """Failures of this server since its start, shared by the processes that are forked from the one that made it.

    Without a lock, because a killed process would take it along; two additions at one instant may count once.
    """

    def __init__(self, now: datetime) -> None:
        self.started_at = now
        self._failed = memoryview(mmap.mmap(-1, 16 * _MINUTES)).cast("q")  # (minute, failures) in turn

    def add(self, now: datetime) -> None:
        minute = _minute(now)
        at = 2 * (minute % _MINUTES)
        if self._failed[at] != minute:
            self._failed[at], self._failed[at + 1] = minute, 0
        self._failed[at + 1] += 1

    def last_hour(self, now: datetime) -> int:
        """Failures of the last hour."""
        since = _minute(now - timedelta(minutes=_MINUTES))
        cells = self._failed.tolist()
        return sum(n for minute, n in zip(cells[::2], cells[1::2], strict=True) if minute > since)


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60
