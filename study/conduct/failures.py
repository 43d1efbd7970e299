"""How often a reply failed or a picture did not come: only the running server knows.

Opened first pages are in taking_part/arrivals.py.
"""

import mmap
import os
from datetime import datetime, timedelta
from pathlib import Path

from study.errors import ConfigurationError

REPLY, PICTURE = "reply", "picture"
FILE = "DISCERN_FAILURES_PATH"  # the environment variable that names the file, if any
_MINUTES = 60
_BYTES = 16 * _MINUTES  # of one kind


class Failures:
    """Failures of this server since its start, shared by the processes that are forked from the one that made it.

    Without a lock, because a killed process would take it along; two additions at one instant may count once.
    """

    def __init__(self, now: datetime, file: Path | None = None) -> None:
        """`file`: where other programs of this machine can read them; none: in memory. Raises ConfigurationError."""
        self.started_at = now
        shared = _shared(file) if file else mmap.mmap(-1, 2 * _BYTES)
        # (minute, failures) in turn
        both = (memoryview(shared)[:_BYTES], memoryview(shared)[_BYTES:])
        self._failed = dict(zip((REPLY, PICTURE), (part.cast("q") for part in both), strict=True))

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


def _shared(file: Path) -> mmap.mmap:
    try:
        with open(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as opened:
            os.ftruncate(opened.fileno(), 2 * _BYTES)
            return mmap.mmap(opened.fileno(), 2 * _BYTES)
    except OSError as error:
        raise ConfigurationError(
            f"{FILE} names {file}, which cannot be written: {error.strerror}; name a file in a folder of the server's"
        ) from error


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60
