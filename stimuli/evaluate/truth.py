"""What a photograph's annotation says of a category, in the pixels of the map."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.masks import category_mask
from models.photographs import Photograph
from models.transform import Transform, as_seen
from stimuli.evaluate.metrics.metric import Edges

SMALL = 0.25  # of the photograph: with all boxes together below this, and another category, it is difficult


def boxes_of(image: Photograph, category: str, transform: Transform) -> tuple[Edges, ...]:
    """The category's boxes that the network sees, clipped to the map; objects without a box are left out."""
    seen, side = as_seen(image, transform), transform.image_size
    across, down = side / seen.width, side / seen.height
    found = [
        (max((x0 - 1) * across, 0.0), max((y0 - 1) * down, 0.0), min(x1 * across, side), min(y1 * down, side))
        for x0, y0, x1, y1 in (o.box for o in seen.objects if o.category == category and o.box is not None)
    ]
    return tuple(box for box in found if box[0] < box[2] and box[1] < box[3])


def is_difficult(image: Photograph, category: str) -> bool:
    """Zhang et al. 2016: the category's boxes cover less than a quarter, and another category is annotated too."""
    boxes = [o.box for o in image.objects if o.category == category and o.box is not None]
    area = sum((x1 - x0 + 1) * (y1 - y0 + 1) for x0, y0, x1, y1 in boxes)
    return bool(boxes) and area < SMALL * image.width * image.height and len(image.categories) > 1


def mask_of(image: Photograph, category: str, transform: Transform) -> Tensor | None:
    """(side, side) bool, by the nearest pixel; None where there is no mask or none of it is seen."""
    if (mask := category_mask(image, category)) is None:
        return None
    left, top, width, height = transform.seen(image.width, image.height)
    side, whole = transform.image_size, Image.fromarray(mask.astype(np.uint8))
    box = (left, top, left + width, top + height)
    seen = torch.from_numpy(np.asarray(whole.resize((side, side), Image.Resampling.NEAREST, box)) > 0)
    return seen if seen.any() else None
