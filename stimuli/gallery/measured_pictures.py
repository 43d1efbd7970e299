"""The best and worst pictures of each number: the map over its photograph in grey, with the category's boxes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from models.image_files import read_image
from models.photographs import Photograph
from models.transform import Transform, fitted
from stimuli.evaluate.run import Asked, Records
from stimuli.evaluate.small_maps import drawn_from
from stimuli.evaluate.summary import Figure, Shown, Summary
from stimuli.evaluate.work import MAPS, Row
from stimuli.produce.render import render
from stimuli.rendering import Rendering

EDGE = 192  # px of a picture
BOX = (255, 255, 255)


def picture_file(shown: Shown, figure: Figure) -> str:
    """The file of a map's picture, from the page's folder."""
    name = "_".join((figure.network, figure.method, shown.image, shown.category))
    return "pictures/" + "".join(c if c.isalnum() or c in "-_" else f"~{ord(c):x}" for c in name) + ".jpg"


def draw_pictures(fresh: Path, found: Sequence[Summary], records: Records, asked: Asked) -> None:
    """One file for each map that a number is best or worst for."""
    (fresh / "pictures").mkdir()
    files: dict[tuple[str, str, str, str], str] = {}
    for figure in (figure for summary in found for figure in summary.figures):
        for shown in (*figure.best, *figure.worst):
            files[figure.network, figure.method, shown.image, shown.category] = picture_file(shown, figure)
    images = {image.image_id: image for image in asked.images}
    for network, row in records.rows(MAPS) if files else ():
        if file := files.get((network, row["method"], row["image"], row["category"])):
            _picture(images[row["image"]], asked.networks[network].transform, row).save(fresh / file, quality=85)


def _picture(image: Photograph, transform: Transform, row: Row) -> Image.Image:
    seen = Image.fromarray(fitted(read_image(image.path), transform).permute(1, 2, 0).numpy())
    photograph = np.asarray(seen.resize((EDGE, EDGE), Image.Resampling.BILINEAR))
    under = torch.from_numpy(photograph.copy()).permute(2, 0, 1)[None] / 255
    small = Image.fromarray((drawn_from(row["map"]) * 255).astype(np.uint8)).resize(
        (EDGE, EDGE), Image.Resampling.BILINEAR
    )
    heat = torch.from_numpy(np.asarray(small).copy()).float()[None, None]
    picture = Image.fromarray(render(heat, Rendering("overlay-v1", percentile=100, gamma=1), under)[0].numpy())
    for box in row["boxes"]:
        ImageDraw.Draw(picture).rectangle([edge * (EDGE - 1) for edge in box], outline=BOX, width=2)
    return picture
