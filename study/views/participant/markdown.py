"""Texts of the definition as HTML: paragraphs, lists, headings, links and emphasis; HTML in them is shown, not run."""

from markdown_it import MarkdownIt
from markupsafe import Markup


def to_html(text: str) -> Markup:
    return Markup(MarkdownIt("js-default", {"html": False, "linkify": False}).render(text))
