"""Sets whose pictures are all made elsewhere: files are read and written anew, no network and no torch is needed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image

from contracts.methods import PHOTOGRAPH
from models.image_files import read_image
from stimuli.config import StimuliConfig
from stimuli.produce.method_sources import MethodSources
from stimuli.produce.pictures import Picture, Scores, picture_of
from stimuli.produce.stacking import stacked
from stimuli.produce.tables import PictureTable

THREADS = 4


@contextmanager
def launch(
    config: StimuliConfig, networks: Mapping[str, Any], sources: MethodSources, worker: Any = None
) -> Iterator["ReadyMade"]:
    """Nothing has to start."""
    yield ReadyMade(sources.tables)


class ReadyMade:
    """A launcher whose jobs are shards of pictures that tables name."""

    device, threads = "none", THREADS

    def __init__(self, tables: Mapping[str, PictureTable]) -> None:
        self._tables = tables

    def check(self, network: str, methods: Any) -> None:
        """The tables were read already."""

    def read(self, job: Any) -> list[tuple[np.ndarray, Scores]]:
        return [stacked([self._ready(v, *pair) for pair in v.pairs]) for v in job.visualizations]

    def _ready(self, wanted: Any, image: Any, category: str) -> tuple[np.ndarray, Scores]:
        if wanted.method != PHOTOGRAPH:
            return self._tables[wanted.method].ready(wanted.network, image, category)
        size = next(iter(self._tables.values())).size
        return np.asarray(read_image(image.path).resize(size, Image.Resampling.BILINEAR)), Scores()

    def compute(self, job: Any, ready: Any) -> Any:
        return ready

    def encode(self, job: Any, computed: list[tuple[np.ndarray, Scores]]) -> list[Picture]:
        return [picture_of(pixels, scores) for pixels, scores in computed]
