"""Writers of one SQLite file, in the order they came.

SQLite lets waiting writers poll, and under load some of them starve. Here threads queue in their process, and the first
of each process take turns on two file locks, which the system gives back when a process is killed.
"""

import fcntl
import threading
import time
from collections import deque
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.exc import TimeoutError

_POLL_S = 0.0005


class WriteGate:
    """`<path>-gate` is locked by who writes, `<path>-next` by who writes next; their content means nothing."""

    def __init__(self, path: str, timeout_s: float) -> None:
        self._gate, self._next_in = Path(f"{path}-gate"), Path(f"{path}-next")
        self._timeout_s = timeout_s
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_taken = False

    def enter(self) -> BinaryIO:
        """Wait for our turn; returns what `leave` wants back. Raises SQLAlchemy's TimeoutError."""
        deadline = time.monotonic() + self._timeout_s
        self._queue()
        try:
            # Only one process at a time waits for the gate, so whoever leaves it cannot be back in before that one.
            with self._lock(self._next_in, deadline):
                return self._lock(self._gate, deadline)
        except BaseException:
            self._call_next()
            raise

    def leave(self, gate: BinaryIO) -> None:
        """End our turn."""
        gate.close()
        self._call_next()

    def _queue(self) -> None:
        turn = threading.Event()
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return
            self._waiting.append(turn)
        if not turn.wait(self._timeout_s):
            with self._mutex:
                if not turn.is_set():
                    self._waiting.remove(turn)
                    raise self._too_long()

    def _call_next(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False

    def _lock(self, path: Path, deadline: float) -> BinaryIO:
        """The locked file; closing it unlocks. Opened anew each time: a forked process must not share its parent's."""
        file = path.open("ab")
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            except BlockingIOError:
                if time.monotonic() > deadline:
                    file.close()
                    raise self._too_long() from None
                time.sleep(_POLL_S)

    def _too_long(self) -> TimeoutError:
        return TimeoutError(f"no turn to write within {self._timeout_s} s")
