"""Page numbers of a printed contents list: a first print tells the page of each heading, a second one shows them.

Chromium has no `target-counter`, but it keeps the places that links of the page lead to as named destinations.
"""

import re
from collections.abc import Callable
from pathlib import Path

from pypdf import PdfReader
from pypdf.errors import PyPdfError

_PLACE = re.compile(r'(<span class="page" data-of="([\w-]+)">)(</span>)')
_OTHER_FILE = re.compile(r' href="(?!#|https?:|mailto:)[^"]*"')

Print = Callable[[Path, Path], str]
"""Prints an HTML file into a PDF file; why it did not, or empty."""


def print_numbered(page: Path, pdf: Path, printed: Print) -> str:
    """Print `page`, and again with the numbers where it has a contents list; why it was not printed, or empty.

    The first print stays where the second one is not to be had, or would have other numbers than it shows. Links to
    other files are left out: they would lead into the folder in which the report is made.
    """
    html = _OTHER_FILE.sub("", page.read_text(encoding="utf-8"))
    copy = page.with_name(f"printed-{page.name}")
    try:
        copy.write_text(html, encoding="utf-8")
        problem = printed(copy, pdf)
        if not problem and _PLACE.search(html) and (pages := pages_of(pdf)):
            first = pdf.read_bytes()
            copy.write_text(with_numbers(html, pages), encoding="utf-8")
            if printed(copy, pdf) or pages_of(pdf) != pages:
                pdf.write_bytes(first)
    finally:
        copy.unlink(missing_ok=True)
    return problem


def pages_of(pdf: Path) -> dict[str, int]:
    """Each place that a link of the PDF leads to, and its page, from 1; empty where the file cannot be read."""
    try:
        with PdfReader(pdf) as reader:
            places = reader.named_destinations.items()
            numbers = {name.removeprefix("/"): reader.get_destination_page_number(place) for name, place in places}
    except (PyPdfError, OSError):
        return {}
    return {name: number + 1 for name, number in numbers.items() if number is not None}


def with_numbers(html: str, pages: dict[str, int]) -> str:
    """The page with a number behind each entry of its contents that `pages` tells."""
    return _PLACE.sub(lambda found: f"{found[1]}{pages.get(found[2], '')}{found[3]}", html)
