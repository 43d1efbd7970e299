"""What the gallery shows of each picture."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from contracts.methods import method_name
from contracts.stimulus_set import Stimulus
from models.photographs import Photograph
from stimuli.evaluate.appearance import EMPTY, spread, visible_share
from stimuli.evaluate.box_energy import energy, share_in_boxes
from stimuli.rendering import Rendering, RenderingOf

FIRST = 4  # of the strongest and of the emptiest pictures, before the others


@dataclass(frozen=True)
class Tile:
    """One picture. `place` is its place in the first order shown; `energy` the share in the category's boxes, or None
    where there is no box or the recipe does not let it be read (Wang et al., 2020, section 4.3)."""

    number: int
    place: int
    picture: str
    photograph: str
    image_id: str
    tasks: tuple[str, ...]
    method: str  # its printed name
    recipe: str
    network: str
    category: str
    others: tuple[str, ...]  # annotated in the photograph, too
    probability: float | None  # this and the one below: None where a picture made elsewhere does not tell them
    is_correct: bool | None  # the network's top category is annotated
    visible: float
    energy: float | None
    beside: tuple[str, ...] = ()  # the other networks, whose pictures have one scale with it; none: it has its own

    @property
    def is_empty(self) -> bool:
        """Whether hardly anything of it can be seen."""
        return self.visible <= EMPTY


def chosen(stimuli: Iterable[Stimulus], photographs: int) -> list[Stimulus]:
    """One row for each picture, of at most this number of photographs for each method and network, spread evenly.

    A photograph has several pictures of one category where tasks draw it on different scales.
    """
    of_cells: dict[tuple[str, str], dict[str, dict[tuple[str, ...], Stimulus]]] = defaultdict(lambda: defaultdict(dict))
    for row in stimuli:
        of_cells[row.method, row.network][row.image_id].setdefault((row.category, row.file), row)
    return [
        row
        for of_images in of_cells.values()
        for image in spread(of_images, photographs)
        for row in of_images[image].values()
    ]


def tiles(
    folder: Path,
    rows: Sequence[Stimulus],
    photographs: Mapping[str, Photograph],
    rendering: RenderingOf,
    joint: Mapping[str, Sequence[str]] | None = None,
) -> list[Tile]:
    """Of the pictures of `rows`, which lie in `folder`; the strongest and the emptiest few have the first places.

    `joint`: the networks whose pictures have one scale, by the name of each task with `joint_scale`.
    """
    made = [_tile(number, folder, row, photographs[row.image_id], rendering) for number, row in enumerate(rows, 1)]
    made = [replace(tile, beside=_beside(row, joint or {})) for tile, row in zip(made, rows, strict=True)]
    by_strength = sorted(made, key=lambda tile: (-tile.visible, tile.number))
    few = min(FIRST, len(made) // 2)
    extremes = by_strength[:few] + by_strength[::-1][:few]
    rest = [tile for tile in made if tile not in extremes]
    shuffled = [rest[at] for at in np.random.default_rng(1).permutation(len(rest))]
    places = {tile.number: place for place, tile in enumerate([*extremes, *shuffled])}
    return sorted((replace(tile, place=places[tile.number]) for tile in made), key=lambda tile: tile.place)


def _tile(number: int, folder: Path, row: Stimulus, image: Photograph, rendering: RenderingOf) -> Tile:
    with Image.open(folder / row.file) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    return Tile(
        number=number,
        place=0,
        picture=f"pictures/{Path(row.file).name}",
        photograph=f"photographs/{_file_name(row.image_id)}.jpg",
        image_id=row.image_id,
        tasks=row.tasks,
        method=method_name(row.method),
        recipe=rendering(row.method).label,
        network=row.network,
        category=row.category,
        others=tuple(name for name in image.categories if name != row.category),
        probability=row.probability,
        is_correct=row.is_correct,
        visible=visible_share(pixels.astype(float)),
        energy=_energy(pixels, row, image, rendering(row.method)),
    )


def _beside(row: Stimulus, joint: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(sorted({name for task in row.tasks for name in joint.get(task, ())} - {row.network}))


def _file_name(image_id: str) -> str:
    """A file name for an image, whatever characters its id has."""
    return "".join(c if c.isalnum() or c in "-_" else f"%{ord(c):x}" for c in image_id).replace("%", "~")


def _energy(pixels: np.ndarray, row: Stimulus, image: Photograph, rendering: Rendering) -> float | None:
    boxes = [found.box for found in image.objects if found.category == row.category and found.box is not None]
    if not boxes or rendering.facts.shows_photograph or rendering.facts.is_finished:
        return None
    energies = energy(torch.from_numpy(pixels.copy()), row.method, rendering)
    return share_in_boxes(energies, boxes, image.width, image.height)
