"""Numbers of tables and figures, and links to them from anywhere in the report."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from markupsafe import Markup

from analysis.display.wording import Translation

OPEN, CLOSE = "\ue000", "\ue001"  # around a key, until all numbers are known; letters that no text has
_REFERENCE = re.compile(f"{OPEN}(.*?){CLOSE}")


@dataclass
class Numbering:
    """Counts the tables and figures of one page in the order in which they are written. `prefix`: before a number."""

    file: str
    translate: Translation
    prefix: str = ""
    places: dict[str, tuple[str, str]] = field(default_factory=dict)  # key → its anchor, and "Table 3"
    counts: dict[str, int] = field(default_factory=lambda: {"table": 0, "figure": 0})

    def table(self, key: str) -> tuple[str, str]:
        """The anchor of the next table, and what it is called."""
        return self._next("table", key, self.translate("Table {number}", number=self._number("table")))

    def figure(self, key: str) -> tuple[str, str]:
        """The anchor of the next figure, and what it is called."""
        return self._next("figure", key, self.translate("Figure {number}", number=self._number("figure")))

    def _number(self, sort: str) -> str:
        self.counts[sort] += 1
        return f"{self.prefix}{self.counts[sort]}"

    def _next(self, sort: str, key: str, name: str) -> tuple[str, str]:
        self.places[key] = (f"{sort}-{self.counts[sort]}", name)
        return self.places[key]


def see(key: str) -> str:
    """What a text has in place of "Table 3" until `linked` fills it in."""
    return f"{OPEN}{key}{CLOSE}"


def linked(page: str, own: Numbering, pages: Iterable[Numbering]) -> str:
    """`page` with a link in each place that `see` left. ValueError for a key that none of `pages` has."""
    known = {key: (number.file, *place) for number in pages for key, place in number.places.items()}
    known |= {key: ("", *place) for key, place in own.places.items()}

    def link(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise ValueError(f"the report refers to {found[1]!r}, which no table or figure is called")
        return str(Markup('<a href="{}#{}">{}</a>').format(*known[found[1]]))

    return _REFERENCE.sub(link, page)
