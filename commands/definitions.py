"""What commands share: the definition they are given, and its stimuli on this machine."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from definition import Definition, DefinitionError, load_definition

HERE = Path(__file__).resolve().parents[1]
DEMO = HERE / "examples" / "demo.toml"


def study_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--study FILE`, handed to the command as a loaded Definition."""
    return click.option(
        "--study",
        "definition",
        default=DEMO,
        show_default="examples/demo.toml",
        metavar="FILE",
        type=click.Path(path_type=Path),
        callback=lambda _ctx, _param, path: load_definition(path),
        help="The study definition.",
    )(command)


def now() -> datetime:
    return datetime.now(UTC)


def relative(path: Path) -> Path:
    """The path as it is written from the repository's folder, where it lies in it: no machine's folders in records."""
    path = path.resolve()
    return path.relative_to(HERE) if path.is_relative_to(HERE) else Path(path.name)


def with_local_stimuli(definition: Definition) -> Definition:
    """The definition with its finished stimulus set on this machine: fetched into var/ where `output` is a URL."""
    from stimuli.publishing import local_copy

    folder = local_copy(definition.stimuli.output, HERE / "var" / definition.study.slug / "stimuli")
    return dataclasses.replace(definition, stimuli=definition.stimuli.model_copy(update={"output": folder}))


def require_same_request(definition: Definition, provenance: dict[str, Any]) -> None:
    """Raise DefinitionError when the stimulus set was made for another dataset, network, recipe or task."""
    if provenance["request_sha256"] != definition.request_sha256:
        raise DefinitionError(
            f"the stimuli in {definition.stimuli.output} were made for other settings than {definition.path} has;"
            " run `manage.py generate-stimuli`"
        )
