"""Explanations of failures as pictures: for the predicted and for the true category, beside each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from contracts.methods import method_name
from models.catalogue import LoadedNetwork, preprocess
from models.image_files import read_image
from stimuli.explain.engine import explain
from stimuli.explain.methods import METHODS, Method
from stimuli.failures.find import Failure
from stimuli.failures.groups import Looked, group_of, looked_at
from stimuli.produce.render import render
from stimuli.produce.visualize import photographs_of
from stimuli.rendering import Rendering

LOOKED_WITH = "grad-cam"  # what the groups' rules read
TOGETHER = 8  # photographs that are explained together

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Drawn:
    """Two pictures by one method: files of the explanation of the predicted and of the true category."""

    method: str  # its printed name
    predicted: str
    true: str


@dataclass(frozen=True)
class Tile:
    """A failure as the page shows it."""

    number: int
    failure: Failure
    group: str
    looked: Looked | None
    photograph: str
    drawn: tuple[Drawn, ...]

    @property
    def pair(self) -> str:
        """The true category, then what was predicted."""
        return f"{self.failure.true} → {self.failure.predicted}"


def tiles(
    folder: Path,
    failures: Sequence[Failure],
    networks: Mapping[str, LoadedNetwork],
    methods: Mapping[str, Method],
    device: torch.device,
    progress: Progress = lambda done, total: None,
) -> list[Tile]:
    """Explain `failures` by `methods` and write the pictures into `folder`. Raises ExplanationError."""
    found: list[Tile] = []
    for name, network in networks.items():
        of_network = [failure for failure in failures if failure.network == name]
        for start in range(0, len(of_network), TOGETHER):
            batch = of_network[start : start + TOGETHER]
            found += _explained(folder, batch, network, methods, device, len(found))
            progress(len(found), len(failures))
    return found


def _explained(
    folder: Path,
    batch: Sequence[Failure],
    network: LoadedNetwork,
    methods: Mapping[str, Method],
    device: torch.device,
    before: int,
) -> Iterator[Tile]:
    inputs = torch.stack([preprocess(read_image(f.image.path), network.transform) for f in batch]).to(device)
    targets = [[network.categories.index(category) for category in (f.predicted, f.true)] for f in batch]
    asked = {LOOKED_WITH: METHODS[LOOKED_WITH], **methods}
    module = network.module.to(device)
    maps = explain(module, inputs, targets, asked, network.target_layer, reshape=network.layout).maps
    photographs = photographs_of(inputs, targets, network.transform).cpu()
    pictures = {method: _draw(maps[method].cpu(), photographs) for method in methods}
    energies = maps[LOOKED_WITH].clamp(min=0)[:, 0].cpu()
    for place, failure in enumerate(batch):
        number = before + place + 1
        looked = looked_at(energies[2 * place], failure.image, failure.true)
        photograph = (photographs[2 * place] * 255).round().byte().permute(1, 2, 0)
        drawn = tuple(
            Drawn(
                method_name(method),
                _save(folder, f"{number:04}-{method}-predicted.png", both[2 * place]),
                _save(folder, f"{number:04}-{method}-true.png", both[2 * place + 1]),
            )
            for method, both in pictures.items()
        )
        yield Tile(
            number,
            failure,
            group_of(failure, looked),
            looked,
            _save(folder, f"{number:04}-photograph.jpg", photograph),
            drawn,
        )


def _draw(maps: Tensor, photographs: Tensor) -> Tensor:
    """Maps of one channel over the photograph, those of three signed about mid-grey: (P, H, W, 3) uint8."""
    if maps.shape[1] == 1:
        return render(maps, Rendering("overlay-v1"), photographs)
    return render(maps, Rendering("signed-v1"))


def _save(folder: Path, name: str, pixels: Tensor) -> str:
    Image.fromarray(pixels.numpy()).save(folder / name, quality=88)
    return f"{folder.name}/{name}"
