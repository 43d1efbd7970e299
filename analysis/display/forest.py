"""Forest plots: estimates with their intervals, a row each, drawn twice: for a page and for a phone."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Transform, blended_transform_factory

from analysis.display.drawing import BLUE, INK, Figure, finish, mark_of
from analysis.display.wording import Translation, is_open, value_and_interval
from contracts.methods import method_name


@dataclass(frozen=True)
class Layout:
    """Inches. `labels` and `values`: widths of the columns beside the intervals; 0: both are above them."""

    width: float
    labels: float
    values: float
    row: float
    size: float  # of letters, points


PAGE = Layout(width=7.1, labels=1.95, values=1.55, row=0.25, size=9)
PHONE = Layout(width=3.65, labels=0, values=0, row=0.46, size=9)
ABOVE, BELOW, MARGIN = 0.2, 0.42, 0.1
LINE = 0.165  # of letters, inches
BAND = 0.295  # a phone's intervals with their margins, below the letters, inches


@dataclass(frozen=True)
class Axis:
    """What is estimated: `label` of the axis; values times `scale` are drawn from `limits[0]` to `limits[1]`.

    `null`, on the scale drawn, is the dashed line, and `null_label` its name. `write` writes a value.
    """

    label: str
    scale: float
    null: float
    null_label: str
    limits: tuple[float, float]
    write: Callable[[float], str]


def forest(
    table: pd.DataFrame, axis: Axis, name: str, observer_kind: str, caption: str, alternative: str, inside: Translation
) -> Figure:
    """Estimates with intervals, a row each from the top: `method`, `value`, `low`, `high`, `paper`, and in figures of
    simulated people perhaps `of_people`, where the row is none of theirs.

    The values are in a column at the right. On a phone labels and values are above the intervals. Lettered in the
    words of `inside`.
    """
    hatched = bool(mark_of(observer_kind, inside))
    page, phone = (_drawn(table, axis, layout, hatched, inside) for layout in (PAGE, PHONE))
    return finish(page, name, observer_kind, caption, alternative, inside, phone)


def named_rows(table: pd.DataFrame, by: str, names: Mapping[str, str], inside: Translation) -> pd.DataFrame:
    """The rows of a table, each named by its method and by what `names` has for its column `by`."""
    rows = zip(table["method"], table[by], strict=True)
    return table.assign(method=[inside(names[part], method=method_name(method)) for method, part in rows], paper=np.nan)


def _drawn(table: pd.DataFrame, axis: Axis, layout: Layout, hatched: bool, translate: Translation) -> Canvas:
    lines = max((len(_folded(method).splitlines()) for method in table["method"]), default=1)
    each = max(layout.row, lines * LINE + (0 if layout.labels else BAND))
    rows = max(len(table), 1) * each
    height = ABOVE + rows + BELOW
    canvas = Canvas(figsize=(layout.width, height))
    FigureCanvasAgg(canvas)
    left, right = (max(column, MARGIN) / layout.width for column in (layout.labels, layout.values))
    axes = canvas.add_axes((left, BELOW / height, 1 - left - right, rows / height))
    axes.set(xlim=axis.limits, ylim=(-0.5, len(table) - 0.5), yticks=[])
    axes.set_xlabel(axis.label, fontsize=layout.size)
    axes.tick_params(axis="x", labelsize=layout.size - 1, length=0)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.spines[:].set_visible(False)
    axes.grid(axis="x", color="#dddddd", linewidth=0.8)
    axes.axvline(axis.null, color="#555555", linewidth=0.9, linestyle=(0, (3, 3)), zorder=1)
    axes.annotate(
        axis.null_label, (axis.null, 1), (0, 3), axes.get_xaxis_transform(), "offset points",
        ha="center" if layout.labels else _within(axis), fontsize=layout.size - 1,
    )  # fmt: skip
    axes.set_axisbelow(True)
    across = blended_transform_factory(canvas.transFigure, axes.transData)
    for row, entry in enumerate(table.itertuples()):
        y = len(table) - 1 - row
        at, below = (y, y) if layout.labels else _on_phone(y, entry.method, each)
        _letters(axes, across, at, entry, axis, layout, translate)
        is_hatched = hatched and not getattr(entry, "of_people", False)
        _row(axes, below, entry, axis, is_hatched, 0.14 * layout.row / each)
    return canvas


def _within(axis: Axis) -> str:
    """How the dashed line's name is aligned where it has no columns beside it to reach into."""
    low, high = axis.limits
    place = (axis.null - low) / (high - low)
    return "left" if place < 0.1 else "right" if place > 0.9 else "center"


def _on_phone(y: float, method: str, each: float) -> tuple[float, float]:
    """Where the letters and the interval of row `y` are, which is `each` inches high: one above the other."""
    below = y - 0.5 + 0.16 / each
    return below + (0.12 + 0.5 * LINE * len(_folded(method).splitlines())) / each, below


def _letters(
    axes: Axes, across: Transform, y: float, entry: Any, axis: Axis, layout: Layout, translate: Translation
) -> None:
    """The method at the left, its value and interval at the right."""
    style: dict[str, Any] = {"transform": across, "va": "center", "fontsize": layout.size, "zorder": 6}
    axes.text(0, y, _folded(entry.method), **style)
    words = translate("no responses") if np.isnan(entry.value) else value_and_interval(entry, axis.write)
    axes.text(1, y, words, ha="right", **style)


def _folded(method: str) -> str:
    return textwrap.fill(method_name(method), 26)


def _row(axes: Axes, y: float, entry: Any, axis: Axis, hatched: bool, half: float) -> None:
    """`half`: of a hatched band's height, in rows."""
    low, value, high = (axis.scale * end for end in (entry.low, entry.value, entry.high))
    if not (np.isnan(low) or is_open(entry, axis.write)):
        if hatched:
            band: dict[str, Any] = {"facecolor": "white", "edgecolor": BLUE, "hatch": "//////", "linewidth": 0.8}
            axes.add_patch(Rectangle((low, y - half), high - low, 2 * half, **band))
        else:
            axes.plot([low, high], [y, y], color=BLUE, linewidth=2.2, solid_capstyle="butt", zorder=3)
    axes.plot(value, y, "o", color=BLUE, markerfacecolor="white" if hatched else BLUE, markersize=5, zorder=5)
    if not np.isnan(entry.paper):
        axes.plot(
            axis.scale * entry.paper, y, "D", markersize=7, zorder=4, markerfacecolor="white", markeredgecolor=INK,
            markeredgewidth=1.3,
        )  # fmt: skip


def with_paper(caption: str, table: pd.DataFrame, translate: Translation) -> str:
    """`caption`, with a sentence on the paper's figures where `table` has any."""
    if table["paper"].isna().all():
        return caption
    diamonds = translate("Diamonds: the figures of the paper, published without intervals.")
    return f"{caption} {diamonds}"


def described(table: pd.DataFrame, axis: Axis) -> str:
    """The figure's rows in words: each method with its value and interval."""
    return "; ".join(f"{method_name(row.method)} {value_and_interval(row, axis.write)}" for row in table.itertuples())
