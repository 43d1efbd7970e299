"""Finished parts of an unfinished run, so that a run that was killed goes on where it was."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stimuli.manifest import write_atomically

UNFINISHED = ".unfinished"


class Parts:
    """A folder of small JSON files, one a finished part, each written by atomic rename after what it speaks of.

    A part is named by a hash over everything that decides it. Parts of one run never stand in for another's, and a
    part is done again whole, with the same batch, so that its numbers come out the same to the last bit.
    """

    def __init__(self, folder: Path, run: Any) -> None:
        self._root = folder / UNFINISHED
        self._folder = self._root / _digest(run)

    def get_or_make(self, part: Any, make: Callable[[], Any], is_sound: Callable[[Any], bool] = lambda _: True) -> Any:
        """Return the record of `part`: the one on disk where it is sound, else what `make` returns, recorded."""
        file = self._folder / f"{_digest(part)}.json"
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            if is_sound(record):
                return record
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            pass  # not done yet, or not written by us: done now
        record = make()
        write_atomically(file, json.dumps(record, sort_keys=True).encode())
        return record

    def remove(self) -> None:
        """Forget the parts of this run and of any other; call it when the set is finished."""
        shutil.rmtree(self._root, ignore_errors=True)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
