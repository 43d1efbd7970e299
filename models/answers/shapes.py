"""Pictures of coloured shapes and questions about them, drawn in the manner of easy-VQA.

V. Zhou's easy-VQA (2019, MIT licence) draws one shape a picture. With two, of different shape and colour, a question
asks for one of them, so that an explanation can point at the wrong one. Words, answers and sizes are those of easy-VQA.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from PIL import Image, ImageDraw

SIZE = 64  # px of a picture's edge
SHAPES = ("circle", "rectangle", "triangle")
COLORS = {
    "black": (0, 0, 0),
    "gray": (128, 128, 128),
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "teal": (0, 128, 128),
    "brown": (165, 42, 42),
}
YES, NO = "yes", "no"
ANSWERS = (*SHAPES, *COLORS, YES, NO)
_LITTLE = "is shape the a image there not what does contain in present color no of"
WORDS = (*_LITTLE.split(" "), *SHAPES, *COLORS)
SHORTEST, LONGEST = SIZE // 8, SIZE // 2  # px of a shape's edges
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels from 0, the last two outside."""


@dataclass(frozen=True)
class Shape:
    """One drawn shape."""

    form: str
    color: str
    box: Box


@dataclass(frozen=True)
class Asked:
    """A picture (H, W, 3) uint8, one question about it and the right answer; `about`: the shape that the question asks
    for, None where there is none like it."""

    picture: np.ndarray
    shapes: tuple[Shape, ...]
    question: str
    answer: str
    about: Shape | None


def draw_asked(rng: np.random.Generator, shapes: int = 2) -> Asked:
    """Draw a picture with `shapes` shapes (1 to 3) and one question about it. About half of "is there …?" is "yes"."""
    drawn = _place(rng, shapes)
    question, answer, about = _ask(rng, drawn)
    return Asked(_draw(rng, drawn), drawn, question, answer, about)


def same_sort(answer: str) -> tuple[str, ...]:
    """The answers that the same question may have: shapes, colours, or yes and no."""
    return next(sort for sort in (SHAPES, tuple(COLORS), (YES, NO)) if answer in sort)


def bag_of_words(questions: Sequence[str], words: Sequence[str] = WORDS) -> np.ndarray:
    """(N, len(words)) float32: how often each of `words` occurs in each question. Other words do not count."""
    split = [question.rstrip("?").split() for question in questions]
    return np.array([[found.count(word) for word in words] for found in split], np.float32)


def _place(rng: np.random.Generator, count: int) -> tuple[Shape, ...]:
    kinds, colors = (rng.permutation(list(names))[:count].tolist() for names in (SHAPES, COLORS))
    while True:
        boxes = [_box(rng, kind) for kind in kinds]
        if all(_apart(*pair) for pair in combinations(boxes, 2)):
            return tuple(map(Shape, kinds, colors, boxes))


def _box(rng: np.random.Generator, kind: str) -> Box:
    width, height = (int(edge) for edge in rng.integers(SHORTEST, LONGEST, 2, endpoint=True))
    if kind != "rectangle":
        height = width
    left, top = int(rng.integers(SIZE - width + 1)), int(rng.integers(SIZE - height + 1))
    return left, top, left + width, top + height


def _apart(one: Box, other: Box) -> bool:
    return one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]


def _draw(rng: np.random.Generator, shapes: Sequence[Shape]) -> np.ndarray:
    scale = 2  # drawn large and made smaller, for smooth edges
    ground = tuple(int(level) for level in rng.integers(230, 256, 3))
    picture = Image.new("RGB", (SIZE * scale, SIZE * scale), ground)
    pen = ImageDraw.Draw(picture)
    for shape in shapes:
        left, top, right, bottom = (edge * scale for edge in shape.box)
        fill = COLORS[shape.color]
        if shape.form == "triangle":
            pen.polygon([(left, bottom - 1), (right - 1, bottom - 1), ((left + right) // 2, top)], fill)
        else:
            (pen.ellipse if shape.form == "circle" else pen.rectangle)((left, top, right - 1, bottom - 1), fill)
    return np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BOX))


def _ask(rng: np.random.Generator, shapes: Sequence[Shape]) -> tuple[str, str, Shape | None]:
    about = shapes[int(rng.integers(len(shapes)))]
    sort = int(rng.integers(3))
    if sort == 0:
        return (
            _either(rng, "what color is the {}?", "what is the color of the {}?").format(about.form),
            about.color,
            about,
        )
    if sort == 1:
        return f"what is the {about.color} shape?", about.form, about
    by_color = bool(rng.integers(2)) or len(shapes) == len(SHAPES)
    named = [shape.color if by_color else shape.form for shape in shapes]
    absent = [name for name in (COLORS if by_color else SHAPES) if name not in named]
    is_there = bool(rng.integers(2))
    name = named[shapes.index(about)] if is_there else str(rng.choice(absent))
    thing = f"{name} shape" if by_color else name
    question = _either(rng, "is there a {}?", "does the image contain a {}?", "is a {} present?").format(thing)
    return question, YES if is_there else NO, about if is_there else None


def _either(rng: np.random.Generator, *texts: str) -> str:
    return texts[int(rng.integers(len(texts)))]
