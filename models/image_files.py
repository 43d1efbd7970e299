"""Picture files of any mode as RGB."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from models.boxes import TURNED, UPRIGHT
from models.errors import PhotographError

_SIXTEEN_BIT_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")
_DAMAGED_IMAGE_ERRORS = (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError)


def read_image(path: Path) -> Image.Image:
    """The picture in RGB, 8 bits a channel, upright by its EXIF orientation, transparency laid on white.

    Greyscale (8 or 16 bits), palette, alpha and CMYK are converted; of an animation the first frame is read.
    Raises PhotographError where the file is missing or damaged.
    """
    try:
        with Image.open(path) as opened:
            opened.load()
            return _to_rgb(ImageOps.exif_transpose(opened))
    except FileNotFoundError:
        raise PhotographError(f"picture {path} is missing; restore it or take its id out of the split's list") from None
    except _DAMAGED_IMAGE_ERRORS as error:
        raise PhotographError(f"picture {path} cannot be read ({error}); fetch a sound copy of it") from error


@dataclass(frozen=True)
class StoredPicture:
    """The `size` (width, height) of a picture's file in pixels, and its EXIF orientation, 1 to 8."""

    size: tuple[int, int]
    orientation: int

    @property
    def upright(self) -> tuple[int, int]:
        """The size after it is turned by its EXIF orientation."""
        return self.size[::-1] if self.orientation in TURNED else self.size


def stored_picture(path: Path) -> StoredPicture:
    """Read the header of a picture. Raises PhotographError where the file is damaged."""
    try:
        with Image.open(path) as opened:
            orientation = opened.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
            return StoredPicture(opened.size, orientation if orientation in range(1, 9) else UPRIGHT)
    except _DAMAGED_IMAGE_ERRORS as error:
        raise PhotographError(f"picture {path} cannot be read ({error}); fetch a sound copy of it") from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BIT_MODES:
        # Pillow would clip 16 bits at 255 instead of scaling them.
        return Image.fromarray((np.asarray(image).astype(np.uint32) // 257).clip(0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if image.mode == "F":
        raise ValueError("floating-point pixels have no fixed range; save it with 8 or 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")
