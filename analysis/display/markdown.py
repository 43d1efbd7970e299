"""Texts in Markdown."""

import re


def as_markdown(text: str) -> str:
    """`text` with what has a meaning in Markdown escaped."""
    return re.sub(r"([\\`*_\[\]<>@#$])", r"\\\1", text)
