"""The size of a simulated task."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from contracts.foils import ANNOTATED
from contracts.tasks import KINDS

NETWORKS = ("strong", "weak")


@dataclass(frozen=True)
class TaskDesign:
    """One task's size. Its kind says how many items an image has."""

    name: str
    kind: str
    methods: tuple[str, ...]
    images: int
    ratings: int  # of each item
    named_networks: tuple[str, ...] = ()  # none: as many as the kind compares, else one
    foil: str = ANNOTATED  # where the wrong option comes from

    @property
    def networks(self) -> tuple[str, ...]:
        return self.named_networks or NETWORKS[: KINDS[self.kind].networks or 1]

    @property
    def cells(self) -> tuple[tuple[str, int, tuple[str, ...]], ...]:
        """What can be shown of an image: (method, which of its categories, the networks shown)."""
        labels = KINDS[self.kind].explained(self.foil)
        shown = tuple(combinations(self.networks, KINDS[self.kind].networks or 1))
        return tuple((m, label, networks) for m in self.methods for label in range(labels) for networks in shown)

    @property
    def method_of_cell(self) -> np.ndarray:
        """Index of each cell's method."""
        return np.array([self.methods.index(method) for method, *_ in self.cells])
