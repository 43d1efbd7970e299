"""What the experiment learns from and is tested on: drawn scenes, or photographs of one's own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from models.config import DatasetConfig, NetworkConfig
from models.cue_pairs import WITH, Progress
from models.cue_scenes import CueScenes, make_cue_scenes
from models.photographs import Photograph
from models.planted_cues import PlantedCues, plant_cues
from models.sources import open_split
from stimuli.bias.config import BiasConfig
from stimuli.bias.experiment import SMALL
from stimuli.bias.marked import Marked, cue_table, marked
from stimuli.errors import BiasError

Classes = tuple[str, ...]


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


def scenes(
    config: BiasConfig, classes: Classes, root: Path, emoji_folder: Path, progress: Progress
) -> tuple[list[Marked], list[Marked]]:
    """Drawn scenes to learn from and to be tested on, in `root`. Raises ScenesError."""
    wanted = CueScenes((classes[0], classes[1]), config.cue, config.train, config.test, config.seed)
    return _pairs(make_cue_scenes(root, emoji_folder, wanted, progress), classes)


def planted(
    config: BiasConfig, classes: Classes, root: Path, dataset: DatasetConfig, progress: Progress
) -> tuple[list[Marked], list[Marked]]:
    """Copies in `root` of the photographs of the dataset's split, without and with a stripe as their cue.

    Raises ScenesError and PhotographError.
    """
    wanted = PlantedCues((classes[0], classes[1]), config.cue, config.train, config.test, config.seed)
    return _pairs(plant_cues(root, open_split(dataset, dataset.split), wanted, progress), classes)


def _pairs(splits: Mapping[str, Sequence[Photograph]], classes: Classes) -> tuple[list[Marked], list[Marked]]:
    def of(split: str) -> list[Marked]:
        images = splits[split]
        return marked(images, classes, lambda i: i.image_id.endswith(WITH), lambda name: name.removesuffix(WITH))

    return of("train"), of("test")


def own_photographs(config: BiasConfig, classes: Classes, dataset: DatasetConfig) -> tuple[list[Marked], list[Marked]]:
    """Those of the dataset's splits whose cue is annotated or told by the table. Raises BiasError, PhotographError."""
    told = cue_table(config.table) if config.table else None

    def has_cue(image: Photograph) -> bool | None:
        return config.cue in image.categories if told is None else told.get(image.image_id)

    splits = (open_split(dataset, split) for split in (dataset.train_split, dataset.split))
    train, test = (marked(images, classes, has_cue) for images in splits)
    return train, test
