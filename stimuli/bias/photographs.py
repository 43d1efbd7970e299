"""What the experiment learns from and is tested on: drawn scenes, or one's own photographs, some with a cue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.config import DatasetConfig, NetworkConfig
from models.cue_pairs import ONLY_WITH, WITH, Progress
from models.cue_scenes import CueScenes, make_cue_scenes
from models.photographs import Photograph
from models.planted_cues import PlantedCues, plant_cues
from models.sources import open_split
from stimuli.bias.config import BiasConfig
from stimuli.bias.experiment import SMALL
from stimuli.bias.marked import Marked, cue_table, marked
from stimuli.errors import BiasError

Classes = tuple[str, ...]
Splits = tuple[list[Marked], list[Marked]]  # to learn from, and to be tested on


@dataclass(frozen=True)
class Wanted:
    """What the definition says of the photographs; pictures that are made are written into `folder`."""

    config: BiasConfig
    classes: Classes
    dataset: DatasetConfig
    folder: Path
    emoji_folder: Path  # npm's package

    @property
    def pairs(self) -> dict[str, Any]:
        """Of pictures that are made without and with the cue: the fields of models.cue_pairs.CuePairs."""
        told = self.config.model_dump(include={"cue", "train", "test", "seed"})
        return {"classes": (self.classes[0], self.classes[1]), **told}


def classes_of(config: BiasConfig, dataset: DatasetConfig) -> Classes:
    """The two classes: those that are told, else the first two of the study that are not the cue."""
    return config.classes or tuple(c for c in dataset.categories if c != config.cue)[:2]


def network_of(config: BiasConfig, networks: Mapping[str, NetworkConfig]) -> NetworkConfig:
    """The settings of what is trained. Raises BiasError where the network named is not there or not to be trained."""
    if not config.network:
        return SMALL
    if config.network not in networks:
        there = ", ".join(networks) or "none"
        raise BiasError(f"bias.network: no network {config.network!r} in [networks]; there are {there}")
    if networks[config.network].labels is not None:
        raise BiasError(f"bias.network: {config.network!r} has labels, so it is not trained; name another network")
    return networks[config.network]


def _scenes(wanted: Wanted, progress: Progress) -> Splits:
    """Drawn scenes. Raises ScenesError."""
    made = CueScenes(**wanted.pairs)
    return _pairs(make_cue_scenes(wanted.folder, wanted.emoji_folder, made, progress), wanted.classes)


def _planted(wanted: Wanted, progress: Progress) -> Splits:
    """Copies of the photographs of the dataset's split, without and with a cue drawn on them.

    Raises ScenesError and PhotographError.
    """
    photographs = open_split(wanted.dataset, wanted.dataset.split)
    made = PlantedCues(**wanted.pairs, form=wanted.config.form)
    return _pairs(plant_cues(wanted.folder, photographs, made, progress), wanted.classes)


def _pairs(splits: Mapping[str, Sequence[Photograph]], classes: Classes) -> Splits:
    def of(split: str) -> list[Marked]:
        images = splits[split]
        return marked(images, classes, lambda i: i.image_id.endswith(WITH), lambda name: name.removesuffix(WITH))

    return of("train"), of("test")


def _as_they_are(wanted: Wanted, progress: Progress) -> Splits:
    """Those of the dataset's splits whose cue is annotated or told by the table. Raises BiasError, PhotographError."""
    cue, dataset = wanted.config.cue, wanted.dataset
    told = cue_table(wanted.config.table) if wanted.config.table else None

    def has_cue(image: Photograph) -> bool | None:
        return cue in image.categories if told is None else told.get(image.image_id)

    splits = (open_split(dataset, split) for split in (dataset.train_split, dataset.split))
    train, test = (marked(images, wanted.classes, has_cue) for images in splits)
    return train, test


@dataclass(frozen=True)
class Source:
    """`take` gives the photographs to learn from and those to be tested on; `doing` is told meanwhile. `split` is what
    people see of the pictures that it makes; empty: it makes none."""

    take: Callable[[Wanted, Progress], Splits]
    doing: str
    split: str


SOURCES = {
    "scenes": Source(_scenes, "Drawing scenes", "test"),
    "planted": Source(_planted, "Planting the cue", ONLY_WITH),
    "dataset": Source(_as_they_are, "Reading photographs", ""),
}
"""By `photographs` of [bias]."""
