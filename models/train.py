"""Fine-tunes a network on a VOC-layout set and writes its checkpoint: `./manage.py train`.

Multi-label: one logit a category, binary cross-entropy. With `parts = "head"` only the last layer is trained, with
"classifier" the module of that name, on features computed once for every picture and its mirror image; with "all"
everything is, with augmentation.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor, nn

from models.architectures import build
from models.average_precision import PRESENT, average_precision, label_matrix, mean_average_precision
from models.catalogue import check_target_layer
from models.checkpoint import CheckpointMetadata, require_own_checkpoint, write_checkpoint
from models.config import ASK_FOR_IT, DatasetConfig, NetworkConfig, TrainingConfig
from models.errors import TrainingError
from models.fit import Inputs, fit, read_state
from models.head import copy_head, head_features, put_head
from models.photographs import Photograph, data_sha256
from models.pixels import augment, read_pixels
from models.sources import open_split
from models.transform import Transform, normalise, transform_of
from models.weights import load_weights

Progress = Callable[[int, int], None]
_BATCH = 32  # pictures in memory at once where the batch size does not change the result
LIBRARIES = ("torch", "torchvision", "numpy", "pillow", "safetensors")


def train(
    name: str, config: NetworkConfig, dataset: DatasetConfig, progress: Progress | None = None, command: str = ""
) -> CheckpointMetadata:
    """Train network `name`, measure it on `dataset.split`, write `config.checkpoint` and return its metadata.

    `progress` is called with (work done, work in all), counted in pictures; `command` is what a reader types to repeat
    this. A run that was killed goes on after its last epoch and gives the same network. Raises NetworkError,
    PhotographError and TrainingError, also where a file that Discern did not write is in the way.
    """
    require_own_checkpoint(config.checkpoint)  # before photographs are read, which takes long
    pictures, measured_on = (open_split(dataset, split) for split in (dataset.train_split, dataset.split))
    source = f"split {dataset.train_split!r}"
    return train_on(name, config, dataset.categories, pictures, measured_on, progress, command, source)


def train_on(
    name: str,
    config: NetworkConfig,
    categories: tuple[str, ...],
    pictures: Sequence[Photograph],
    measured_on: Sequence[Photograph],
    progress: Progress | None = None,
    command: str = "",
    source: str = "the training set",
) -> CheckpointMetadata:
    """`train` on photographs that are given: `pictures` to learn from, `measured_on` for the mAP. Raises as it does."""
    if (settings := config.training) is None:
        raise TrainingError(f"network {name!r} asks for no training: {ASK_FOR_IT.format(name=name)}")
    require_own_checkpoint(config.checkpoint)
    state_file = config.checkpoint.with_name(f"{config.checkpoint.name}.training")
    read_state(state_file)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        module = _start(name, config, settings, len(categories))
        data = data_sha256((*pictures, *measured_on))
        course = _Course(
            module=module,
            transform=transform_of(config),
            pictures=pictures[: settings.images],
            labels=_labels(pictures[: settings.images], categories, source),
            settings=settings,
            frozen_statistics=config.weights is not None,
            state_file=state_file,
            request=hashlib.sha256(repr((config, categories, data)).encode()).hexdigest(),
            to_measure=len(measured_on),
            progress=progress or (lambda done, total: None),
        )
        (_train_all if settings.parts == "all" else _train_end)(course)
    values = measure(module, course.transform, measured_on, categories, course.measured)
    metadata = CheckpointMetadata(
        architecture=config.architecture,
        categories=categories,
        transform=course.transform,
        mean_average_precision=mean_average_precision(list(values.values())),
        average_precision=values,
        seed=settings.seed,
        command=command,
        data_sha256=data,
        library_versions={library: version(library) for library in LIBRARIES},
    )
    write_checkpoint(config.checkpoint, module.state_dict(), metadata)
    course.state_file.unlink(missing_ok=True)
    return metadata


def measure(
    module: nn.Module,
    transform: Transform,
    images: Sequence[Photograph],
    categories: Sequence[str],
    seen: Callable[[int], None] = lambda done: None,
) -> dict[str, float | None]:
    """VOC average precision of `module` on `images` for each category; None for one that `images` do not show.

    `seen` is called with the number of images done.
    """
    return precisions(scores(module, transform, images, seen), images, categories)


def scores(
    module: nn.Module,
    transform: Transform,
    images: Sequence[Photograph],
    seen: Callable[[int], None] = lambda done: None,
) -> Tensor:
    """What `module` gives for `images`: (N, outputs). `seen` is called with the number of images done."""
    module.eval()
    found: list[Tensor] = []
    with torch.no_grad():
        for pixels in read_pixels(images, transform, _BATCH):
            found.append(module(_channels_last(normalise(pixels, transform))))
            seen(sum(map(len, found)))
    return torch.cat(found)


def precisions(found: Tensor, images: Sequence[Photograph], categories: Sequence[str]) -> dict[str, float | None]:
    """VOC average precision of scores (N, C) for each category; None for one that `images` do not show."""
    columns, labels = found.numpy().T, label_matrix(images, categories).T
    return {c: average_precision(s, present) for c, s, present in zip(categories, columns, labels, strict=True)}


@dataclass(frozen=True)
class _Course:
    """All one training needs; `module` is changed in place. Its work is reading, then epochs, then measuring."""

    module: nn.Module
    transform: Transform
    pictures: Sequence[Photograph]
    labels: Tensor
    settings: TrainingConfig
    frozen_statistics: bool
    state_file: Path
    request: str
    to_measure: int
    progress: Progress

    @property
    def epoch_work(self) -> int:
        """An epoch of the head alone is next to nothing beside the features it is trained on."""
        return len(self.pictures) if self.settings.parts == "all" else 1

    def read(self, done: int) -> None:
        self._report(done)

    def trained(self, epochs: int) -> None:
        self._report(len(self.pictures) + epochs * self.epoch_work)

    def measured(self, done: int) -> None:
        self._report(len(self.pictures) + self.settings.epochs * self.epoch_work + done)

    def _report(self, done: int) -> None:
        self.progress(done, len(self.pictures) + self.settings.epochs * self.epoch_work + self.to_measure)

    def fit(self, module: nn.Module, inputs: Inputs) -> None:
        fit(module, inputs, self.labels, self.settings, self.state_file, self.request, self.trained)


def _start(name: str, config: NetworkConfig, settings: TrainingConfig, categories: int) -> nn.Module:
    module = build(config.architecture, categories, config.image_size)
    check_target_layer(name, module, config.target_layer)
    part = _part(settings)
    if part and not _takes_features(getattr(module, part, None)):
        raise TrainingError(f'{config.architecture} has no {part} of linear layers; set parts = "head" or "all"')
    if config.weights is not None:
        load_weights(module, config.architecture, config.weights, part)
    return module


def _part(settings: TrainingConfig) -> str:
    """The module that is trained on what comes before it; none where it is the head or the whole network."""
    return "classifier" if settings.parts == "classifier" else ""


def _takes_features(part: nn.Module | None) -> bool:
    """Whether it is there and takes one number for each feature, not maps."""
    return part is not None and not any(isinstance(layer, nn.Conv2d) for layer in part.modules())


def _labels(pictures: Sequence[Photograph], categories: Sequence[str], source: str) -> Tensor:
    labels = label_matrix(pictures, categories)
    seen = (labels == PRESENT).any(0)
    if unseen := [category for category, shown in zip(categories, seen, strict=True) if not shown]:
        raise TrainingError(
            f"no picture of {source} ({len(pictures)} used) shows {', '.join(unseen)};"
            " leave them out of dataset.categories or train on more pictures"
        )
    return torch.from_numpy(labels)


def _channels_last(inputs: Tensor) -> Tensor:
    """The same tensor in the order of memory in which convolutions take about half the time on a CPU."""
    return inputs.contiguous(memory_format=torch.channels_last)


def _train_end(course: _Course) -> None:
    """The head, or another part, on what it takes for the pictures as they are and mirrored."""
    course.module.eval()
    part = _part(course.settings)
    features = []  # (2, n, F) a batch
    for pixels in read_pixels(course.pictures, course.transform, _BATCH):
        batch = _channels_last(normalise(pixels, course.transform))
        features.append(torch.stack([head_features(course.module, view, part) for view in (batch, batch.flip(3))]))
        course.read(min(len(features) * _BATCH, len(course.pictures)))
    table = torch.cat(features, 1)

    def inputs(rows: Tensor, rng: torch.Generator) -> Tensor:
        return table[torch.randint(2, rows.shape, generator=rng), rows]

    if part:
        course.fit(course.module.get_submodule(part).train(), inputs)
        return
    head = copy_head(course.module)
    course.fit(head, inputs)
    put_head(course.module, head)


def _train_all(course: _Course) -> None:
    batches = []
    for pixels in read_pixels(course.pictures, course.transform, _BATCH):
        batches.append(pixels)
        course.read(min(len(batches) * _BATCH, len(course.pictures)))
    table = torch.cat(batches)

    def inputs(rows: Tensor, rng: torch.Generator) -> Tensor:
        return _channels_last(augment(normalise(table[rows], course.transform), rng))

    course.module.train()
    if course.frozen_statistics:
        # Few pictures spoil statistics that many made, and networks with folded normalisation have none to update.
        for part in course.module.modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                part.eval()
    course.fit(course.module, inputs)
