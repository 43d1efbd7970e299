"""Reads languages. A language is a folder: about.toml (its name and fonts), tasks.toml (the words of the tasks),
scales.toml (those of ready-made questionnaires; it may be missing), sheet.toml (rows of the information sheet that
`new-study` begins with; it may be missing) and the gettext catalogues pages.po, scripts.po and
report.po, whose identifiers are the English sentences.

DISCERN_LANGUAGES may name further folders, separated as in PATH. They add languages, or texts to the languages here.
"""

import gettext
import io
import os
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

HERE = Path(__file__).parent
SOURCE = "en"  # the language of the identifiers, so its catalogues hold no translations
CATALOGUES = ("pages", "scripts", "report")


@dataclass(frozen=True)
class Language:
    """A language as its folders describe it.

    `name`: in the language itself. `letters`: what a font must have to write it; `fonts`: families to prefer, the first
    best. `thousands`: what separates them in a number; decimals have a point in every language, as in CSV. `to`: what
    is between the ends of an interval.
    `tasks`, `scales`: the content of tasks.toml, and of scales.toml where there is one.
    """

    code: str
    name: str
    letters: str
    fonts: tuple[str, ...]
    tasks: dict[str, Any]
    scales: dict[str, Any] = field(default_factory=dict)
    thousands: str = ","
    to: str = "–"


def languages() -> dict[str, Language]:
    """Every language by its code, English first."""
    return _languages(_folders())


def translations(code: str, catalogue: str) -> gettext.NullTranslations:
    """The sentences of `catalogue` in language `code`; English where a translation is missing."""
    return _translations(_folders(), code, catalogue)


def messages(catalogue: str) -> list[Message]:
    """What `catalogue` translates, as its English template has it."""
    return _messages(_folders(), catalogue)


def untranslated(code: str, catalogue: str) -> list[str]:
    """The English sentences of `catalogue` that language `code` lacks, or has only as fuzzy."""
    if code == SOURCE:
        return []
    translated = _merged(_folders(), code, catalogue)
    return [_identifier(message) for message in _messages(_folders(), catalogue) if not _is_done(translated, message)]


def sentences(code: str, catalogue: str) -> dict[str, list[str]]:
    """English sentence → its translation in each form, where there is one."""
    merged = _merged(_folders(), code, catalogue)
    return {
        _identifier(message): [message.string] if isinstance(message.string, str) else list(message.string or ())
        for message in merged
        if message.id and _is_done(merged, message)
    }


def plural_forms(code: str, catalogue: str, up_to: int) -> list[int]:
    """For each number from 0 to `up_to` the place of its form in a plural translation."""
    found = translations(code, catalogue)
    if isinstance(found, gettext.GNUTranslations):
        return [found.plural(n) for n in range(up_to + 1)]  # type: ignore[attr-defined]  # typeshed lacks it
    return [int(n != 1) for n in range(up_to + 1)]


def _folders() -> tuple[Path, ...]:
    further = os.environ.get("DISCERN_LANGUAGES", "")
    return HERE, *(Path(folder) for folder in further.split(os.pathsep) if folder)


@cache
def _languages(folders: tuple[Path, ...]) -> dict[str, Language]:
    codes = sorted({about.parent.name for folder in folders for about in folder.glob("*/about.toml")})
    codes.sort(key=lambda code: code != SOURCE)
    return {code: _language(folders, code) for code in codes}


def _language(folders: tuple[Path, ...], code: str) -> Language:
    about, tasks, scales = (_combined(folders, code, name) for name in ("about.toml", "tasks.toml", "scales.toml"))
    letters, fonts = about.get("letters", ""), tuple(about.get("fonts", ()))
    marks = {mark: about[mark] for mark in ("thousands", "to") if mark in about}
    return Language(code, about["name"], letters, fonts, tasks, scales, **marks)


def _combined(folders: tuple[Path, ...], code: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for folder in folders:
        if (path := folder / code / name).is_file():
            _add(found, tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def _add(table: dict[str, Any], further: dict[str, Any]) -> None:
    """Put `further` into `table`, tables within tables too."""
    for key, value in further.items():
        if isinstance(value, dict) and isinstance(table.get(key), dict):
            _add(table[key], value)
        else:
            table[key] = value


@cache
def _merged(folders: tuple[Path, ...], code: str, catalogue: str) -> Catalog:
    merged: Catalog | None = None
    for folder in folders:
        if (path := folder / code / f"{catalogue}.po").is_file():
            with path.open("rb") as file:
                found = read_po(file)
            if merged is None:
                merged = found
            for message in found:
                if message.id:
                    merged[message.id] = message
    return merged or Catalog()


def _messages(folders: tuple[Path, ...], catalogue: str) -> list[Message]:
    return [message for message in _merged(folders, SOURCE, catalogue) if message.id]


def _identifier(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _is_done(translated: Catalog, message: Message) -> bool:
    found = translated.get(message.id, message.context)
    if found is None or found.fuzzy or not found.string:
        return False
    return all(found.string)


@cache
def _translations(folders: tuple[Path, ...], code: str, catalogue: str) -> gettext.NullTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, _merged(folders, code, catalogue))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
