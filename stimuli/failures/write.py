"""The failures as a folder: one page, its pictures and a table. It needs no server and sends nothing."""

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from models.catalogue import LoadedNetwork
from stimuli.evaluate.intervals import in_words, of_share
from stimuli.explain.methods import Method
from stimuli.failures.find import Judged
from stimuli.failures.groups import GROUPS
from stimuli.failures.pictures import Tile, tiles
from stimuli.gallery.folder import write_folder
from stimuli.gallery.templates import environment_of, style

PAGE = Path(__file__).parent / "page"
WHAT = "page of failures"
COLUMNS = ("image", "network", "true", "predicted", "confidence", "group")
CONFIDENCES = {"under 50%": (0, 0.5), "50% to 90%": (0.5, 0.9), "90% and more": (0.9, 1.01)}


def write_failures(
    out: Path,
    title: str,
    found: Sequence[Judged],
    networks: Mapping[str, LoadedNetwork],
    methods: Mapping[str, Method],
    device: torch.device,
    most: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write the page of failures into `out` and return how many it shows: of each network the `most` confident ones.

    Raises GalleryError where `out` holds what Discern did not
    write, and ExplanationError.
    """
    failures = [failure for judged in found for failure in judged.failures[:most]]
    shown: list[Tile] = []

    def fill(fresh: Path) -> None:
        (fresh / "pictures").mkdir()
        shown.extend(tiles(fresh / "pictures", failures, networks, methods, device, progress))
        with (fresh / "failures.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *map(_row, shown)])
        (fresh / "index.html").write_text(_page(title, found, shown), encoding="utf-8")

    write_folder(out, fill, WHAT)
    return len(shown)


def summary(found: Sequence[Judged]) -> list[str]:
    """A sentence for each network: how many photographs it gets wrong."""
    return [
        f"{judged.network}: {len(judged.failures)} of {judged.photographs} photographs wrong,"
        f" {in_words(of_share(len(judged.failures), judged.photographs), 1, percent=True)}"
        for judged in found
    ]


def _row(tile: Tile) -> list[str]:
    failure = tile.failure
    confidence = f"{failure.confidence:.4f}"
    return [failure.image.image_id, failure.network, failure.true, failure.predicted, confidence, tile.group]


def _page(title: str, found: Sequence[Judged], shown: Sequence[Tile]) -> str:
    environment = environment_of(PAGE)
    choices = {
        "network": sorted({tile.failure.network for tile in shown}),
        "group": [name for name in dict.fromkeys([g.name for g in GROUPS] + [tile.group for tile in shown])],
        "pair": [pair for pair, _ in Counter(tile.pair for tile in shown).most_common()],
    }
    counts = Counter((tile.group, tile.failure.network) for tile in shown)
    return environment.get_template("failures.html").render(
        title=title,
        tiles=shown,
        total=sum(len(judged.failures) for judged in found),
        sentences=summary(found),
        groups=GROUPS,
        counts=counts,
        choices=choices,
        confidences=CONFIDENCES,
        style=style(PAGE / "failures.css"),
        script=(PAGE / "failures.js").read_text(encoding="utf-8"),
    )
