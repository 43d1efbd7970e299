"""The gallery as a folder: one page, its pictures and small photographs. It needs no server and sends nothing."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from contracts.stimulus_set import Stimulus
from models.image_files import read_image
from models.photographs import Photograph
from stimuli.evaluate.appearance import appearances, notes, warnings
from stimuli.gallery.folder import write_folder
from stimuli.gallery.templates import PAGE, environment_of, style
from stimuli.gallery.tiles import Tile, chosen, tiles
from stimuli.rendering import RenderingOf

PHOTOGRAPH = 320  # px of a photograph's longer edge


def write_gallery(
    out: Path,
    title: str,
    folder: Path,
    stimuli: Sequence[Stimulus],
    photographs: Mapping[str, Photograph],
    rendering: RenderingOf,
    most: int,
    joint: Mapping[str, Sequence[str]] | None = None,
) -> int:
    """Write the gallery of the set in `folder` into `out`, and return how many pictures it shows.

    `most`: photographs of each method and network. `joint`: as for `tiles`. Raises GalleryError where `out` holds what
    Discern did not write.
    """
    shown = tiles(folder, chosen(stimuli, most), photographs, rendering, joint)
    found = appearances(folder, stimuli)
    doubts = [*warnings(found), *notes(found)]

    def fill(fresh: Path) -> None:
        _copy_pictures(fresh, folder, stimuli, shown)
        _shrink_photographs(fresh, photographs, shown)
        (fresh / "index.html").write_text(_page(title, shown, doubts, len(stimuli)), encoding="utf-8")

    write_folder(out, fill)
    return len(shown)


def _copy_pictures(fresh: Path, folder: Path, stimuli: Sequence[Stimulus], shown: Sequence[Tile]) -> None:
    (fresh / "pictures").mkdir()
    wanted = {tile.picture for tile in shown}
    for file in {row.file for row in stimuli}:
        if (name := f"pictures/{Path(file).name}") in wanted:
            shutil.copyfile(folder / file, fresh / name)


def _shrink_photographs(fresh: Path, photographs: Mapping[str, Photograph], shown: Sequence[Tile]) -> None:
    (fresh / "photographs").mkdir()
    for image_id, name in {(tile.image_id, tile.photograph) for tile in shown}:
        picture = read_image(photographs[image_id].path)
        picture.thumbnail((PHOTOGRAPH, PHOTOGRAPH), Image.Resampling.LANCZOS)
        picture.save(fresh / name, quality=85)


def _page(title: str, shown: Sequence[Tile], doubts: Sequence[str], total: int) -> str:
    environment = environment_of(PAGE)
    choices = {
        "task": sorted({task for tile in shown for task in tile.tasks}),
        "method": sorted({tile.method for tile in shown}),
        "network": sorted({tile.network for tile in shown}),
        "category": sorted({tile.category for tile in shown}),
    }
    return environment.get_template("gallery.html").render(
        title=title,
        tiles=shown,
        doubts=doubts,
        total=total,
        recipe=" and ".join(sorted({tile.recipe for tile in shown})),
        choices=choices,
        style=style(),
        script=(PAGE / "gallery.js").read_text(encoding="utf-8"),
    )
