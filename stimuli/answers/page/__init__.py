"""The page of examples and numbers: a folder that needs no server and sends nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from contracts.methods import method_name
from stimuli.answers.measures import Figure
from stimuli.gallery.folder import write_folder
from stimuli.gallery.templates import environment_of
from stimuli.produce.array_recipes import draw
from stimuli.rendering import Rendering

HERE = Path(__file__).parent
WHAT = "page"  # in messages about its folder
EDGE = 384  # px of a stored picture's longer edge


@dataclass(frozen=True)
class Shown:
    """A picture (H, W, 3) uint8 and the text below it."""

    caption: str
    pixels: np.ndarray


@dataclass(frozen=True)
class Example:
    """Pictures side by side, with a title above and lines of text below."""

    title: str
    pictures: tuple[Shown, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """All that the page tells. `examples`: a sentence about how the tiles were chosen."""

    title: str
    intro: Sequence[str]
    figures: Sequence[Figure]
    notes: Sequence[str]
    examples: str
    tiles: Sequence[Example]


def write_page(out: Path, page: Page) -> None:
    """Write the page into `out`. Raises GalleryError where `out` holds what Discern did not write."""

    def fill(fresh: Path) -> None:
        (fresh / "pictures").mkdir()
        tiles = [_stored(fresh, number, tile) for number, tile in enumerate(page.tiles, 1)]
        (fresh / "index.html").write_text(_html(page, tiles), encoding="utf-8")

    write_folder(out, fill, WHAT)


def over_photograph(heat: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """`heat` (H, W) as a heat map over `picture` (H, W, 3) in grey."""
    return draw(heat[None], Rendering("overlay-v1", percentile=100.0), picture)


def enlarged(pixels: np.ndarray, edge: int = EDGE) -> Image.Image:
    """The picture with its longer edge at `edge` px."""
    picture = Image.fromarray(pixels)
    scale = edge / max(picture.size)
    return picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)


def _stored(fresh: Path, number: int, tile: Example) -> dict[str, object]:
    stored = []
    for place, shown in enumerate(tile.pictures):
        name = f"pictures/{number:03}-{place}.png"
        enlarged(shown.pixels).save(fresh / name)
        stored.append({"file": name, "caption": shown.caption})
    return {"title": tile.title, "pictures": stored, "lines": tile.lines}


def _html(page: Page, tiles: Sequence[dict[str, object]]) -> str:
    environment = environment_of(HERE)
    environment.filters["number"] = lambda value: "–" if value is None else f"{value:.2f}".replace("-", "−")
    environment.filters["method"] = lambda name: method_name(name) if name else "–"
    style = (HERE / "examples.css").read_text(encoding="utf-8")
    return environment.get_template("examples.html").render({**vars(page), "tiles": tiles, "style": style})
