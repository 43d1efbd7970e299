"""What an attack did, as a folder: a page with a table, the paper's figure, and the numbers of each photograph."""

import base64
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stimuli.attack.config import AttackConfig
from stimuli.attack.measure import AFTER
from stimuli.evaluate.intervals import Interval, in_words, of_mean, of_share
from stimuli.gallery.folder import write_folder
from stimuli.gallery.templates import environment_of, style

PAGE = Path(__file__).parent / "page"
WHAT = "page of an attack"
_MEASURES = ("rank_correlation", "iou", "hit_before", "hit_after")
_COLUMNS = ("network", "image", "category", "target", "after", "p_before", "p_after", "p_target_after", *_MEASURES)
Record = dict[str, Any]


@dataclass(frozen=True)
class Attacked:
    """One network's records (`stimuli.attack.measure`), and how many photographs it was wrong about beforehand."""

    network: str
    records: tuple[Record, ...]
    wrong: int


@dataclass(frozen=True)
class Line:
    """A row of the page's table: a figure after the attack and after a random change of the same size."""

    name: str
    attack: str
    random: str
    missing: int  # pairs of a photograph and a category that have no such figure


def write_attack(out: Path, title: str, found: Sequence[Attacked], config: AttackConfig) -> None:
    """Write the page into `out`. Raises GalleryError where `out` holds what Discern did not write."""

    def fill(fresh: Path) -> None:
        (fresh / "pictures").mkdir()
        for attacked in found:
            for number, record in enumerate(attacked.records, 1):
                for name, content in record.get("pictures", {}).items():
                    (fresh / picture_file(attacked.network, number, name)).write_bytes(base64.b64decode(content))
        with (fresh / "attack.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([_COLUMNS, *(row for attacked in found for row in _rows(attacked))])
        (fresh / "index.html").write_text(_page(title, found, config), encoding="utf-8")

    write_folder(out, fill, WHAT)


def picture_file(network: str, number: int, name: str) -> str:
    """The place of a picture in the page's folder."""
    return f"pictures/{network}-{number:03}-{name.replace(' ', '-')}.png"


def reached(attacked: Attacked, config: AttackConfig) -> Interval | None:
    """Share of the photographs whose target became as probable, and whose categories as improbable, as asked for."""
    return of_share(sum(_is_reached(record, config) for record in attacked.records), len(attacked.records))


def lines(attacked: Attacked) -> list[Line]:
    """The table of one network: a figure of an image is the mean over its categories, an interval is over images."""
    names = {
        "rank_correlation": "rank correlation of Grad-CAM before and after (Spearman)",
        "iou": "IoU of the maps above the threshold, before and after",
        "hit_before": "pointing before: the maximum is in a box of the category",
        "hit_after": "pointing after",
    }
    return [_line(name, attacked.records, measure) for measure, name in names.items()]


def summary(found: Sequence[Attacked], config: AttackConfig) -> list[str]:
    """Sentences for the terminal."""
    return [
        sentence
        for attacked in found
        for sentence in (
            f"{attacked.network}: {len(attacked.records)} photographs, {attacked.wrong} left out because the network is"
            f" wrong about them; p > {config.confidence:g} and the others gone for"
            f" {in_words(reached(attacked, config), 0, percent=True)}",
            *(f"  {line.name}: attack {line.attack}, random {line.random}" for line in lines(attacked)),
        )
    ]


def _is_reached(record: Record, config: AttackConfig) -> bool:
    after = record["probabilities"]["attack"]
    return after[record["target"]] >= config.confidence and all(after[c] < config.gone for c in record["present"])


def _line(name: str, records: Iterable[Record], measure: str) -> Line:
    told, missing = {}, 0
    for after in AFTER:
        of_images = []
        for record in records:
            values = [found[after][measure] for found in record["present"].values()]
            there = [value for value in values if value is not None]
            missing += (len(values) - len(there)) * (after == AFTER[0])
            of_images += [sum(there) / len(there)] if there else []
        told[after] = in_words(_interval(of_images))
    return Line(name, told["attack"], told["random"], missing)


def _interval(values: Sequence[float]) -> Interval | None:
    """Of hits, one for each image, a share; of anything else a mean."""
    is_share = values and set(values) <= {0.0, 1.0}
    return of_share(int(sum(values)), len(values)) if is_share else of_mean(values, -1, 1)


def _rows(attacked: Attacked) -> Iterable[Sequence[Any]]:
    for record in attacked.records:
        for category, found in record["present"].items():
            for after in AFTER:
                p = record["probabilities"]
                yield (
                    *(attacked.network, record["image"], category, record["target"], after),
                    *(p["before"][category], p[after][category], p[after][record["target"]]),
                    *("" if found[after][measure] is None else found[after][measure] for measure in _MEASURES),
                )


def _page(title: str, found: Sequence[Attacked], config: AttackConfig) -> str:
    environment = environment_of(PAGE)
    return environment.get_template("attack.html").render(
        title=title,
        found=found,
        lines=lines,
        reached=lambda attacked: in_words(reached(attacked, config), 0, percent=True),
        is_reached=lambda record: _is_reached(record, config),
        file=picture_file,
        settings=config.model_dump(),
        config=config,
        style=style(PAGE / "attack.css"),
    )
