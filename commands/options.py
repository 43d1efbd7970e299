"""What commands share: the definition they are given, and its stimuli on this machine."""

import dataclasses
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contracts.methods import method_names
from definition import Definition, DefinitionError, load_definition, read_document
from languages.read import SOURCE

if TYPE_CHECKING:
    from models.photographs import Photograph

HERE = Path(__file__).resolve().parents[1]
DEMO = HERE / "examples" / "demo.toml"


def study_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--study FILE`, handed to the command as a loaded `definition`; the demo's without it."""
    named = {"default": DEMO, "show_default": "examples/demo.toml", "help": "The study definition."}
    return _study_option("definition", _load, named)(command)


def _load(context: click.Context, path: Path) -> Definition:
    """While the command runs, methods are called as the definition calls them."""
    definition = load_definition(path)
    context.with_resource(method_names(definition.document, SOURCE))
    return definition


def open_study_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--study FILE`, handed to the command as `slug`: of an open study the frozen definition counts."""
    return _study_option("slug", slug_of, {"required": True, "help": "The study definition; only its slug is read."})(
        command
    )


def _study_option(
    argument: str, read: Callable[[click.Context, Path], Any], named: dict[str, Any]
) -> Callable[..., Any]:
    path = click.Path(path_type=Path)
    return click.option(
        "--study", argument, metavar="FILE", type=path, callback=lambda ctx, _param, path: read(ctx, path), **named
    )


def slug_of(_context: click.Context, path: Path) -> str:
    """Of a definition's file; nothing else of it is read. Raises click.BadParameter, DefinitionError."""
    try:
        return str(read_document(path)["study"]["slug"])
    except (KeyError, TypeError):
        raise click.BadParameter(f"{path} is no study definition with a slug in [study]") from None


def typed(path: Path) -> str:
    """The path as somebody types it in a shell: in quotation marks where it has spaces or other signs."""
    return shlex.quote(str(path))


def relative(path: Path) -> Path:
    """The path from the repository's folder, if it is inside it: records must not name a machine's folders."""
    path = path.resolve()
    return path.relative_to(HERE) if path.is_relative_to(HERE) else Path(path.name)


def with_local_stimuli(definition: Definition) -> Definition:
    """The definition with its finished stimulus set on this machine: fetched into var/ where `output` is a URL."""
    from stimuli.produce.publishing import local_copy

    folder = local_copy(definition.stimuli.output, HERE / "var" / definition.study.slug / "stimuli")
    return dataclasses.replace(definition, stimuli=definition.stimuli.model_copy(update={"output": folder}))


def require_same_request(definition: Definition, provenance: dict[str, Any]) -> None:
    """Raise DefinitionError when the stimulus set was made for another dataset, network, recipe or task."""
    if provenance["request_sha256"] != definition.request_sha256:
        raise DefinitionError(
            f"the stimuli in {definition.stimuli.output} were made for other settings than {definition.path} has;"
            " run `./manage.py generate-stimuli`"
        )


def photographs_as_seen(definition: Definition) -> "dict[str, Photograph]":
    """Image id → the part of the photograph that the networks see; of one set all see the same part."""
    from models.sources import open_split
    from models.transform import as_seen, transform_of

    images = open_split(definition.dataset, definition.dataset.split)
    named = [name for task in definition.tasks for name in task.networks]
    used = [definition.networks[name] for name in named if name in definition.networks]  # others drew elsewhere
    return {image.image_id: as_seen(image, transform_of(used[0])) if used else image for image in images}


def warn_of_lost_pictures() -> None:
    """Name the studies whose pictures are not where the database says."""
    from study.conduct.lost_pictures import lost_pictures
    from study.database.db import ready_database

    with ready_database() as database, database.reading() as session:
        for lost in lost_pictures(session):
            click.echo(f"Warning: {lost.words}", err=True)


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")


def print_json(content: Any) -> None:
    """On standard output, without colours; what JSON does not know, such as a path, as text."""
    click.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))


launcher_option = click.option(
    "--launcher",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="This machine, or the Ray cluster that RAY_ADDRESS names.",
)
