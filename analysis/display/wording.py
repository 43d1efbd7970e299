"""Words and numbers as a reader sees them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.notes import Note
from contracts.methods import method_name

NOTHING = "–"


@dataclass(frozen=True)
class Translation:
    """Says English texts in `language`, looked up in `catalogue` (English → translation), and fills in values."""

    language: str = "en"
    catalogue: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, text: str, **values: object) -> str:
        return self.catalogue.get(text, text).format(**values)

    def note(self, note: Note | str) -> str:
        """A note with the notes and labels inside it. What is a text already, such as a researcher's, is as it is."""
        if isinstance(note, str):
            return note
        return note.filled(self.catalogue.get(note.template, note.template), self.note, method_name)


ENGLISH = Translation()


def number(value: float | None, digits: int = 2, signed: bool = False) -> str:
    """A decimal with a true minus sign; an en dash for what is missing."""
    if value is None or math.isnan(value):
        return NOTHING
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return text.replace("-", "−")


def percent(share: float | None) -> str:
    """A share as a percentage with one decimal."""
    return NOTHING if share is None or math.isnan(share) else f"{100 * share:.1f}%"


def points(difference: float | None) -> str:
    """A difference of shares in percentage points, signed."""
    return NOTHING if difference is None or math.isnan(difference) else number(100 * difference, 1, signed=True)


def p_value(p: float | None) -> str:
    """Three decimals, or "< 0.001"."""
    if p is None or math.isnan(p):
        return NOTHING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_equals(p: float) -> str:
    """ "p = 0.031" or "p < 0.001"."""
    text = p_value(p) if p < 0.001 else f"= {p_value(p)}"
    return f"p {text}".replace(" ", "\u00a0")


def signed(value: float | None) -> str:
    """A difference on the score's scale, two decimals, with its sign."""
    return number(value, 2, signed=True)


def interval(low: float, high: float, write: Callable[[float], str]) -> str:
    """ "56.0 – 66.1%": both ends written by `write`, a common % sign once, the parts kept on one line."""
    if math.isnan(low):
        return NOTHING
    return f"{write(low).removesuffix('%')}\u00a0–\u00a0{write(high)}"


def count(n: float) -> str:
    """A whole number with thousands separated."""
    return f"{int(n):,}"


def whole(n: float) -> str:
    """A whole number that may be missing."""
    return NOTHING if n is None or math.isnan(n) else count(n)


def p_exact(p: float) -> str:
    """Four decimals: levels of a sequential rule are small."""
    return NOTHING if p is None or math.isnan(p) else "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def figure_name(figure: str) -> str:
    """A figure of the paper: a method, or two of them with a minus between."""
    return " − ".join(map(method_name, figure.split(" − ")))


def value_and_interval(row: Any, write: Callable[[float], str]) -> str:
    """ "61.2% (56.0 – 66.1%)", or the value alone where there is no interval."""
    value = write(row["value"])
    return value if math.isnan(row["low"]) else f"{value} ({interval(row['low'], row['high'], write)})"
