"""How often a reply failed or a picture did not come: only the running server knows.

Opened first pages are in taking_part/arrivals.py.
"""

import mmap
from datetime import datetime, timedelta

REPLY, PICTURE = "reply", "picture"
_MINUTES = 60


class Failures:
    """Failures of this server since its start, shared by the processes that are forked from the one that made it.

    Without a lock, because a killed process would take it along; two additions at one instant may count once.
    """

    def __init__(self, now: datetime) -> None:
        self.started_at = now
        # (minute, failures) in turn
        self._failed = {what: memoryview(mmap.mmap(-1, 16 * _MINUTES)).cast("q") for what in (REPLY, PICTURE)}

    def add(self, now: datetime, what: str = REPLY) -> None:
        minute, failed = _minute(now), self._failed[what]
        at = 2 * (minute % _MINUTES)
        if failed[at] != minute:
            failed[at], failed[at + 1] = minute, 0
        failed[at + 1] += 1

    def last_hour(self, now: datetime, what: str = REPLY) -> int:
        """Failures of the last hour."""
        since = _minute(now - timedelta(minutes=_MINUTES))
        cells = self._failed[what].tolist()
        return sum(n for minute, n in zip(cells[::2], cells[1::2], strict=True) if minute > since)


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60
