"""Nested dissection (George 1973): an order of a grid's cells in which its equations are solved with little fill-in.

A line of cells parts the grid; both sides come before it, each parted in the same way.
"""

from functools import lru_cache

import numpy as np

UNPARTED = 48  # cells that are taken row by row


@lru_cache(maxsize=8)
def dissected(height: int, width: int) -> np.ndarray:
    """The numbers y · width + x of all cells (height · width,), in order of elimination where each cell depends on its
    eight neighbours."""
    order = np.array(_parted(np.arange(height * width).reshape(height, width)))
    order.flags.writeable = False
    return order


def _parted(cells: np.ndarray) -> list[int]:
    if cells.size <= UNPARTED or min(cells.shape) < 3:
        return [int(cell) for cell in cells.ravel()]
    along = cells if cells.shape[0] >= cells.shape[1] else cells.T
    middle = len(along) // 2
    return [*_parted(along[:middle]), *_parted(along[middle + 1 :]), *along[middle].tolist()]
