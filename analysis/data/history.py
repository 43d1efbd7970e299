"""What happened to a study while it ran: amendments of its definition, looks at results, exports, pauses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Amendment:
    """A change to the frozen definition. `change`: key → (before, after), and perhaps the `task` that it is of."""

    at: pd.Timestamp
    change: Mapping[str, Any]
    reason: str
    previous_sha256: str
    sha256: str

    @property
    def task(self) -> str:
        """The task it is of; empty: the study."""
        return str(self.change.get("task", ""))

    @property
    def values(self) -> list[tuple[str, Any, Any]]:
        """(key, before, after) of all that it changed."""
        return [(key, *pair) for key, pair in self.change.items() if isinstance(pair, list) and len(pair) == 2]


@dataclass(frozen=True)
class Happening:
    """Something in the audit log of the study: `what` is one of contracts.export.HAPPENINGS."""

    at: pd.Timestamp
    what: str


@dataclass(frozen=True)
class History:
    """All that is known of a study's course. `is_told`: exports of earlier versions tell amendments only."""

    amendments: tuple[Amendment, ...] = ()
    happenings: tuple[Happening, ...] = ()
    is_told: bool = False
