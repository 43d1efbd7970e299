"""What all figures share: drawn with Agg, readable without colour, marked unless humans answered.

The colours are Okabe & Ito's, and ColorBrewer's PuOr for the two sides of a scale; both stay apart under the common
colour-vision deficiencies. Letters are drawn as outlines, so a reader needs no font. DejaVu Sans comes with Matplotlib
and has no Korean letters: a Korean report's figures take a Korean font of this machine, and where there is none they
are lettered in English and the report says so (docs/adr/066).
"""

import io
import logging
from dataclasses import dataclass
from functools import cache
from typing import Any

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.ft2font import FT2Font
from matplotlib.typing import RcKeyType

from analysis.display.wording import ENGLISH, Translation
from contracts.observers import HUMAN, MACHINE, observer_of

BLUE, VERMILION, GREY, INK = "#0072B2", "#D55E00", "#9a9a9a", "#222222"
WIDTH = 5.2  # inches: at this width 11-point text can still be read on a phone
STYLE: dict[RcKeyType, Any] = {
    "svg.hashsalt": "discern",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#777777",
    "xtick.color": INK,
}


KOREAN_FONTS = (
    "Noto Sans KR",
    "Noto Sans CJK KR",
    "NanumGothic",
    "NanumBarunGothic",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
)


@dataclass(frozen=True)
class Lettering:
    """What is written inside figures, and the settings it is drawn with."""

    translate: Translation
    style: dict[RcKeyType, Any]


def lettering(translate: Translation) -> Lettering:
    """In the report's language where this machine has letters for it, else in English."""
    if translate.language == "en":
        return Lettering(translate, STYLE)
    font = korean_font()
    return Lettering(translate, STYLE | {"font.family": [font, "DejaVu Sans"]}) if font else Lettering(ENGLISH, STYLE)


@cache
def korean_font() -> str | None:
    """A font family of this machine that has Korean letters, a common one first; None where there is none."""
    found: dict[str, list[str]] = {}
    for path in sorted(font_manager.findSystemFonts()):
        try:
            font = FT2Font(path)
        except RuntimeError:  # a bitmap or a damaged file: no font for a figure
            continue
        if font.get_char_index(ord("한")) and font.get_char_index(ord("%")):
            found.setdefault(font.family_name, []).append(path)
    if not found:
        return None
    chosen = min(found, key=lambda name: (KOREAN_FONTS.index(name) if name in KOREAN_FONTS else 99, name))
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it tells of each weight the font lacks
    for path in found[chosen]:
        font_manager.fontManager.addfont(path)
    return chosen


def watermark(observer_kind: str, translate: Translation) -> str:
    """What stands across a figure; empty over people's."""
    observer = observer_of(observer_kind)
    if observer.family == HUMAN:
        return ""
    if observer.family == MACHINE:
        return translate("MACHINE") + (f": {observer.name}" if observer.name else "")
    return translate("SIMULATED")


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


def finish(
    canvas: Canvas, name: str, observer_kind: str, caption: str, alternative: str, inside: Translation = ENGLISH
) -> Figure:
    """Mark the figure unless humans answered, and write it in both formats."""
    if mark := watermark(observer_kind, inside):
        canvas.text(
            0.5, 0.5, mark, rotation=24, ha="center", va="center", fontsize=min(52, 520 / len(mark)), weight="bold",
            color="#b00020", alpha=0.17, zorder=20,
        )  # fmt: skip
    svg, png = io.BytesIO(), io.BytesIO()
    canvas.savefig(svg, format="svg", metadata={"Date": None, "Creator": "Discern"})
    canvas.set_layout_engine("none")  # the layout stands; computing it again for the second format takes as long
    canvas.savefig(png, format="png", dpi=200, metadata={"Software": "Discern"})
    return Figure(name, svg.getvalue(), png.getvalue(), caption, alternative)
