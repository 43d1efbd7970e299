"""The definition's JSON Schema: what editors complete and check, and where the reference of its keys comes from."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from definition.sections import OPTIONAL_SECTIONS, SECTIONS
from models.sources import SOURCES

Schema = dict[str, Any]


@cache
def definition_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of a study definition, as the TOML file is written."""
    kinds = SECTIONS | {f"dataset-{name}": source.config for name, source in SOURCES.items()}
    adapters: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (name, "validation", TypeAdapter(kind)) for name, kind in kinds.items()
    ]
    made, whole = TypeAdapter.json_schemas(adapters, ref_template="#/$defs/{model}")
    sections = {name: made[name, "validation"] for name in SECTIONS}
    sections["dataset"] = {"anyOf": [made[f"dataset-{name}", "validation"] for name in SOURCES]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Discern study definition",
        "type": "object",
        "properties": sections,
        "required": [name for name in SECTIONS if name not in OPTIONAL_SECTIONS],
        "additionalProperties": False,
        "$defs": whole["$defs"],
    }


def nearest_keys(location: Sequence[int | str]) -> list[str]:
    """Keys that are known where the unknown one is, the most alike first; at most three."""
    *place, unknown = location
    known = {key for schema in _at(definition_schema(), place) for key in schema.get("properties", {})}
    return difflib.get_close_matches(str(unknown), sorted(known), 3)


def _at(schema: Schema, place: Sequence[int | str]) -> Iterator[Schema]:
    """Each schema that may hold at `place`."""
    schema = _resolved(schema)
    if "anyOf" in schema:
        for choice in schema["anyOf"]:
            yield from _at(choice, place)
    elif not place:
        yield schema
    else:
        inner = schema.get("items") if isinstance(place[0], int) else _of_key(schema, place[0])
        if isinstance(inner, dict):
            yield from _at(inner, place[1:])


def _of_key(schema: Schema, key: str) -> Any:
    patterns = list(schema.get("patternProperties", {}).values())
    return schema.get("properties", {}).get(key) or (patterns or [schema.get("additionalProperties")])[0]


def _resolved(schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    return definition_schema()["$defs"][schema["$ref"].rsplit("/", 1)[-1]] | {
        key: value for key, value in schema.items() if key != "$ref"
    }


@dataclass(frozen=True)
class Key:
    """One key of the definition, in words. `default` is "required" where there is none."""

    table: str  # as TOML heads it: [study], [[tasks]], [networks.NAME]
    name: str
    values: str
    default: str
    description: str


def keys() -> list[Key]:
    """All keys, section by section; a key that holds a table is followed by the keys of that table."""
    properties = definition_schema()["properties"].items()
    return [key for name, schema in properties for key in _keys(name, schema)]


def _keys(table: str, schema: Schema) -> Iterator[Key]:
    """Keys of each model that is at `table`; where several may be, each key once."""
    seen: set[tuple[str, str]] = set()
    for heading, model in _tables(table, schema):
        inner = []
        for name, told in model["properties"].items():
            if (heading, name) not in seen:
                seen.add((heading, name))
                yield _key(heading, name, told, name in model.get("required", ()))
                inner.append((name, told))
        plain = heading.strip("[]")
        for name, told in inner:
            yield from _keys(f"{plain}.{name}", told)


def _tables(table: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    schema = _resolved(schema)
    for choice in schema.get("anyOf", ()):
        yield from _tables(table, choice)
    if "properties" in schema:
        yield f"[{table}]", schema
    elif schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        for heading, model in _tables(table, schema["items"]):
            yield f"[{heading}]", model
    elif schema.get("type") == "object":
        values = (*schema.get("patternProperties", {}).values(), schema.get("additionalProperties"))
        for inner in values:
            if isinstance(inner, dict):
                yield from _tables(f"{table}.NAME", inner)


def _key(heading: str, name: str, told: Schema, is_required: bool) -> Key:
    resolved = _resolved(told)
    default = "required" if is_required else _toml(resolved.get("default"))
    return Key(heading, name, _values(told), default, resolved.get("description", "").split("\n\n")[0])


def _toml(value: Any) -> str:
    if value in (None, "", [], {}):
        return "none"
    if isinstance(value, dict):
        return "see the table below"
    return str(value).lower() if isinstance(value, bool) else str(value).replace("'", '"')


_BOUNDS = {"minimum": "≥ ", "exclusiveMinimum": "> ", "maximum": "≤ ", "exclusiveMaximum": "< "}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "table",
}


def _values(schema: Schema) -> str:
    schema = _resolved(schema)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_values(s) for s in schema["anyOf"] if s.get("type") != "null"))
    if choices := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        return ", ".join(f'"{choice}"' for choice in choices)
    if schema.get("type") == "array":
        inner = schema.get("items")
        return "list" + (f" of {_values(inner)}" if isinstance(inner, dict) else "")
    bounds = ", ".join(f"{sign}{schema[key]}" for key, sign in _BOUNDS.items() if key in schema)
    return _TYPES.get(schema.get("type", ""), "any value") + (f", {bounds}" if bounds else "")
