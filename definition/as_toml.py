"""Writes a definition's sections as TOML."""

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def as_toml(document: Mapping[str, Any]) -> str:
    """The text of a document of sections, of tables of sections (`networks`) and of lists of sections (`tasks`).

    Values are texts, numbers, truth values, lists and tables of these; a value of None is left out.
    """
    return "\n".join(part for name, section in document.items() for part in _sections(name, section))


def _sections(name: str, section: Any) -> list[str]:
    if isinstance(section, list):
        return [_section(f"[[{name}]]", entry) for entry in section]
    if section and all(isinstance(part, Mapping) for part in section.values()):
        return [_section(f"[{name}.{_key(key)}]", part) for key, part in section.items()]
    return [_section(f"[{name}]", section)]


def _section(head: str, values: Mapping[str, Any]) -> str:
    lines = [f"{_key(key)} = {_value(value)}" for key, value in values.items() if value is not None]
    return "\n".join([head, *lines, ""])


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: Any) -> str:
    """JSON's texts, numbers and truth values are TOML's, but for the character DEL."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(part)}" for k, part in value.items() if part is not None) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
