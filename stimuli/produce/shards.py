"""The jobs of a run: from images to batches whose predictions are asked for, from selections to shards to explain."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product
from typing import Any, NamedTuple, TypeVar

from contracts.methods import PHOTOGRAPH
from models.photographs import Photograph
from stimuli.produce.select import Selection

Row = TypeVar("Row")
ANY = ""  # in the place of a network


@dataclass(frozen=True)
class Use:
    """Tasks that show a picture with the same wrong option; `foil` is empty where there is none."""

    foil: str
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class Visualization:
    """One picture before it is made. `further`: tasks with other wrong options, each a stimulus of its own.
    `tiles`: the categories that it explains side by side, if it explains more than its own. `together`: the networks,
    its own among them, whose pictures of the pair by this method have one scale; none: it has its own. `sheet`: the
    images, of which `image` is the first, that it holds below each other, each with its category, if it holds
    several."""

    network: str
    image: Photograph
    category: str
    foil: str  # the wrong option where there is one, else empty
    method: str
    tasks: tuple[str, ...]
    further: tuple[Use, ...] = ()
    tiles: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    sheet: tuple[tuple[Photograph, str], ...] = ()

    @property
    def pairs(self) -> tuple[tuple[Photograph, str], ...]:
        """What it explains of which image; tiles are counted as their own category."""
        return self.sheet or ((self.image, self.category),)


@dataclass(frozen=True)
class Prediction:
    """Some images whose top category with its confidence, strongest two of `categories`, and strongest few of all its
    own a network is asked for."""

    network: str
    images: tuple[Photograph, ...]
    categories: tuple[str, ...]

    @property
    def networks(self) -> tuple[str, ...]:
        """Those that it needs."""
        return (self.network,)

    @property
    def units(self) -> int:
        """What it counts in the progress."""
        return len(self.images)

    @property
    def part(self) -> dict[str, Any]:
        """Everything that decides it within one run, as JSON."""
        return {
            "network": self.network,
            "predicted": [image.image_id for image in self.images],
            "among": self.categories,
            "with": ["confidence", "leading"],
        }

    def __str__(self) -> str:
        return _described(self.network, self.images)


@dataclass(frozen=True)
class Shard:
    """Some images for one network: as many categories of each, the same methods for every pair.

    `visualizations` hold images × categories × methods in this nesting, or sheets × methods. A shard follows from the
    selections and the batch size alone, not from what is done already: a picture's last bits may depend on its company
    in the batch.
    """

    network: str
    images: tuple[Photograph, ...]
    categories: tuple[tuple[str, ...], ...]  # of each image
    methods: tuple[str, ...]
    visualizations: tuple[Visualization, ...]
    tiles: tuple[tuple[str, ...], ...] = ()  # of each image; none: the pictures have none
    together: tuple[str, ...] = ()  # networks whose pictures have one scale; none: each picture has its own
    held: int = 1  # images that follow each other and that one picture holds

    @property
    def networks(self) -> tuple[str, ...]:
        """Those that it needs."""
        return (self.network,)

    @property
    def units(self) -> int:
        """What it counts in the progress."""
        return len(self.visualizations)

    @property
    def part(self) -> dict[str, Any]:
        """Everything that decides it within one run, as JSON."""
        rows = [[v.image.image_id, v.category, v.foil, v.method, v.tasks] for v in self.visualizations]
        further = [[use.foil, use.tasks] for v in self.visualizations for use in v.further]
        told = {"further": further, "tiles": self.tiles}
        return {"network": self.network, "visualized": rows} | {key: value for key, value in told.items() if value}

    def __str__(self) -> str:
        return _described(self.network, self.images)


@dataclass(frozen=True)
class Together:
    """The shards of several networks whose pictures have one scale: of the same pairs, with the same methods."""

    shards: tuple[Shard, ...]

    @property
    def networks(self) -> tuple[str, ...]:
        """Those that it needs."""
        return tuple(shard.network for shard in self.shards)

    @property
    def units(self) -> int:
        """What it counts in the progress."""
        return sum(shard.units for shard in self.shards)

    @property
    def visualizations(self) -> tuple[Visualization, ...]:
        """Of all its shards, one after another."""
        return tuple(wanted for shard in self.shards for wanted in shard.visualizations)

    @property
    def part(self) -> dict[str, Any]:
        """Everything that decides it within one run, as JSON."""
        return {"together": [shard.part for shard in self.shards]}

    def __str__(self) -> str:
        return "; ".join(map(str, self.shards))


Job = Prediction | Shard | Together
"""What one stage of the pipeline works on at a time."""


def predictions(
    networks: Sequence[str], images: Sequence[Photograph], batch_size: int, categories: Sequence[str]
) -> tuple[Prediction, ...]:
    """All images for each of the networks, in batches."""
    return tuple(
        Prediction(name, batch, tuple(categories)) for name in networks for batch in _batched(images, batch_size)
    )


class _Wanted(NamedTuple):
    """A picture that tasks ask for, in the order of the jobs. `held`: the wrong option that names a sheet's images."""

    network: str
    image_id: str
    category: str
    tiles: tuple[str, ...]
    together: tuple[str, ...]
    held: str
    method: str


def visualizations(selections: Sequence[Selection]) -> tuple[Visualization, ...]:
    """Everything the tasks ask for, each once: sorted by network, image, category, …, method."""
    images = {chosen.image.image_id: chosen.image for selection in selections for chosen in selection.chosen}
    sheets: dict[str, tuple[tuple[Photograph, str], ...]] = {"": ()}
    foils: dict[tuple[str, str, str], str] = {}
    asked: dict[_Wanted, list[tuple[str, str]]] = defaultdict(list)
    for selection in selections:
        for wanted, foil in _wanted(selection):
            asked[wanted].append((selection.request.task, foil))
            if wanted.held:
                sheets[wanted.held] = selection.sheets[wanted.image_id, wanted.network]
                continue
            for network in (wanted.network, ANY):
                pair = wanted.image_id, wanted.category, network
                foils[pair] = foils.get(pair) or foil
    found = []
    for wanted, tasks in sorted(asked.items()):
        of_pair = (foils.get((wanted.image_id, wanted.category, network)) for network in (wanted.network, ANY))
        first, *further = _uses(tasks, wanted.held or next(filter(None, of_pair), ""))
        found.append(
            Visualization(
                network=wanted.network,
                image=images[wanted.image_id],
                category=wanted.category,
                foil=first.foil,
                method=wanted.method,
                tasks=first.tasks,
                further=tuple(further),
                tiles=wanted.tiles,
                together=wanted.together,
                sheet=sheets[wanted.held],
            )
        )
    return tuple(found)


def _wanted(selection: Selection) -> Iterator[tuple[_Wanted, str]]:
    """Each picture that a task asks for, with its wrong option."""
    request = selection.request
    for chosen in selection.chosen:
        image_id = chosen.image.image_id
        for category, network, method in product(chosen.categories, request.networks, request.drawn):
            foil = selection.foils.get((image_id, category, network))
            if foil is None:
                continue
            held = foil if selection.sheets.get((image_id, network)) else ""
            tiles = () if method == PHOTOGRAPH else selection.tiles.get((image_id, network), ())
            yield _Wanted(network, image_id, category, tiles, request.together, held, method), foil


def _uses(asked: Sequence[tuple[str, str]], usual: str) -> list[Use]:
    """One for each wrong option of (task, wrong option); a task without one joins those that have the `usual` one."""
    filled = [(task, foil or usual) for task, foil in asked]
    foils = dict.fromkeys(foil for _, foil in filled)
    return [Use(foil, tuple(task for task, own in filled if own == foil)) for foil in foils]


def drawing_jobs(wanted: Sequence[Visualization], batch_size: int) -> tuple[Shard | Together, ...]:
    """The shards of visualizations (sorted), those whose pictures have one scale put together."""
    alone: list[Shard | Together] = []
    beside: dict[tuple, list[Shard]] = defaultdict(list)
    for shard in shards(wanted, batch_size):
        pairs = shard.together, shard.methods, shard.categories, tuple(image.image_id for image in shard.images)
        beside[pairs].append(shard) if shard.together else alone.append(shard)
    return (*alone, *(Together(tuple(of_pairs)) for of_pairs in beside.values()))


def shards(wanted: Sequence[Visualization], batch_size: int) -> tuple[Shard, ...]:
    """Put visualizations (sorted) that can share a forward pass together, at most `batch_size` images each."""
    alike: dict[tuple, list[tuple[Visualization, ...]]] = defaultdict(list)
    for (network, _), of_image in groupby(wanted, key=lambda v: (v.network, v.image.image_id)):
        by_methods: dict[tuple[Any, ...], list[Visualization]] = defaultdict(list)
        for (_, tiles, *alone), pair in groupby(of_image, key=lambda v: (v.category, v.tiles, v.together, v.sheet)):
            made = tuple(pair)
            by_methods[tuple(v.method for v in made), bool(tiles), *alone] += made
        for (methods, has_tiles, together, sheet), rows in by_methods.items():
            alike[network, methods, len(rows), has_tiles, together, len(sheet)].append(tuple(rows))
    return tuple(
        Shard(
            network,
            *_explained(batch, len(methods)),
            methods,
            tuple(v for rows in batch for v in rows),
            tuple(rows[0].tiles for rows in batch) if has_tiles else (),
            together,
            max(held, 1),
        )
        for (network, methods, _, has_tiles, together, held), everything in sorted(alike.items())
        for batch in _batched(everything, max(batch_size // max(held, 1), 1))
    )


def _explained(
    batch: Sequence[tuple[Visualization, ...]], methods: int
) -> tuple[tuple[Photograph, ...], tuple[tuple[str, ...], ...]]:
    """The images of a shard, and the categories of each that are explained."""
    if batch[0][0].sheet:
        pairs = [pair for rows in batch for pair in rows[0].sheet]
        return tuple(image for image, _ in pairs), tuple((category,) for _, category in pairs)
    return tuple(rows[0].image for rows in batch), tuple(tuple(v.category for v in rows[::methods]) for rows in batch)


def _batched(rows: Sequence[Row], size: int) -> list[tuple[Row, ...]]:
    return [tuple(rows[start : start + size]) for start in range(0, len(rows), size)]


def _described(network: str, images: Sequence[Photograph]) -> str:
    return f"network {network!r}, images {', '.join(image.image_id for image in images)}"
