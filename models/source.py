"""What Discern needs to know of a source of photographs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.config import DatasetConfig
from models.photographs import Photograph


@dataclass(frozen=True)
class Source:
    """`config` lists the keys of `[dataset]` that the source reads.

    `open_split` gets the section and the name of a split and returns its photographs in a fixed order. It reads
    annotations, not pixels, and raises PhotographError with everything that is wrong with the split.
    """

    name: str
    config: type[DatasetConfig]
    open_split: Callable[[Any, str], tuple[Photograph, ...]]
