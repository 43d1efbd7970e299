"""The whole study in a browser while its definition is being written."""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from definition import DefinitionError, load_definition, read_document


@click.command()
@click.option("--study", "path", metavar="FILE", required=True, type=click.Path(path_type=Path), help="The definition.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(1, 65535))
def preview(path: Path, port: int) -> None:
    """Show the whole study in a browser, before anything is made, opened or stored.

    Pages load again by themselves when the definition, a text or a picture changes. Where stimuli are not made yet,
    stand-ins are drawn.

    Example: ./manage.py preview --study my-study/study.toml
    """
    from werkzeug.serving import make_server

    from study.serve import refuse_taken_port

    read_document(path)  # what is no TOML at all, or no file, is told here
    refuse_taken_port("127.0.0.1", port)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", port, application(path), threaded=True)
    click.echo(f"Preview of {path}: http://127.0.0.1:{port}/ (stop with Ctrl-C)")
    server.serve_forever()


def application(path: Path) -> Any:
    """The preview of the definition at `path`, as a WSGI application."""
    from study.views.previewing import NotPreviewableError, create_preview

    watched = Watched(path)

    def load() -> Any:
        try:
            return _source(path)
        except DefinitionError as error:
            raise NotPreviewableError(str(error)) from None

    return create_preview(load, watched.version)


def _source(path: Path) -> Any:
    """The definition with its stimuli, where they are made and fit; else with stand-ins."""
    from contracts.stimulus_set import StimulusSetError, read_provenance, read_stimuli
    from study.conduct.stand_ins import stand_ins
    from study.views.previewing import Source

    definition = load_definition(path)
    folder = Path(definition.stimuli.output)
    with suppress(StimulusSetError, OSError):
        if read_provenance(folder)["request_sha256"] == definition.request_sha256:
            return Source(definition.document, read_stimuli(folder), folder, has_stand_ins=False)
    rows = stand_ins(definition.tasks, definition.dataset.categories)
    return Source(definition.document, rows, folder, has_stand_ins=True)


class Watched:
    """The files that a definition names, those beside them, pictures of instructions, and the table of its stimuli."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folders = {path.parent}

    def version(self) -> str:
        """Another one whenever one of the files has changed."""
        with suppress(DefinitionError):
            self._folders = {self._path.parent, *_folders(read_document(self._path), self._path.parent)}
        files = sorted(file for folder in self._folders for file in folder.glob("*") if file.is_file())
        states = [(str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files]
        return hashlib.sha256(repr(states).encode()).hexdigest()


def _folders(value: Any, beside: Path) -> Iterator[Path]:
    """Folders of the files, and folders with a table of stimuli, that any text of the document names."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _folders(part, beside)
    elif isinstance(value, str) and 0 < len(value) < 500 and "\0" not in value:
        with suppress(OSError):
            if (named := beside / value).is_file():
                yield named.parent
                yield from _folders_of_pictures(named)
            elif (named / "stimuli.csv").is_file():
                yield named


def _folders_of_pictures(text: Path) -> Iterator[Path]:
    """Of the pictures that instructions name."""
    from study.markdown import picture_names

    if text.suffix == ".md":
        yield from {(text.parent / name).parent for name in picture_names(text.read_text(errors="replace"))}


COMMANDS = (preview,)
