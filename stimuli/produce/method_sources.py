"""What produces the pictures of each method that a definition describes, as the provenance tells it."""

import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from stimuli.config import StimuliConfig
from stimuli.errors import GenerationError
from stimuli.method_config import MethodConfig
from stimuli.produce.tables import PictureTable, digest, read_tables


@dataclass(frozen=True)
class MethodSources:
    """`configs`: the definition's methods. `tables`: of those whose pictures were made elsewhere. `made_by`: for the
    provenance, of each that is no built-in method without options."""

    configs: Mapping[str, MethodConfig] = field(default_factory=dict)
    tables: Mapping[str, PictureTable] = field(default_factory=dict)
    made_by: Mapping[str, dict[str, Any]] = field(default_factory=dict)


NO_SOURCES = MethodSources()


def method_sources(methods: Mapping[str, MethodConfig], used: Sequence[str], config: StimuliConfig) -> MethodSources:
    """Of the `used` methods; tables are read whole. Raises GenerationError where a table, file or package is wrong."""
    configs = {name: methods[name] for name in dict.fromkeys(used) if name in methods}
    tables = {table.method: table for table in read_tables(configs, used, config)}
    told = {name: _made_by(method, tables.get(name)) for name, method in configs.items()}
    return MethodSources(configs, tables, {name: by for name, by in told.items() if by != {"built_in": name}})


def _made_by(method: MethodConfig, table: PictureTable | None) -> dict[str, Any]:
    options = {"options": method.options} if method.options else {}
    if table:
        return {"pictures": table.path.name, "files": len(table.entries), "sha256": digest(table)}
    if method.captum:
        return {"captum": method.captum, "version": _version("captum"), **options}
    if method.function:
        place, _, function = method.function.rpartition(":")
        file = _file(method.function, place)
        name = f"{file.name}:{function}" if place.endswith(".py") else method.function
        return {"function": name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), **options}
    return {"built_in": method.built_in, **options}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        raise GenerationError(f"{package} is not installed; pip install {package}") from None


def _file(function: str, place: str) -> Path:
    try:
        found = None if place.endswith(".py") else importlib.util.find_spec(place)
    except (ImportError, ValueError) as error:
        raise GenerationError(f"function {function!r} cannot be imported ({error}); install its package") from error
    file = Path(place if place.endswith(".py") else (found and found.origin) or "")
    if not file.is_file():
        raise GenerationError(f"function {function!r}: there is no file {place}; correct the name or add it")
    return file
