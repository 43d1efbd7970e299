"""Writers of one SQLite file, in the order they came.

SQLite lets waiting writers poll, and under load some of them starve. Here threads queue in their process, and the first
of each process take turns on two file locks, which the system gives back when a process is killed. A process whose turn
it is lets a few of its threads write, for to change over costs as much as writing.
"""

import fcntl
import os
import threading
import time
from collections import deque

from sqlalchemy.exc import OperationalError, TimeoutError

_POLL_S = 0.0005
_TURNS = 8  # of one process in a row, when others may be waiting


class WriteGate:
    """`<path>-gate` is locked by who writes, `<path>-next` by who writes next; their content means nothing."""

    def __init__(self, path: str, timeout_s: float) -> None:
        self._gate, self._next_in = f"{path}-gate", f"{path}-next"
        self._timeout_s = timeout_s
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_taken = False
        self._held: int | None = None  # the gate's descriptor
        self._turns = 0  # since the gate is held

    def enter(self) -> None:
        """Wait for our turn. Raises SQLAlchemy's TimeoutError, or its OperationalError where no file can be locked."""
        deadline = time.monotonic() + self._timeout_s
        self._queue()
        if self._held is not None:
            return
        try:
            # Only one process at a time waits for the gate, so one that leaves it cannot overtake that one.
            next_in = self._lock(self._next_in, deadline)
            try:
                self._held = self._lock(self._gate, deadline)
            finally:
                os.close(next_in)
        except BaseException:
            with self._mutex:
                self._call_next()
            raise

    def leave(self) -> None:
        """End our turn."""
        with self._mutex:
            self._turns += 1
            if self._held is not None and (not self._waiting or self._turns >= _TURNS):
                os.close(self._held)
                self._held, self._turns = None, 0
            self._call_next()

    def _queue(self) -> None:
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return
            self._waiting.append(turn := threading.Event())
        if not turn.wait(self._timeout_s):
            with self._mutex:
                if not turn.is_set():
                    self._waiting.remove(turn)
                    raise self._too_long()

    def _call_next(self) -> None:
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._is_taken = False

    def _lock(self, path: str, deadline: float) -> int:
        """The locked file's descriptor; closing it unlocks.

        Opened anew each time: a forked process must not share its parent's.
        """
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:  # the folder is gone or read-only: as if the database itself could not be opened
            raise OperationalError(None, None, error) from error
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(file)
                    raise self._too_long() from None
                time.sleep(_POLL_S)
            except OSError as error:  # no locks on this file system, or none left
                os.close(file)
                raise OperationalError(None, None, error) from error

    def _too_long(self) -> TimeoutError:
        return TimeoutError(f"no turn to write within {self._timeout_s} s")
