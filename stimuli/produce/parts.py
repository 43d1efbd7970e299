"""Finished parts of an unfinished run, so that a run that was killed goes on where it was."""

import json
import re
from collections.abc import Collection
from typing import Any

from contracts.hashing import canonical_sha256
from stimuli.produce.storage import Storage

UNFINISHED = ".unfinished/"
_PART = re.compile(rf"{re.escape(UNFINISHED)}[0-9a-f]{{32}}/[0-9a-f]{{32}}\.json")


class Parts:
    """Small JSON files beside the set, one a finished part, each written after what it speaks of.

    A part is named by a hash over everything that decides it. Parts of one run are never taken for another's, and a
    part is done again whole, with the same batch, so that its numbers come out the same to the last bit.
    """

    def __init__(self, storage: Storage, run: Any, folder: str = UNFINISHED) -> None:
        self._storage = storage
        self.prefix = f"{folder}{_digest(run)}/"

    def recorded(self, part: Any, there: Collection[str]) -> Any:
        """The record of `part`, or None. `there` are the names of all files, as listed once for all parts."""
        name = self._name(part)
        if name not in there:
            return None
        try:
            return json.loads(self._storage.read(name))
        except (FileNotFoundError, ValueError):  # another run took it away; not written by us
            return None

    def record(self, part: Any, outcome: Any) -> None:
        """Keep what came of `part`; it is finished."""
        self._storage.write({self._name(part): json.dumps(outcome, sort_keys=True).encode()})

    def _name(self, part: Any) -> str:
        return f"{self.prefix}{_digest(part)}.json"


def forget_parts(storage: Storage) -> None:
    """Remove the parts of every run; call it when the set is finished."""
    storage.remove(name for name in storage.names() if _PART.fullmatch(name))


def _digest(value: Any) -> str:
    return canonical_sha256(value)[:32]
