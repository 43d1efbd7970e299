"""A cue planted on photographs: a stripe, patch or dots on a copy, so that each is there without and with it."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from models.boxes import Box
from models.cue_pairs import WITH, CuePairs, Progress, claim, missing, open_pairs, write_pair
from models.errors import ScenesError
from models.image_files import read_image
from models.photographs import AnnotatedObject, Photograph, data_sha256
from models.scene_drawing import Scene

_DRAWING = 1  # raise it when the same photographs get another cue


@dataclass(frozen=True)
class Form:
    """A cue's place, as shares of width and height from 0 to 1 (left, top, right, bottom), and its colour (red, green,
    blue). `dots`: how many are beside each other; none: the place is filled.

    Augmentation cuts off at most 19 % of either side, so a cue at an edge reaches further in.
    """

    place: tuple[float, float, float, float]
    colour: tuple[int, int, int]
    dots: int = 0


FORMS = {
    "stripe": Form((0, 0, 1 / 4, 1), (255, 0, 255)),
    "patch": Form((2 / 3, 2 / 3, 1, 1), (255, 220, 0)),
    "dots": Form((0, 0, 1, 1 / 4), (0, 255, 255), dots=12),
}
"""By `form` of [bias]; languages/*/tasks.toml has their names under [cues]."""


@dataclass(frozen=True)
class PlantedCues(CuePairs):
    """All that decides the pictures but the photographs, of which there may be fewer than wanted."""

    form: str = "stripe"
    drawing: int = _DRAWING


def plant_cues(
    root: Path,
    photographs: Sequence[Photograph],
    wanted: PlantedCues,
    progress: Progress = lambda done, total: None,
) -> dict[str, tuple[Photograph, ...]]:
    """Copy photographs of exactly one class into `root` and return them by split, each without and with its cue.

    The two splits share no photograph, and half of what there is is for the test at most. Drawn ones are kept, so that
    a stopped run goes on. Raises ScenesError where `root` holds anything else or photographs are too few, and
    PhotographError.
    """
    splits = _divided(photographs, wanted)
    chosen = _named([image for of in splits.values() for image in of])
    folder = claim(root, {**asdict(wanted), "data": data_sha256(tuple(chosen.values()))})
    left = missing(folder, chosen)
    for done, name in enumerate(left, len(chosen) - len(left)):
        write_pair(folder, name, _pair(chosen[name], wanted))
        progress(done + 1, len(chosen))
    ids = {split: [_flat(image) for image in of] for split, of in splits.items()}
    return open_pairs(root, folder, ids, wanted.classes)


def place_of(form: Form, width: int, height: int) -> Box:
    """Where the cue is in a photograph of this size, in pixels as VOC counts them."""
    left, top, right, bottom = form.place
    return int(left * width) + 1, int(top * height) + 1, max(int(right * width), 1), max(int(bottom * height), 1)


def draw(picture: Image.Image, form: Form) -> None:
    """Draw the cue onto the picture."""
    left, top, right, bottom = place_of(form, picture.width, picture.height)
    pen = ImageDraw.Draw(picture)
    if not form.dots:
        pen.rectangle((left - 1, top - 1, right - 1, bottom - 1), form.colour)
        return
    step = max((right - left + 1) / form.dots, 2)
    for row in range(int((bottom - top + 1) / step)):
        for column in range(int((right - left + 1) / step)):
            x, y = left - 1 + column * step, top - 1 + row * step
            pen.ellipse((x + step / 6, y + step / 6, x + step * 5 / 6, y + step * 5 / 6), form.colour)


def _divided(photographs: Sequence[Photograph], wanted: PlantedCues) -> dict[str, list[Photograph]]:
    found = [_of_class(photographs, wanted, place) for place in (0, 1)]
    each = min(map(len, found))
    tested = min(wanted.test // 2, each // 2)
    learnt = min(wanted.train // 2, each - tested)
    if not tested:
        counts = " and ".join(f"{len(of)} of {name}" for of, name in zip(found, wanted.classes, strict=True))
        raise ScenesError(
            f"two photographs or more of each class, without the other class, are needed; the split has {counts};"
            " name other classes in [bias] or another split in [dataset]"
        )
    return {
        "train": [image for of in found for image in of[tested : tested + learnt]],
        "test": [image for of in found for image in of[:tested]],
    }


def _of_class(photographs: Sequence[Photograph], wanted: PlantedCues, place: int) -> list[Photograph]:
    here, other = wanted.classes[place], wanted.classes[1 - place]
    found = [image for image in photographs if here in image.categories and other not in image.categories]
    return sorted(found, key=lambda image: hashlib.sha256(f"{wanted.seed}\x1f{image.image_id}".encode()).digest())


def _named(images: Sequence[Photograph]) -> dict[str, Photograph]:
    named = {_flat(image): image for image in images}
    if len(named) < len(images) or any(f"{name}{WITH}" in named for name in named):
        raise ScenesError(
            f'two photographs would have one name: "/" becomes "__", and {WITH!r} is put behind the name of a copy'
            " with the cue; rename photographs whose names have these"
        )
    return named


def _flat(image: Photograph) -> str:
    """Its name without folders."""
    return image.image_id.replace("/", "__")


def _pair(image: Photograph, wanted: PlantedCues) -> tuple[Scene, Scene]:
    picture, form = read_image(image.path), FORMS[wanted.form]
    planted = picture.copy()
    draw(planted, form)
    box = place_of(form, picture.width, picture.height)
    return Scene(picture, image.objects), Scene(planted, (*image.objects, AnnotatedObject(wanted.cue, box)))
