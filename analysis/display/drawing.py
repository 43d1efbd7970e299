"""What all figures share: drawn with Agg, readable without colour, marked in a band above unless humans answered.

The colours are Okabe & Ito's, and ColorBrewer's PuOr for the two sides of a scale; both stay apart under the common
colour-vision deficiencies. Letters are drawn as outlines, so a reader needs no font. Where DejaVu Sans, which comes
with Matplotlib, lacks letters of the report's language, a font of this machine is taken; where there is none, figures
are lettered in English and the report says so (docs/adr/066).
"""

import io
import logging
from dataclasses import dataclass
from functools import cache
from typing import Any

from fontTools import subset
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.ft2font import FT2Font
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle
from matplotlib.typing import RcKeyType

from analysis.display.wording import ENGLISH, Translation
from contracts.observers import HUMAN, MACHINE, observer_of
from languages.read import Language, languages

# Tables that place letters, which Matplotlib has done when it embeds a font; to read them takes a third of the time.
subset.Options._drop_tables_default += ["GDEF", "GPOS", "GSUB", "kern"]

BLUE, VERMILION, GREY, INK, ALARM = "#0072B2", "#D55E00", "#9a9a9a", "#222222", "#a3231b"
WIDTH = 5.2  # inches: at this width 11-point text can still be read on a phone
BAND = 0.25  # inches
DEJAVU = "DejaVu Sans"
STYLE: dict[RcKeyType, Any] = {
    "svg.hashsalt": "discern",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,  # DejaVu Sans as it is; publishers refuse letters of Type 3
    "font.family": DEJAVU,
    "font.size": 10.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#777777",
    "xtick.color": INK,
}


@dataclass(frozen=True)
class Lettering:
    """What is written inside figures, and the settings it is drawn with."""

    translate: Translation
    style: dict[RcKeyType, Any]


def lettering(translate: Translation) -> Lettering:
    """In the report's language where this machine has letters for it, else in English."""
    font = font_for(languages()[translate.language])
    if font == DEJAVU:
        return Lettering(translate, STYLE)
    if not font:
        return Lettering(ENGLISH, STYLE)
    # A font of this machine may be of a kind that only Type 3 takes.
    return Lettering(translate, STYLE | {"font.family": [font, DEJAVU], "pdf.fonttype": 3})


def font_for(language: Language) -> str | None:
    """A font family that has the letters of `language`: DejaVu Sans, else one of this machine, else None."""
    return DEJAVU if _has(language.letters, font_manager.findfont(DEJAVU)) else _found(language.letters, language.fonts)


@cache
def _found(letters: str, preferred: tuple[str, ...]) -> str | None:
    """A family of this machine that has `letters`, one of `preferred` where possible; Matplotlib knows it then."""
    families: dict[str, list[str]] = {}
    for path in sorted(font_manager.findSystemFonts()):
        if _has(letters, path):
            families.setdefault(FT2Font(path).family_name, []).append(path)
    if not families:
        return None
    ranks = {name: rank for rank, name in enumerate(preferred)}
    chosen = min(families, key=lambda name: (ranks.get(name, len(ranks)), name))
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it tells of each weight the font lacks
    for path in families[chosen]:
        font_manager.fontManager.addfont(path)
    return chosen


def _has(letters: str, path: str) -> bool:
    try:
        font = FT2Font(path)
    except RuntimeError:  # a bitmap or a damaged file: no font for a figure
        return False
    return all(font.get_char_index(ord(letter)) for letter in letters)


def mark_of(observer_kind: str, translate: Translation) -> str:
    """What is written above a figure; empty for people's."""
    observer = observer_of(observer_kind)
    if observer.family == HUMAN:
        return ""
    if observer.family == MACHINE:
        return translate("MACHINE") + (f": {observer.name}" if observer.name else "")
    return translate("SIMULATED")


@dataclass(frozen=True)
class Figure:
    """A finished figure: its files, its caption, and in words what it shows. `phone`: a narrow SVG, or none."""

    name: str
    svg: bytes
    png: bytes
    pdf: bytes
    caption: str
    alternative: str
    phone: bytes = b""


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
    canvas: Canvas,
    name: str,
    observer_kind: str,
    caption: str,
    alternative: str,
    inside: Translation = ENGLISH,
    phone: Canvas | None = None,
) -> Figure:
    """Mark the figure unless humans answered, and write it in all formats; `phone` as SVG alone."""
    if mark := mark_of(observer_kind, inside):
        for drawing in filter(None, (canvas, phone)):
            _add_band(drawing, mark)
    narrow = as_svg(phone) if phone else b""
    return Figure(name, as_svg(canvas), as_png(canvas), as_pdf(canvas), caption, alternative, narrow)


def _add_band(canvas: Canvas, mark: str) -> None:
    """Make the figure higher by a hatched band with the mark in it, which covers nothing."""
    width, height = canvas.get_size_inches()
    share = height / (height + BAND)
    canvas.set_size_inches(width, height + BAND)
    if isinstance(engine := canvas.get_layout_engine(), ConstrainedLayoutEngine):
        engine.set(rect=(0, 0, 1, share))
    else:
        for axes in canvas.axes:
            x, y, w, h = axes.get_position().bounds
            axes.set_position((x, y * share, w, h * share))
    bottom = share + 0.05 / (height + BAND)
    canvas.add_artist(
        Rectangle(
            (0, bottom), 1, 1 - bottom, transform=canvas.transFigure, facecolor="white", edgecolor=ALARM,
            hatch="/////", linewidth=0,
        )
    )  # fmt: skip
    canvas.text(
        0.5, (1 + bottom) / 2, mark, ha="center", va="center_baseline", fontsize=9.5, weight="bold", color=ALARM,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 2.5},
    )  # fmt: skip


def as_svg(canvas: Canvas) -> bytes:
    """Lays the figure out, too: `savefig` would do so, or draw it once more, for every format."""
    file, vector, dpi = io.BytesIO(), FigureCanvasSVG(canvas), canvas.get_dpi()
    canvas.draw_without_rendering()
    canvas.set_layout_engine("none")
    canvas.set_dpi(dpi)  # of images inside; the layout took that of SVG
    vector.print_svg(file, metadata={"Date": None, "Creator": "Discern"})
    return file.getvalue()


def as_png(canvas: Canvas) -> bytes:
    file = io.BytesIO()
    canvas.set_dpi(200)
    FigureCanvasAgg(canvas).print_png(file, metadata={"Software": "Discern"})
    return file.getvalue()


def as_pdf(canvas: Canvas) -> bytes:
    file = io.BytesIO()
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)  # it tells of each table that a font loses
    FigureCanvasPdf(canvas).print_pdf(file, metadata={"CreationDate": None, "Creator": "Discern", "Producer": None})
    return file.getvalue()
