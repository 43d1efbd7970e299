"""A language made from English: each letter accented, a third longer, in brackets. What it leaves plain was never
given to a translator, so its plain English words are texts that no language could change.

    folder = write_language(tmp_path)                       # tmp_path/eo: about.toml, tasks.toml and the catalogues
    monkeypatch.setenv("DISCERN_LANGUAGES", str(tmp_path))  # as an environment variable where a server is started
    assert plain_words(page_text, allowed) == []
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po

from languages.read import CATALOGUES, SOURCE, languages, messages

CODE = "eo"  # a code must be a real one: browsers and axe-core look at it
ACCENTED = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "ÁƁĆĎÉƑĜĤÍĴĶĹḾŃÓṔɊŔŚŤÚṼŴẊÝŹáƀćďéƒĝĥíĵķĺḿńóṕɋŕśťúṽŵẋýź",
        strict=True,
    )
)
LETTERS = str.maketrans(ACCENTED)
# What must stay for the text to work: tags, entities, the blanks of str.format, of gettext and of printf, addresses.
KEPT = re.compile(r"<[^<>]*>|&#?\w+;|\{[^{}]*\}|%(?:\(\w+\))?[sd]|%%|https?://\S+")
WORD = re.compile(r"(?<![^\W_])[A-Za-z]{2,}(?![^\W_])")


def pseudo(text: str) -> str:
    """`text` in the language."""
    kept = KEPT.findall(text)
    letters = [part.translate(LETTERS) for part in KEPT.split(text)]
    third = -(-sum(map(len, letters)) // 3)
    longer = ("~~~~~ " * third)[:third]  # in words, as a language is
    return "[" + "".join(part + keep for part, keep in zip(letters, [*kept, ""], strict=True)) + longer + "]"


def plain_words(text: str, allowed: Iterable[str] = ()) -> list[str]:
    """The plain English words in `text`, each once; not those that stand in a text of `allowed`."""
    known = {word for text in allowed for word in WORD.findall(text)}
    return list(dict.fromkeys(word for word in WORD.findall(text) if word not in known))


def write_language(folder: Path, code: str = CODE) -> Path:
    """Write the language into a folder of its own in `folder`, and return that."""
    english, own = languages()[SOURCE], folder / code
    own.mkdir(parents=True)
    about = {"name": pseudo(english.name), "letters": "".join(ACCENTED.values())}
    (own / "about.toml").write_text(_toml(about), encoding="utf-8")
    (own / "tasks.toml").write_text(_toml(_translated(english.tasks)), encoding="utf-8")
    for name in CATALOGUES:
        with (own / f"{name}.po").open("wb") as file:
            write_po(file, _catalogue(name))
    return own


def _catalogue(name: str) -> Catalog:
    catalogue = Catalog(charset="utf-8", fuzzy=False)
    for message in messages(name):
        catalogue[message.id] = Message(message.id, _translated(message.id), context=message.context)
    return catalogue


def _translated(value: Any) -> Any:
    """The texts in tables, lists and tuples; what is no text as it is."""
    if isinstance(value, dict):
        return {key: _translated(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_translated(inner) for inner in value)
    return pseudo(value) if isinstance(value, str) else value


def _toml(table: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(key)} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
