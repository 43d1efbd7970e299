"""Composes one scene: objects from glyphs among clutter on a textured background, and their exact boxes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from models.photographs import AnnotatedObject

WIDTH, HEIGHT = 256, 192
BACKGROUND, TINT = "background", (40, 130, 50)  # a cue that is no object, and the green it is tinted with
_LEAST_VISIBLE = 0.65  # share of an object's pixels that clutter, other objects and the frame leave to be seen
_CATEGORY_COUNTS = ((1, 0.3), (2, 0.5), (3, 0.2))  # how many categories a scene shows, with what probability
_TOUCHING = 80, 130  # the range of the longer side of an object that touches another
_OVERLAP = 0.05, 0.35  # of two touching objects' frames: the range of its share of the narrower one's width

Glyphs = Mapping[str, Sequence[Image.Image]]


@dataclass(frozen=True)
class Scene:
    """A picture (RGB, 256 × 192) and what it shows."""

    picture: Image.Image
    objects: tuple[AnnotatedObject, ...]


@dataclass(frozen=True)
class _Layer:
    """A glyph as it is placed in the picture; `category` is empty for clutter."""

    sprite: Image.Image
    left: int
    top: int
    category: str = ""


_Sprites = Sequence[tuple[str, Image.Image]]  # categories and what is placed of them
_Place = Callable[[np.random.Generator, _Sprites], list[_Layer]]


def draw_scene(
    rng: np.random.Generator, glyphs: Glyphs, clutter: Sequence[Image.Image], touching: bool = False
) -> Scene:
    """Draw a scene of one to three objects of the categories in `glyphs`; the same state of `rng` draws the same.

    `touching`: of exactly two objects side by side, most of which touch, of two categories where there are two.
    """
    picture = _draw_background(rng)
    sprites = _draw_two(rng, glyphs) if touching else _draw_objects(rng, glyphs)
    layers = _lay_out(rng, sprites, clutter, _place_together if touching else _place_apart)
    for layer in layers:
        picture.paste(layer.sprite, (layer.left, layer.top), layer.sprite)
    return Scene(_photograph(rng, picture), _find_boxes(layers))


def draw_with_cue(
    rng: np.random.Generator, category: str, glyphs: Glyphs, cue: str, clutter: Sequence[Image.Image]
) -> tuple[Scene, Scene]:
    """The same scene of one object of `category` twice, without and with the cue: all else is the same.

    `cue` is a category of `glyphs`, of which a companion object is drawn, or BACKGROUND, which is tinted.
    """
    background = _draw_background(rng)
    companions = [] if cue == BACKGROUND else [cue]
    sprites = [(name, _vary(rng, _any(rng, glyphs[name]), 60, 120)) for name in (category, *companions)]
    layers = _lay_out(rng, sprites, clutter, _place_apart)
    light = int(rng.integers(2**32))
    scenes = []
    for shown in (False, True):
        picture = Image.blend(background, Image.new("RGB", background.size, TINT), 0.45 * (shown and not companions))
        drawn = [layer for layer in layers if shown or layer.category != cue]
        for layer in drawn:
            picture.paste(layer.sprite, (layer.left, layer.top), layer.sprite)
        scenes.append(Scene(_photograph(np.random.default_rng(light), picture), _find_boxes(drawn)))
    return scenes[0], scenes[1]


def _draw_objects(rng: np.random.Generator, glyphs: Glyphs) -> list[tuple[str, Image.Image]]:
    """One to three objects as (category, sprite), each drawn larger the fewer they are."""
    counts, odds = zip(*_CATEGORY_COUNTS, strict=True)
    chosen = rng.choice(sorted(glyphs), size=min(rng.choice(counts, p=odds), len(glyphs)), replace=False).tolist()
    if len(chosen) < 3 and rng.random() < 0.25:
        chosen.append(chosen[0])
    largest = {1: 150, 2: 125, 3: 105}[len(chosen)]
    return [(category, _vary(rng, _any(rng, glyphs[category]), 60, largest)) for category in chosen]


def _draw_two(rng: np.random.Generator, glyphs: Glyphs) -> list[tuple[str, Image.Image]]:
    chosen = rng.choice(sorted(glyphs), size=2, replace=len(glyphs) < 2).tolist()
    return [(category, _vary(rng, _any(rng, glyphs[category]), *_TOUCHING)) for category in chosen]


def _any(rng: np.random.Generator, images: Sequence[Image.Image]) -> Image.Image:
    return images[int(rng.integers(len(images)))]


def _vary(rng: np.random.Generator, glyph: Image.Image, smallest: int, largest: int) -> Image.Image:
    """The glyph cropped to its ink, in a random size, shape, mirroring, rotation and colour."""
    sprite = glyph.crop(glyph.getchannel("A").getbbox())
    size = np.exp(rng.uniform(np.log(smallest), np.log(largest)))
    stretch = np.exp(rng.uniform(-0.15, 0.15))
    scale = size / max(sprite.width * stretch, sprite.height)
    sprite = sprite.resize(
        (max(1, round(sprite.width * stretch * scale)), max(1, round(sprite.height * scale))), Image.Resampling.BICUBIC
    )
    if rng.random() < 0.5:
        sprite = sprite.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    sprite = sprite.rotate(rng.normal(0, 12), Image.Resampling.BICUBIC, expand=True)
    return _shift_colour(rng, sprite)


def _shift_colour(rng: np.random.Generator, sprite: Image.Image) -> Image.Image:
    hue, saturation, value = sprite.convert("RGB").convert("HSV").split()
    turn = round(rng.normal(0, 12))
    hue = hue.point([(h + turn) % 256 for h in range(256)])
    shifted = Image.merge("HSV", (hue, saturation, value)).convert("RGB")
    shifted = ImageEnhance.Color(shifted).enhance(rng.uniform(0.5, 1.3))
    shifted = ImageEnhance.Brightness(shifted).enhance(rng.uniform(0.7, 1.15))
    shifted.putalpha(sprite.getchannel("A"))
    return shifted


def _lay_out(
    rng: np.random.Generator, sprites: _Sprites, clutter: Sequence[Image.Image], place: _Place
) -> list[_Layer]:
    """Layers from back to front, drawn anew until enough is visible of every object."""
    while True:
        behind = _scatter(rng, clutter, int(rng.integers(2, 7)))
        objects = place(rng, sprites)
        before = _scatter(rng, clutter, int(rng.integers(0, 3)))
        layers = [*behind, *objects, *before]
        if min(_visible_shares(layers)) >= _LEAST_VISIBLE:
            return layers


def _scatter(rng: np.random.Generator, clutter: Sequence[Image.Image], count: int) -> list[_Layer]:
    return [_place(rng, _vary(rng, _any(rng, clutter), 24, 64)) for _ in range(count)]


def _place(rng: np.random.Generator, sprite: Image.Image, category: str = "") -> _Layer:
    """Anywhere, up to a fifth of the sprite beyond the frame."""
    left = rng.integers(-sprite.width // 5, max(WIDTH - sprite.width * 4 // 5, 1))
    top = rng.integers(-sprite.height // 5, max(HEIGHT - sprite.height * 4 // 5, 1))
    return _Layer(sprite, int(left), int(top), category)


def _place_apart(rng: np.random.Generator, sprites: _Sprites) -> list[_Layer]:
    """Each anywhere; they may overlap."""
    return [_place(rng, sprite, category) for category, sprite in sprites]


def _place_together(rng: np.random.Generator, sprites: _Sprites) -> list[_Layer]:
    """Two side by side so that their frames overlap, anywhere, up to a twelfth beyond the picture's frame."""
    (_, left), (_, right) = sprites
    width = left.width + right.width - round(rng.uniform(*_OVERLAP) * min(left.width, right.width))
    height = max(left.height, right.height)
    x, y = _along(rng, WIDTH, width), _along(rng, HEIGHT, height)
    places = [(x, left), (x + width - right.width, right)]
    layers = [
        _Layer(sprite, start, y + int(rng.integers(height - sprite.height + 1)), category)
        for (category, _), (start, sprite) in zip(sprites, places, strict=True)
    ]
    return layers if rng.random() < 0.5 else layers[::-1]


def _along(rng: np.random.Generator, side: int, length: int) -> int:
    """Where two objects of together `length` begin on a side of the picture, up to a twelfth of it beyond an end."""
    beyond = length // 12
    return int(rng.integers(-length // 12, max(side - length + beyond, -length // 12 + 1)))


def _owners(layers: Sequence[_Layer]) -> np.ndarray:
    """Which layer is seen at every pixel, (HEIGHT, WIDTH); −1 where only background is."""
    owners = Image.new("I", (WIDTH, HEIGHT), -1)
    for index, layer in enumerate(layers):
        owners.paste(index, (layer.left, layer.top), _ink(layer.sprite))
    return np.asarray(owners)


def _ink(sprite: Image.Image) -> Image.Image:
    return sprite.getchannel("A").point(lambda alpha: 255 * (alpha >= 128))


def _visible_shares(layers: Sequence[_Layer]) -> list[float]:
    owners = _owners(layers)
    return [
        _area(owners == index) / max(_area(np.asarray(_ink(layer.sprite))), 1)
        for index, layer in enumerate(layers)
        if layer.category
    ]


def _area(mask: np.ndarray) -> int:
    return int(np.count_nonzero(mask))


def _find_boxes(layers: Sequence[_Layer]) -> tuple[AnnotatedObject, ...]:
    """The objects with the tight boxes of their visible pixels, in VOC's coordinates (from 1, both ends inside)."""
    owners = _owners(layers)
    objects = []
    for index, layer in enumerate(layers):
        if layer.category:
            rows, columns = np.nonzero(owners == index)
            left, right = int(columns.min()) + 1, int(columns.max()) + 1
            top, bottom = int(rows.min()) + 1, int(rows.max()) + 1
            objects.append(AnnotatedObject(layer.category, (left, top, right, bottom)))
    return tuple(objects)


def _draw_background(rng: np.random.Generator) -> Image.Image:
    """Coloured noise of several scales under a pattern of stripes or blobs and a few shapes."""
    base = rng.uniform(60, 200) + rng.normal(0, 20, 3)
    pixels = np.broadcast_to(base, (HEIGHT, WIDTH, 3)).copy()
    for cells, strength in ((2, 30), (6, 22), (24, 14)):
        pixels += rng.uniform(0.3, 1) * strength * _smooth_noise(rng, cells)
    pixels += _stripes(rng)[..., None] * rng.normal(0, 22, 3)
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    for _ in range(rng.integers(2, 7)):
        _draw_shape(rng, picture)
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.2)))


def _smooth_noise(rng: np.random.Generator, cells: int) -> np.ndarray:
    """Noise in [−1, 1] that varies over about `cells` cells a side, (HEIGHT, WIDTH, 3)."""
    grid = Image.fromarray(rng.integers(0, 256, (cells, cells + cells // 3, 3), dtype=np.uint8))
    return np.asarray(grid.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.float64) / 127.5 - 1


def _stripes(rng: np.random.Generator) -> np.ndarray:
    """Waves crossing at a random angle, in [−1, 1], (HEIGHT, WIDTH); alike to stripes, checks or bricks."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    angle, period = rng.uniform(0, np.pi), rng.uniform(8, 50)
    across = np.sin(2 * np.pi * (columns * np.cos(angle) + rows * np.sin(angle)) / period)
    along = np.sin(2 * np.pi * (rows * np.cos(angle) - columns * np.sin(angle)) / (period * rng.uniform(0.5, 2)))
    return (across, np.sign(across), across * along, np.sign(across * along))[rng.integers(4)]


def _draw_shape(rng: np.random.Generator, picture: Image.Image) -> None:
    draw = ImageDraw.Draw(picture, "RGBA")
    colour = (*rng.integers(0, 256, 3).tolist(), int(rng.integers(40, 200)))
    x, y = int(rng.integers(WIDTH)), int(rng.integers(HEIGHT))
    width, height = (int(side) for side in rng.integers(10, 90, 2))
    kind = rng.integers(3)
    if kind == 0:
        draw.ellipse((x, y, x + width, y + height), fill=colour)
    elif kind == 1:
        corners = [(x + int(rng.integers(-width, width)), y + int(rng.integers(-height, height))) for _ in range(4)]
        draw.polygon(corners, fill=colour)
    else:
        draw.line(
            (x, y, int(rng.integers(WIDTH)), int(rng.integers(HEIGHT))), fill=colour, width=int(rng.integers(2, 9))
        )


def _photograph(rng: np.random.Generator, picture: Image.Image) -> Image.Image:
    """Light that falls off across the picture, and grain."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    angle = rng.uniform(0, 2 * np.pi)
    slope = (columns / WIDTH - 0.5) * np.cos(angle) + (rows / HEIGHT - 0.5) * np.sin(angle)
    light = rng.uniform(0.8, 1.1) * (1 + rng.uniform(0, 0.35) * slope)
    grain = rng.normal(0, rng.uniform(2, 8), (HEIGHT, WIDTH, 1))
    pixels = np.asarray(picture, np.float64) * light[..., None] + grain
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
