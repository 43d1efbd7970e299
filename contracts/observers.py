"""Who may have answered: people, simulated participants, and machine observers by name. They never share a number.

`observer_kind` is "human", "simulated", "machine", or "machine:NAME" for a named observer, with "+CONTROL" behind it
where the observer was shown something that must leave it at chance (stimuli/evaluate/observers.py).
"""

import re
from dataclasses import dataclass

HUMAN, SIMULATED, MACHINE = FAMILIES = ("human", "simulated", "machine")  # in the order in which a report shows them
_KIND = re.compile(r"(human|simulated|machine)(?:(?<=machine):([a-z0-9-]+)(?:\+([a-z0-9-]+))?)?")


@dataclass(frozen=True, order=True)
class ObserverKind:
    """An `observer_kind` taken apart. Sorted: people, simulations, machines by name, a machine before its controls."""

    rank: int
    name: str  # of a machine observer, or empty
    control: str  # empty: the observer itself

    @property
    def family(self) -> str:
        return FAMILIES[self.rank]

    @property
    def label(self) -> str:
        """What a figure is marked with, and the name of its folder in words: "machine: classifier, blank"."""
        named = f"{self.family}: {self.name}" if self.name else self.family
        return f"{named}, {self.control}" if self.control else named


def parse(observer_kind: str) -> ObserverKind | None:
    """None for a text that is no `observer_kind`."""
    if not isinstance(observer_kind, str) or not (found := _KIND.fullmatch(observer_kind)):
        return None
    family, name, control = found.groups()
    return ObserverKind(FAMILIES.index(family), name or "", control or "")


def observer_of(observer_kind: str) -> ObserverKind:
    """`observer_kind` taken apart. ValueError for what is none; an export that was read holds no such value."""
    if (observer := parse(observer_kind)) is None:
        raise ValueError(f"{observer_kind!r} is no kind of observer: human, simulated, machine or machine:NAME")
    return observer
