"""Forest plots: estimates with their intervals, a row each."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from analysis.display.drawing import BLUE, GREY, INK, VERMILION, new_canvas, row_label
from analysis.display.wording import Translation, interval, number
from contracts.methods import method_name


def forest(
    table: pd.DataFrame, translate: Translation, *, label: str, scale: float, null: float, limits: tuple[float, float]
) -> Canvas:
    """Estimates with intervals, a row each from the top: `method`, `value`, `low`, `high`, `paper`, perhaps `naive_*`.

    Values are multiplied by `scale`; `null`, on the scale drawn, is the dashed line.
    """
    canvas, axes = new_canvas(rows=len(table), extra=1.15)
    for row, entry in enumerate(table.itertuples()):
        y = len(table) - 1 - row
        _forest_row(axes, y, entry, scale, translate)
    axes.axvline(null, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    axes.set(xlim=limits, ylim=(-0.55, len(table) - 0.3), xlabel=label, yticks=[])
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.7)
    axes.set_axisbelow(True)
    _legend(axes, table, translate)
    return canvas


def _forest_row(axes: Axes, y: float, entry: Any, scale: float, translate: Translation) -> None:
    row_label(axes, y + 0.24, method_name(entry.method))
    if np.isnan(entry.value):
        axes.text(0.0, y, translate("no responses"), transform=axes.get_yaxis_transform(), va="center", style="italic")
        return
    if not np.isnan(getattr(entry, "naive_low", np.nan)):
        axes.plot([scale * entry.naive_low, scale * entry.naive_high], [y - 0.2] * 2, color=GREY, linewidth=1.6)
    if not np.isnan(entry.low):
        axes.plot([scale * entry.low, scale * entry.high], [y, y], color=BLUE, linewidth=2.6, solid_capstyle="butt")
    axes.plot(scale * entry.value, y, "o", color=BLUE, markersize=8, zorder=4)
    if not np.isnan(entry.paper):
        axes.plot(
            scale * entry.paper, y, "D", markersize=7.5, zorder=5, markerfacecolor="white",
            markeredgecolor=VERMILION, markeredgewidth=1.8,
        )  # fmt: skip


def _legend(axes: Axes, table: pd.DataFrame, translate: Translation) -> None:
    handles = [
        mpl.lines.Line2D([], [], color=BLUE, marker="o", markersize=7, linewidth=2.6, label=translate("this study"))
    ]
    if "naive_low" in table:
        handles.append(mpl.lines.Line2D([], [], color=GREY, linewidth=1.6, label=translate("unclustered interval")))
    if table["paper"].notna().any():
        handles.append(
            mpl.lines.Line2D(
                [],
                [],
                linestyle="",
                marker="D",
                markerfacecolor="white",
                markeredgecolor=VERMILION,
                label=translate("the paper"),
            )
        )
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, frameon=False, borderaxespad=0.2,
        handlelength=1.6, columnspacing=1.4,
    )  # fmt: skip


def with_paper(caption: str, table: pd.DataFrame, translate: Translation) -> str:
    """`caption`, with a sentence on the paper's figures where `table` has any."""
    if table["paper"].isna().all():
        return caption
    diamonds = translate("Diamonds: the figures of the paper, published without intervals.")
    return f"{caption} {diamonds}"


def described(table: pd.DataFrame, digits: int, scale: float) -> str:
    """The figure's rows in words: each method with its value and interval."""

    def write(value: float) -> str:
        return number(value, digits)

    parts = []
    for row in table.itertuples():
        reach = "" if np.isnan(row.low) else f" ({interval(scale * row.low, scale * row.high, write)})"
        parts.append(f"{method_name(row.method)} {write(scale * row.value)}{reach}")
    return "; ".join(parts)
