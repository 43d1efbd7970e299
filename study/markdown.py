"""Texts of a definition, which are Markdown, as HTML."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

_ADDRESS = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)  # of another host


def to_html(text: str, pictures: Mapping[str, Mapping[str, str]] | None = None) -> Markup:
    """Paragraphs, lists, headings, links, emphasis; HTML in it is shown, not run.

    `pictures`: name of a picture in the text → attributes of its element, such as its size.
    """
    parser = _parser()
    tokens = parser.parse(text)
    for image in _images(tokens):
        image.attrs |= (pictures or {}).get(str(image.attrs["src"]), {})
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def picture_names(text: str) -> list[str]:
    """The pictures that `text` shows, as it names them, each once."""
    return list(dict.fromkeys(str(image.attrs["src"]) for image in _images(_parser().parse(text))))


def is_foreign(name: str) -> bool:
    """Whether a picture's name is an address, not a file beside the definition."""
    return bool(_ADDRESS.match(name))


def _parser() -> MarkdownIt:
    return MarkdownIt("js-default", {"html": False, "linkify": False})


def _images(tokens: Any) -> Iterator[Any]:
    for part in tokens:
        if part.type == "image":
            yield part
        yield from _images(part.children or ())
