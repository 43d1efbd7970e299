"""What all figures share: drawn with Agg, readable without colour, marked unless humans answered.

The colours are Okabe & Ito's, and ColorBrewer's PuOr for the two sides of a scale; both stay apart under the common
colour-vision deficiencies. Texts inside figures are English; captions and alternative texts follow the report.
"""

import io
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from analysis.observers import HUMAN, parse

BLUE, VERMILION, GREY, INK = "#0072B2", "#D55E00", "#9a9a9a", "#222222"
WIDTH = 5.2  # inches: at this width 11-point text can still be read on a phone
STYLE = {
    "svg.hashsalt": "discern",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#777777",
    "xtick.color": INK,
}


@dataclass(frozen=True)
class Figure:
    """A finished figure: both formats, its caption, and in words what it shows."""

    name: str
    svg: bytes
    png: bytes
    caption: str
    alternative: str


def row_label(axes: Axes, y: float, text: str) -> None:
    axes.text(
        0.0, y, text, transform=axes.get_yaxis_transform(), va="bottom", weight="bold", zorder=3,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )  # fmt: skip


def new_canvas(rows: int, extra: float) -> tuple[Canvas, Axes]:
    canvas = Canvas(figsize=(WIDTH, 0.72 * max(rows, 1) + extra), layout="constrained")
    FigureCanvasAgg(canvas)
    axes = canvas.add_subplot()
    axes.spines[["left", "top", "right"]].set_visible(False)
    return canvas, axes


def finish(canvas: Canvas, name: str, observer_kind: str, caption: str, alternative: str) -> Figure:
    """Mark the figure unless humans answered, and write it in both formats."""
    if observer_kind != HUMAN:
        mark = parse(observer_kind).label.upper()
        canvas.text(
            0.5, 0.5, mark, rotation=24, ha="center", va="center", fontsize=min(52, 520 / len(mark)), weight="bold",
            color="#b00020", alpha=0.17, zorder=20,
        )  # fmt: skip
    svg, png = io.BytesIO(), io.BytesIO()
    canvas.savefig(svg, format="svg", metadata={"Date": None, "Creator": "Discern"})
    canvas.set_layout_engine("none")  # the layout stands; computing it again for the second format takes as long
    canvas.savefig(png, format="png", dpi=200, metadata={"Software": "Discern"})
    return Figure(name, svg.getvalue(), png.getvalue(), caption, alternative)
