"""Several pictures as one, below each other: what a trial shows together. Each keeps the scale that it has alone."""

from collections.abc import Sequence

import numpy as np

from stimuli.produce.pictures import Scores

Drawn = tuple[np.ndarray, Scores]
"""A picture (H, W, 3) uint8, and what the network said of its image."""


def stacked(parts: Sequence[Drawn]) -> Drawn:
    """One picture of `parts`, from top to bottom; of several images there is no one score."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([pixels for pixels, _ in parts]), Scores()


def sheets(drawn: Sequence[Drawn], methods: int, together: int) -> list[Drawn]:
    """From images × `methods` in this nesting to one picture for each method of `together` images that follow."""
    step = methods * together
    return [
        stacked(drawn[start + place : start + step : methods])
        for start in range(0, len(drawn), step)
        for place in range(methods)
    ]
