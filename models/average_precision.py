"""Average precision as PASCAL VOC measures it since 2010.

The area under the interpolated precision-recall curve (Everingham et al., "The PASCAL Visual Object Classes Challenge:
a Retrospective", 2015, section 2.2; VOC development kit 2012, `VOCevalcls`): precision at recall r is the best
precision at any recall ≥ r. Pictures whose only objects of a category are difficult count neither for nor against it.
"""

from collections.abc import Sequence

import numpy as np

from models.photographs import Photograph

PRESENT, ABSENT, IGNORED = 1, 0, -1


def label_matrix(images: Sequence[Photograph], categories: Sequence[str]) -> np.ndarray:
    """PRESENT, ABSENT or IGNORED (difficult objects only) for every picture and category: int8, (N, C)."""
    labels = np.full((len(images), len(categories)), ABSENT, np.int8)
    column = {category: index for index, category in enumerate(categories)}
    for row, image in zip(labels, images, strict=True):
        for seen in sorted(image.objects, key=lambda seen: not seen.difficult):  # the plain ones have the last word
            if seen.category in column:
                row[column[seen.category]] = IGNORED if seen.difficult else PRESENT
    return labels


def average_precision(scores: np.ndarray, labels: np.ndarray) -> float | None:
    """Average precision of `scores` (N,) against `labels` (N,); None where nothing is present.

    Equal scores are one step of the curve, so the order of the pictures does not matter.
    """
    counted = labels != IGNORED
    order = np.argsort(-scores[counted], kind="stable")
    ranked, present = scores[counted][order], labels[counted][order] == PRESENT
    if not present.any():
        return None
    ends = np.append(np.nonzero(np.diff(ranked))[0], len(ranked) - 1)  # the last place of every run of equal scores
    found = np.cumsum(present)[ends]
    recall = found / present.sum()
    precision = np.maximum.accumulate((found / (ends + 1))[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def mean_average_precision(values: Sequence[float | None]) -> float | None:
    """The mean over the categories that could be measured; None where none could."""
    measured = [value for value in values if value is not None]
    return float(np.mean(measured)) if measured else None
