"""Words and numbers as a reader sees them."""

import gettext
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from analysis.notes import OPEN_NOTE, Note, marked
from contracts.methods import method_name, method_names
from languages.read import SOURCE, languages, translations

NOTHING = "–"
ALL_SHARES = ("0.0%", "100.0%")
# Words of the data that a report translates.
EVENTS = (
    marked("focus"), marked("blur"), marked("hidden"), marked("visible"),
    marked("fullscreenenter"), marked("fullscreenexit"), marked("resize"),
    marked("translated"), marked("forced-colors"), marked("forced-dark"),
)  # fmt: skip
_QUOTED = marked("“{name}”")
_FIRST, _SECOND = marked("network named first"), marked("network named second")
CONTROLS = (marked("blank"), marked("shuffled-category"), marked("identical-maps"))


_written: ContextVar[str] = ContextVar("written", default=SOURCE)  # the language


class LanguageError(Exception):
    """There is no language of that code; the message names those that there are."""


@dataclass(frozen=True)
class Translation:
    """Puts the report's English texts into the language of code `language`, and fills in values."""

    language: str = SOURCE

    def __call__(self, text: str, **values: object) -> str:
        return self._template(text).format(**values) if values else self._template(text)

    def plural(self, one: str, many: str, n: float, **values: object) -> str:
        """`one` or `many`, whichever the language has for `n` things; {n} in it is that number."""
        return self._texts.ngettext(one, many, int(n)).format(n=count(n), **values)

    def note(self, note: Note | str) -> str:
        """A note with the notes and labels inside it. What is a text already, such as a researcher's, is as it is."""
        if isinstance(note, str):
            return note
        return note.filled(self._template(note.template), self.note, lambda name: self.category(method_name(name)))

    def quoted(self, name: str) -> str:
        """A name in the language's own quotation marks."""
        return self(_QUOTED, name=name)

    def category(self, name: str) -> str:
        """A category of images as people read it."""
        return languages()[self.language].tasks.get("categories", {}).get(name, name)

    def quality(self, kind: str, wording: str, own: Mapping[str, str]) -> str:
        """What people compared two networks by, in the words of the question that they were asked: "reliable".

        `own`: language → the study's own word, which stays as it is where it has none in this language.
        """
        if own:
            return own.get(self.language) or own.get(SOURCE) or next(iter(own.values()))
        for language in (self.language, SOURCE):
            section = languages()[language].tasks.get("kinds", {}).get(kind, {})
            words = section.get("wordings", {}).get(wording, {}).get("words", {})
            if "quality" in words:
                return str(words["quality"])
        return ""

    def two(self, networks: Sequence[str]) -> tuple[str, str]:
        """What the two networks of a comparison are called where scores are positive towards the first of them.

        Of a task with more they are those that it names first and second, in whichever pair.
        """
        return (networks[0], networks[1]) if len(networks) == 2 else (self(_FIRST), self(_SECOND))

    @property
    def _texts(self) -> gettext.NullTranslations:
        return translations(self.language, "report")

    def _template(self, text: str) -> str:
        return self._texts.gettext(text) if text else ""  # gettext keeps its header under the empty text


ENGLISH = Translation()


def in_language(code: str) -> Translation:
    """What puts the report into a language that there is. Raises LanguageError for any other."""
    if code not in (known := languages()):
        raise LanguageError(f"no language {code!r}; there are {', '.join(known)}, and DISCERN_LANGUAGES can name more")
    return Translation(code)


@contextmanager
def written_in(document: Mapping[str, Any], language: str) -> Iterator[None]:
    """Within the block numbers are written as `language` writes them, and methods are called as the definition's
    `document` calls them in it (`method_names`)."""
    token = _written.set(language)
    try:
        with method_names(document, language):
            yield
    finally:
        _written.reset(token)


def number(value: float | None, digits: int = 2, signed: bool = False) -> str:
    """A decimal with a true minus sign; an en dash for what is missing."""
    if value is None or math.isnan(value):
        return NOTHING
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return text.replace("-", "−")


def percent(share: float | None) -> str:
    """A share as a percentage with one decimal."""
    return NOTHING if share is None or math.isnan(share) else f"{100 * share:.1f}%"


def level(share: float) -> str:
    """A share that was chosen, such as a level of confidence, as a percentage with the decimals that it has."""
    return f"{100 * share:g}%"


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
    """ "56.0 – 66.1%": both ends written by `write`, a common % sign once, the parts kept on one line.

    Ends with a sign are in brackets, "[−0.68, +0.32]", for a dash beside a minus sign is hard to read.
    """
    if math.isnan(low):
        return NOTHING
    ends = write(low), write(high)
    if any(end.startswith(("−", "+")) for end in ends):
        return f"[{ends[0]},\u00a0{ends[1]}]"
    return f"{ends[0].removesuffix('%')}\u00a0{languages()[_written.get()].to}\u00a0{ends[1]}"


def enclosed(low: float, high: float, write: Callable[[float], str]) -> str:
    """The interval as it is written after its value: in parentheses where it has no brackets."""
    written = interval(low, high, write)
    return written if written.startswith("[") else f"({written})"


def count(n: float) -> str:
    """A whole number with thousands separated as the language does it in which the text is written."""
    return f"{int(n):,}".replace(",", languages()[_written.get()].thousands)


def moment(at: Any) -> str:
    """A time, to the minute."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def whole(n: float) -> str:
    """A whole number that may be missing."""
    return NOTHING if n is None or math.isnan(n) else count(n)


def p_exact(p: float) -> str:
    """Four decimals: levels of a sequential rule are small."""
    return NOTHING if p is None or math.isnan(p) else "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def figure_name(figure: str) -> str:
    """A figure of the paper: a method, or two of them with a minus between."""
    return " − ".join(map(method_name, figure.split(" − ")))


def is_open(row: Any, write: Callable[[float], str]) -> bool:
    """Whether an estimate's interval holds every possible value, and so says nothing."""
    return getattr(row, "note", "") == OPEN_NOTE or (write(row.low), write(row.high)) == ALL_SHARES


def some_open(rows: Any, write: Callable[[float], str]) -> bool:
    """Whether an estimate of the frame has an interval that says nothing."""
    return any(is_open(row, write) for row in rows.itertuples())


def reach(row: Any, write: Callable[[float], str]) -> str:
    """The interval of an estimate; an en dash where there is none, or where it says nothing."""
    return NOTHING if is_open(row, write) else interval(row.low, row.high, write)


def value_and_interval(row: Any, write: Callable[[float], str]) -> str:
    """ "61.2% (56.0 – 66.1%)", or the value alone where there is no interval that says something."""
    value = write(row.value)
    return value if math.isnan(row.low) or is_open(row, write) else f"{value} {enclosed(row.low, row.high, write)}"


def listed(parts: Sequence[str], translate: Translation) -> str:
    """What is found of each method, in one line; that there is nothing to tell where each lacks answers of one sort."""
    return "; ".join(parts) or translate("too few answers to say")
