"""Pictures with captions: drawn ones, whose captions follow from their shapes, and photographs captioned by people."""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from contracts.text_files import NotTextError, read_text
from models.answers.shapes import SHAPES, Box, Shape, draw_asked
from models.errors import PhotographError
from models.image_files import read_image
from models.photographs import Photograph

LEAST = 4  # times a word of people's captions occurs, or it is unknown
NAMES = {
    "person": "person people man men woman women boy boys girl girls child children kid kids lady guy baby rider",
    "dog": "dog dogs puppy puppies",
    "cat": "cat cats kitten kittens",
    "horse": "horse horses pony ponies foal",
    "sheep": "sheep lamb lambs",
    "cow": "cow cows cattle bull bulls calf calves",
    "sofa": "sofa couch",
    "chair": "chair chairs armchair",
    "car": "car cars",
    "bird": "bird birds",
    "bottle": "bottle bottles",
    "pottedplant": "plant plants",
    "diningtable": "table",
    "tvmonitor": "television monitor screen",
}
"""VOC's categories and the words by which captions name them."""


@dataclass(frozen=True)
class Captioned:
    """A picture (H, W, 3) uint8 with captions as words, and for a word that names objects their boxes in it."""

    name: str
    picture: np.ndarray
    captions: tuple[tuple[str, ...], ...]
    boxes_of: Callable[[str], list[Box]]


def draw_captioned(rng: np.random.Generator) -> Captioned:
    """A picture with two shapes; its caption names them in the order of SHAPES: "a red circle and a blue triangle"."""
    drawn = draw_asked(rng)
    first, second = sorted(drawn.shapes, key=lambda shape: SHAPES.index(shape.form))
    caption = ("a", first.color, first.form, "and", "a", second.color, second.form)
    return Captioned("drawn", drawn.picture, (caption,), lambda word: _of_shapes(word, drawn.shapes))


def _of_shapes(word: str, shapes: Sequence[Shape]) -> list[Box]:
    return [shape.box for shape in shapes if word in (shape.form, shape.color)]


def captions_of(path: Path) -> dict[str, list[tuple[str, ...]]]:
    """Image id → its captions as words, of a CSV file with the columns image_id and caption.

    Raises PhotographError where it cannot be read.
    """
    try:
        rows = csv.DictReader(read_text(path).splitlines(), strict=True)
        if not {"image_id", "caption"} <= set(rows.fieldnames or ()):
            there = ", ".join(rows.fieldnames or ()) or "none"
            raise PhotographError(f"{path} lacks the columns image_id and caption; columns found: {there}")
        found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for row in rows:
            if words := words_of(row["caption"] or ""):
                found[row["image_id"]].append(words)
    except (OSError, NotTextError, csv.Error) as error:
        raise PhotographError(f"captions {path} cannot be read ({error}); name a CSV file in UTF-8") from error
    return dict(found)


def words_of(caption: str) -> tuple[str, ...]:
    """Small letters, without punctuation."""
    return tuple(re.findall(r"[a-z]+", caption.lower()))


def vocabulary_of(captions: Sequence[Sequence[str]], least: int = LEAST) -> tuple[str, ...]:
    """The words that occur `least` times or more, the most frequent first."""
    counts = Counter(word for caption in captions for word in caption)
    return tuple(word for word, count in sorted(counts.items(), key=lambda c: (-c[1], c[0])) if count >= least)


def captioned(image: Photograph, captions: Sequence[tuple[str, ...]], edge: int) -> Captioned:
    """The photograph squashed to `edge` × `edge` px with its boxes, those of difficult objects too."""
    pixels = np.asarray(read_image(image.path).resize((edge, edge), Image.Resampling.BILINEAR))
    return Captioned(image.image_id, pixels, tuple(captions), lambda word: _of_photograph(word, image, edge))


def _of_photograph(word: str, image: Photograph, edge: int) -> list[Box]:
    across, down = edge / image.width, edge / image.height
    return [
        (round((o.box[0] - 1) * across), round((o.box[1] - 1) * down), round(o.box[2] * across), round(o.box[3] * down))
        for o in image.objects
        if o.box and word in NAMES.get(o.category, "").split()
    ]
