"""Whatever stands under a key of a definition, it is read or refused in words: every key, at the ends of what TOML has."""

import math
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

import definition
from definition.read import read_document
from definition.sections import SECTIONS
from models.sources import SOURCES

DEMO = Path(__file__).parents[2] / "examples" / "demo.toml"
TEXTS: list[Any] = ["", "x" * 10_000, "\0", "../../x"]
NUMBERS: list[Any] = [-1, 0, 10**30, -(10**30), math.inf, math.nan, 0.5, True]
OTHERS: list[Any] = [[], [[]], {}, {"en": ""}, [-1], ["x"]]
Place = tuple[str | int, ...]

pytestmark = pytest.mark.slow


def keys(schema: dict[str, Any], all_of: dict[str, Any], place: Place) -> Iterator[Place]:
    """Every key that a JSON Schema knows; 0 is a place in a list, and `x` a name of one's own."""
    if "$ref" in schema:
        yield from keys(all_of[schema["$ref"].rpartition("/")[2]], all_of, place)
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from keys(part, all_of, place)
    own = (*schema.get("patternProperties", {}).values(), schema.get("additionalProperties"))
    for name, part in (*schema.get("properties", {}).items(), *(("x", part) for part in own)):
        if isinstance(part, dict):
            yield (*place, name)
            yield from keys(part, all_of, (*place, name))
    if isinstance(schema.get("items"), dict):
        yield from keys(schema["items"], all_of, (*place, 0))


def places(section: str, kind: Any) -> list[Place]:
    schema = TypeAdapter(kind).json_schema()
    return sorted(set(keys(schema, schema.get("$defs", {}), (section,))), key=str)


def changed(document: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """A copy with the value there; tables and lists on the way are made where there are none."""
    made = deepcopy(document)
    at: Any = made
    for key, following in pairwise(place):
        if isinstance(key, str):
            at = at.setdefault(key, [] if following == 0 else {})
        else:
            at[:] = at or [{}]
            at = at[0]
    at[place[-1]] = value
    return made


@pytest.mark.parametrize(
    ("section", "kind"),
    [(n, k) for n, k in SECTIONS.items() if n != "dataset"]
    + [("dataset", source.config) for source in SOURCES.values()],
    ids=[*(name for name in SECTIONS if name != "dataset"), *(f"dataset-{name}" for name in SOURCES)],
)
def test_a_value_of_any_kind_is_read_or_refused_in_words(section, kind, monkeypatch):
    demo, found = read_document(DEMO), places(section, kind)
    assert found
    for place in found:
        for value in TEXTS + NUMBERS + OTHERS:
            document = changed(demo, place, value)
            monkeypatch.setattr("definition.read.read_document", lambda _path, given=document: given)
            with suppress(definition.DefinitionError):
                definition.load_definition(DEMO)
