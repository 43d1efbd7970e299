"""Draws what stands for photographs in this example, and its control method's finished picture: `python draw.py`."""

import csv
import random
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).parent
SIDE, EACH = 64, 4
COLOURS = {"disc": (200, 60, 50), "square": (60, 170, 70), "triangle": (60, 80, 200)}


def drawn(name: str, at: tuple[int, int], size: int, chance: random.Random) -> Image.Image:
    """One shape of its category's colour on a ground of faint spots."""
    picture = Image.new("RGB", (SIDE, SIDE), (128, 124, 120))
    draw = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y, shade = chance.randrange(SIDE), chance.randrange(SIDE), chance.randrange(100, 160)
        draw.ellipse((x, y, x + 4, y + 4), fill=(shade, shade, shade))
    x, y = at
    box = (x, y, x + size, y + size)
    if name == "disc":
        draw.ellipse(box, fill=COLOURS[name])
    elif name == "square":
        draw.rectangle(box, fill=COLOURS[name])
    else:
        draw.polygon([(x, y + size), (x + size, y + size), (x + size / 2, y)], fill=COLOURS[name])
    return picture


def blob() -> Image.Image:
    """A light spot in the middle, whatever the photograph shows."""
    picture = Image.new("RGB", (SIDE, SIDE), (128, 128, 128))
    ImageDraw.Draw(picture).ellipse((20, 20, 44, 44), fill=(250, 220, 120))
    return picture


def main() -> None:
    chance = random.Random(4)
    (HERE / "finished").mkdir(exist_ok=True)
    blob().save(HERE / "finished" / "blob.png", optimize=True)
    finished, boxes = [], []
    for name in COLOURS:
        folder = HERE / "pictures" / f"{name}s"
        folder.mkdir(parents=True, exist_ok=True)
        for n in range(EACH):
            size = chance.randrange(18, 30)
            x, y = chance.randrange(SIDE - size), chance.randrange(SIDE - size)
            file = f"{name}{n}.png"
            drawn(name, (x, y), size, chance).save(folder / file, optimize=True)
            boxes.append((file, x, y, x + size, y + size, SIDE, SIDE))
            finished += [(file, "sharp", shown, "finished/blob.png") for shown in COLOURS]
    write("boxes.csv", ("image", "x0", "y0", "x1", "y1", "width", "height"), boxes)
    write("finished.csv", ("image", "network", "category", "file"), finished)


def write(file: str, header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    with (HERE / file).open("w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *rows])


if __name__ == "__main__":
    main()
