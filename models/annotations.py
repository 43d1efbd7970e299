"""From what an annotation says of a picture to a photograph: sizes, boxes and EXIF turns, alike for all sources."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TypeVar

from models.boxes import UPRIGHT, Box, clip, turn
from models.errors import PhotographError
from models.image_files import StoredPicture, stored_picture
from models.photographs import AnnotatedObject, Photograph

SUFFIXES = (".jpg", ".jpeg", ".png")  # in any case
_TOLD = 20  # problems of a split
T = TypeVar("T")


@dataclass(frozen=True)
class Annotation:
    """What a source tells of one picture: `size` is the (width, height) that its boxes belong to.

    None where they belong to the upright picture, whatever its size.
    """

    image_id: str
    path: Path
    size: tuple[int, int] | None
    objects: tuple[AnnotatedObject, ...]


def photograph(annotation: Annotation) -> Photograph:
    """The photograph, its boxes clipped to the picture and upright.

    Raises PhotographError for a picture that cannot be read, ValueError where size or boxes do not fit the picture.
    """
    stored = stored_picture(annotation.path)
    size = annotation.size or stored.upright
    if size not in (stored.size, stored.upright):
        told, found = (" × ".join(map(str, pair)) for pair in (size, stored.upright))
        raise ValueError(f"it says that {annotation.path.name} has {told} pixels, but it has {found}")
    boxes = [seen.box and _clipped(seen.category, seen.box, *size) for seen in annotation.objects]
    upright = [box and (_upright(box, size, stored) if annotation.size else box) for box in boxes]
    return Photograph(
        annotation.image_id,
        annotation.path,
        *stored.upright,
        tuple(
            replace(seen, box=box, segmentation=seen.segmentation if stored.orientation == UPRIGHT else None)
            for seen, box in zip(annotation.objects, upright, strict=True)
        ),
        sum(seen.box != box for seen, box in zip(annotation.objects, boxes, strict=True)),
    )


def read_all(items: Iterable[T], read: Callable[[T], Photograph], where: str) -> tuple[Photograph, ...]:
    """Each of `items` read. Raises PhotographError with everything that is wrong; `where` names the split."""
    images, problems = [], []
    for item in items:
        try:
            images.append(read(item))
        except PhotographError as error:
            problems.append(str(error))
    if problems:
        raise PhotographError(_together(problems, where))
    return tuple(images)


def inside(name: str, folder: Path) -> Path:
    """The path of a picture that a list names. Raises PhotographError where the name leads out of `folder`."""
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or "\0" in name:
        raise PhotographError(f"{name!r} leads out of {folder}; write names inside of it")
    return folder / pure


def edges_to_box(left: float, top: float, right: float, bottom: float) -> Box:
    """The pixels between four edges that are counted from 0, as COCO and most tables have them; at least one pixel."""
    xmin, ymin = round(left) + 1, round(top) + 1
    return xmin, ymin, max(round(right), xmin), max(round(bottom), ymin)


def _together(problems: Sequence[str], where: str) -> str:
    if len(problems) == 1:
        return problems[0]
    more = [f"and {len(problems) - _TOLD} more"] if len(problems) > _TOLD else []
    return "\n  ".join([f"{where} has {len(problems)} problems:", *problems[:_TOLD], *more])


def _clipped(name: str, box: Box, width: int, height: int) -> Box:
    try:
        return clip(box, width, height)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _upright(box: Box, annotated: tuple[int, int], stored: StoredPicture) -> Box | None:
    """`box` in the upright picture; None where the sizes do not tell whether the annotation is of the turned one."""
    if stored.orientation == UPRIGHT:
        return box
    if stored.size == stored.upright:
        return None
    return turn(box, stored.orientation, *stored.size) if annotated == stored.size else box
