"""The failures as a folder: one page, its pictures and a table. It needs no server and sends nothing."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from models.catalogue import LoadedNetwork
from stimuli.evaluate.intervals import in_words, of_share
from stimuli.explain.methods import Method
from stimuli.failures.find import Judged
from stimuli.failures.groups import GROUPS, NOT_GROUPED
from stimuli.failures.pictures import Tile, tiles
from stimuli.failures.table import Row, write_table
from stimuli.gallery.folder import write_folder
from stimuli.gallery.templates import environment_of, style

PAGE = Path(__file__).parent / "page"
WHAT = "page of failures"
NO_RULE = "the true category has no box, or Grad-CAM is empty"
CONFIDENCES = {"under 50%": (0, 0.5), "50% to 90%": (0.5, 0.9), "90% and more": (0.9, 1.01)}


def write_failures(
    out: Path,
    title: str,
    found: Sequence[Judged],
    networks: Mapping[str, LoadedNetwork],
    methods: Mapping[str, Method],
    device: torch.device,
    most: int,
    again: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write the page of failures into `out` and return how many it shows: of each network the `most` confident ones.

    `again` is the command that made the page; with `--make-study` and the page's filters it makes a study. Raises
    GalleryError where `out` holds what Discern did not write, and ExplanationError.
    """
    failures = [failure for judged in found for failure in judged.failures[:most]]
    shown: list[Tile] = []

    def fill(fresh: Path) -> None:
        (fresh / "pictures").mkdir()
        shown.extend(tiles(fresh / "pictures", failures, networks, methods, device, progress))
        write_table(fresh, map(_row, shown))
        (fresh / "index.html").write_text(_page(title, found, shown, again), encoding="utf-8")

    write_folder(out, fill, WHAT)
    return len(shown)


def summary(found: Sequence[Judged]) -> list[str]:
    """A sentence for each network: how many photographs it gets wrong."""
    return [
        f"{judged.network}: {len(judged.failures)} of {judged.photographs} photographs wrong,"
        f" {in_words(of_share(len(judged.failures), judged.photographs), 1, percent=True)}"
        for judged in found
    ]


def _row(tile: Tile) -> Row:
    found = tile.failure
    of_image = found.image.image_id, found.network, found.true, found.predicted
    return Row(*of_image, found.confidence, tile.group, found.strongest)


def _page(title: str, found: Sequence[Judged], shown: Sequence[Tile], again: str) -> str:
    environment = environment_of(PAGE)
    choices = {
        "network": sorted({tile.failure.network for tile in shown}),
        "group": [name for name in dict.fromkeys([g.name for g in GROUPS] + [tile.group for tile in shown])],
        "pair": [pair for pair, _ in Counter(tile.pair for tile in shown).most_common()],
    }
    counts = Counter((tile.group, tile.failure.network) for tile in shown)
    return environment.get_template("failures.html").render(
        title=title,
        again=again,
        pairs={tile.pair: tile.failure for tile in shown},
        tiles=shown,
        total=sum(len(judged.failures) for judged in found),
        sentences=summary(found),
        groups=GROUPS,
        grouped=_grouped(shown),
        not_grouped=NOT_GROUPED,
        not_grouped_rule=NO_RULE,
        counts=counts,
        choices=choices,
        confidences=CONFIDENCES,
        style=style(PAGE / "failures.css"),
        script=(PAGE / "failures.js").read_text(encoding="utf-8"),
    )


def _grouped(shown: Sequence[Tile]) -> list[tuple[str, str, list[Tile]]]:
    """(name, rule, failures) of each group that has some, in the order of the rules."""
    rules = {group.name: group.rule for group in GROUPS} | {NOT_GROUPED: NO_RULE}
    found = [(name, rule, [tile for tile in shown if tile.group == name]) for name, rule in rules.items()]
    return [group for group in found if group[2]]
