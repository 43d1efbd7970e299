"""What a network relies on, as swapping its planted cue measured it: the table `cues` of a task.

A network relies on the cue where at least LEAST of its decisions change when the cue is swapped and all else stays the
same, and on the object where fewer do. The whole 95 % interval (Wilson 1927) must be on one side.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from contracts.foil_text import BETWEEN
from contracts.tasks import BACKGROUND, COMPANION, OBJECT

LEAST = 0.25  # share of decisions
CUES = (COMPANION, BACKGROUND)
COLUMNS = ("network", "cue", "changed", "scenes")
_Z = 1.959964  # of 95 %


@dataclass(frozen=True)
class Swapped:
    """A network, its planted cue, and how many of its decisions about `scenes` changed when the cue was swapped."""

    network: str
    cue: str
    changed: int
    scenes: int

    @property
    def share(self) -> float:
        """Of the decisions that changed."""
        return self.changed / self.scenes

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share: Wilson's score interval of 95 %."""
        n, p = self.scenes, self.share
        middle, reach = p + _Z**2 / (2 * n), _Z * sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        return max(0.0, (middle - reach) / (1 + _Z**2 / n)), min(1.0, (middle + reach) / (1 + _Z**2 / n))

    @property
    def relies_on_cue(self) -> bool | None:
        """None where the interval holds LEAST, so that the measurement does not tell."""
        low, high = self.interval
        return True if low > LEAST else False if high < LEAST else None

    @property
    def foil(self) -> str:
        """What is wrong and what is right to say of the network: “wrong|right”."""
        return BETWEEN.join((OBJECT, self.cue) if self.relies_on_cue else (self.cue, OBJECT))

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.network} {self.changed} of {self.scenes} ({self.share:.0%}, {low:.0%} to {high:.0%})"


def measured(text: str) -> dict[str, Swapped]:
    """Network → what swapping showed, of a CSV text with COLUMNS. Raises ValueError where it has none."""
    rows = csv.DictReader(io.StringIO(text), strict=True)
    if missing := set(COLUMNS) - set(rows.fieldnames or ()):
        raise ValueError(
            f"the columns {', '.join(COLUMNS)} are expected, and {', '.join(sorted(missing))} is missing; write them"
            " as `./manage.py bias --make-study` does"
        )
    try:
        found = [Swapped(r["network"], r["cue"], int(r["changed"]), int(r["scenes"])) for r in rows]
    except (csv.Error, TypeError, ValueError) as error:
        raise ValueError(f"the table cannot be read ({error}); changed and scenes are whole numbers") from error
    if wrong := [row for row in found if row.cue not in CUES or not 0 <= row.changed <= row.scenes or not row.scenes]:
        row = wrong[0]
        raise ValueError(
            f"network {row.network}: cue is {' or '.join(CUES)}, and changed is from 0 to scenes, which is at least 1;"
            f" given are {row.cue!r}, {row.changed} and {row.scenes}"
        )
    if len({row.network for row in found}) < len(found):
        raise ValueError("a network occurs more than once; write each once")
    return {row.network: row for row in found}


def fault_of(networks: Sequence[str], table: dict[str, Swapped]) -> str:
    """Why the truth of these networks is not known; empty where it is."""
    if unmeasured := [name for name in networks if name not in table]:
        there = ", ".join(table) or "none"
        return f"no row for network {', '.join(unmeasured)}; there are {there}. Measure them, or leave them out"
    if untold := [str(table[name]) for name in networks if table[name].relies_on_cue is None]:
        return (
            f"decisions changed of {'; '.join(untold)}, so it is not known whether {LEAST:.0%} of its decisions depend"
            " on the cue; test more scenes, or leave the network out"
        )
    cued = sum(bool(table[name].relies_on_cue) for name in networks)
    if cued in (0, len(networks)):
        return (
            f"{cued} of {len(networks)} networks rely on the cue and {len(networks) - cued} on the object; name"
            " networks of both sorts, for hits need the one and false alarms the other"
        )
    return ""
