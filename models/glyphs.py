"""Which emoji depict which VOC category, and which serve as clutter.

The pictures are Google's Noto emoji at 64 px (Apache-2.0) from the npm package `emoji-datasource-google`.
A category has as many designs as the set offers; of people, bodies and heads in all skin tones. No clutter resembles
a category.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image

from models.errors import ScenesError

_CODES = {
    "aeroplane": "2708-fe0f 1f6e9-fe0f 1f6eb 1f6ec",
    "bicycle": "1f6b2",
    "bird": "1f426 1f985 1f986 1f989 1f99c 1f54a-fe0f 1f427 1f9a2 1f9a9 1fabf 1f413",
    "boat": "26f5 1f6a4 1f6e5-fe0f 26f4-fe0f 1f6a2 1f6f6",
    "bottle": "1f37e 1f376 1f37c 1f9f4",
    "bus": "1f68c 1f68d 1f68e 1f690",
    "car": "1f697 1f698 1f695 1f696 1f699 1f693 1f694",
    "cat": "1f408 1f408-200d-2b1b 1f431 1f63a 1f638",
    "chair": "1fa91 1f4ba",
    "cow": "1f404 1f42e 1f402",
    "diningtable": "1f37d-fe0f",
    "dog": "1f415 1f429 1f9ae 1f415-200d-1f9ba 1f436",
    "horse": "1f40e 1f434 1f3a0",
    "motorbike": "1f3cd-fe0f 1f6f5",
    "person": "1f9cd-1f3fb 1f9cd-1f3fe 1f6b6-1f3fd 1f6b6-1f3ff 1f3c3-1f3fc 1f3c3-1f3fe"
    " 1f57a-1f3fd 1f483-1f3fb 1f483-1f3fe 1f468-1f3fb 1f468-1f3fe 1f469-1f3fc 1f469-1f3ff"
    " 1f9d1-1f3fd 1f474-1f3fb 1f475-1f3fe 1f466-1f3ff 1f467-1f3fd",
    "pottedplant": "1fab4",
    "sheep": "1f411 1f40f",
    "sofa": "1f6cb-fe0f",
    "train": "1f682 1f683 1f684 1f685 1f686 1f687 1f688 1f68a 1f68b",
    "tvmonitor": "1f4fa 1f5a5-fe0f 1f4bb",
}
_CLUTTER_CODES = (
    "1f34e 1f34c 1f347 1f349 1f353 1f955 1f33d 1f346 1f354 1f355 1f369 1f36a 1f370 1f9c0 1f950 1f35e"  # food
    " 26bd 1f3c0 1f3c8 1f3be 1f94f 1f3b3 1f3af 1f3b2 1f9e9 1f388 1f381 1f3a8"  # play
    " 1f511 1f528 1f527 2702-fe0f 1f58d-fe0f 1f4ce 1f4cc 1f526 1f4a1 1f50d 1f514 1f570-fe0f 23f0"  # tools
    " 1f4d5 1f4da 2709-fe0f 1f4e6"  # stationery
    " 1f3b8 1f3ba 1f3bb 1f941 1f455 1f456 1f457 1f9e3 1f9e4 1f45f 1f452 1f392 1f453 2602-fe0f"  # things worn and played
    " 1f319 2b50 2601-fe0f 1f525 1f4a7 2744-fe0f 1f308 1f48e 1f3e0 1f3ed 1f3f0 1f5fc 26fa 1f41a 1f344"  # out of doors
)
CATEGORIES = tuple(_CODES)


@cache
def load_glyphs(package: Path, category: str) -> tuple[Image.Image, ...]:
    """The RGBA designs of `category`, 64 px; `package` is the npm package's folder. Raises ScenesError."""
    if category not in _CODES:
        raise ScenesError(f"no glyphs for category {category!r}; scenes can show {', '.join(CATEGORIES)}")
    return _load(package, _CODES[category].split())


@cache
def load_clutter(package: Path) -> tuple[Image.Image, ...]:
    """RGBA glyphs that belong to no category. Raises ScenesError."""
    return _load(package, _CLUTTER_CODES.split())


def _load(package: Path, codes: Sequence[str]) -> tuple[Image.Image, ...]:
    folder = package / "img" / "google" / "64"
    try:
        return tuple(Image.open(folder / f"{code}.png").convert("RGBA") for code in codes)
    except OSError as error:
        raise ScenesError(f"emoji pictures are missing or damaged in {folder} ({error}); run `npm ci`") from error
