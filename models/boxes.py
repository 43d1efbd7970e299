"""Boxes of objects, in pixels as VOC counts them: from 1, both ends inside."""

Box = tuple[int, int, int, int]
"""(xmin, ymin, xmax, ymax)."""

UPRIGHT = 1
TURNED = range(5, 9)  # EXIF orientations that exchange width and height


def clip(box: Box, width: int, height: int) -> Box:
    """`box` inside of `width` × `height` pixels; one that starts at 0 is left so, as tools that count from 0 write it.

    Raises ValueError where more than a pixel is outside.
    """
    xmin, ymin, xmax, ymax = box
    clipped = max(xmin, 0), max(ymin, 0), min(xmax, width), min(ymax, height)
    outside = max(abs(new - old) for new, old in zip(clipped, box, strict=True))
    if outside > 1 or clipped[0] > clipped[2] or clipped[1] > clipped[3]:
        raise ValueError(f"box {box} does not lie in {width} × {height} pixels")
    return clipped


def turn(box: Box, orientation: int, width: int, height: int) -> Box:
    """`box` in a stored picture of `width` × `height` pixels, as it is in the picture turned upright by EXIF.

    `orientation` is one of TURNED (EXIF 2.32, tag 0x0112), which turn x into y.
    """
    xmin, ymin, xmax, ymax = box
    mirrored_x, mirrored_y = (width + 1 - xmax, width + 1 - xmin), (height + 1 - ymax, height + 1 - ymin)
    across = mirrored_y if orientation in (6, 7) else (ymin, ymax)
    down = mirrored_x if orientation in (7, 8) else (xmin, xmax)
    return across[0], down[0], across[1], down[1]
