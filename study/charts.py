"""Geometry of the researchers' charts, which templates draw as SVG: pages need neither scripts nor inline styles."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 100.0, 100.0  # of the drawing, which is stretched to the space there is
_GAP = 0.16  # of a column
_EACH = 14  # columns at most that are labelled one by one,
_LONG = 60  # if as many of the longest label have no more characters than this;
_SHORT = 28  # beyond this, a narrow chart has room for every second one


@dataclass(frozen=True)
class Column:
    """A bar of a chart and the row of its table; positions in the drawing's units."""

    label: str
    value: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """Columns over one another's sum or beside each other in time. `axis` has the labels below it, `top` its height.

    `labels_dense`: a narrow drawing can show every second label only.
    """

    columns: tuple[Column, ...]
    top: int
    axis: tuple[str, ...]
    labels_each: bool
    labels_dense: bool

    @property
    def total(self) -> int:
        return sum(column.value for column in self.columns)

    @property
    def most(self) -> int:
        return max((column.value for column in self.columns), default=0)


def chart(points: Sequence[tuple[str, int]]) -> Chart:
    """Columns of these (label, value); values are counts."""
    top = nice_top(max((value for _, value in points), default=0))
    step = WIDTH / max(len(points), 1)
    columns = tuple(
        Column(
            label,
            value,
            x=round(i * step + step * _GAP / 2, 3),
            y=round(HEIGHT - HEIGHT * value / top, 3),
            width=round(step * (1 - _GAP), 3),
            height=round(HEIGHT * value / top, 3),
        )
        for i, (label, value) in enumerate(points)
    )
    labels = [label for label, _ in points]
    characters = len(labels) * max((len(str(label)) for label in labels), default=0)
    each = len(labels) <= _EACH and characters <= _LONG
    axis = labels if each else [labels[0], labels[len(labels) // 2], labels[-1]]
    return Chart(columns, top, tuple(axis), each, each and characters > _SHORT)


def nice_top(most: int) -> int:
    """The end of an axis for values up to `most`: even, so that its half is a whole number too."""
    if most <= 2:
        return 2
    size = 10 ** (len(str(most)) - 1)
    return next(
        n for n in (size * m // 10 for m in (10, 12, 16, 20, 30, 40, 50, 60, 80, 100)) if n >= most and n % 2 == 0
    )
