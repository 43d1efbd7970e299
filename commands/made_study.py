"""What the commands share that write a study into a new folder: its definition and the texts beside it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import tomli_w

from commands.new_study import TEXTS
from commands.options import typed
from definition import Definition, DefinitionError, load_definition
from languages.read import HERE as LANGUAGES
from languages.read import SOURCE, languages

_HEAD = """\
# {question} `./manage.py {command}` wrote this file and what is beside it.
# Fill in what is in square brackets in the texts, and say in [study] what yours needs (docs/reference/definition.md).
#   ./manage.py check --study {file}       says what is missing
#   ./manage.py rehearse --study {file}    runs everything with simulated people

"""


def require_new(folder: Path) -> None:
    """Raises ClickException where `folder` is a file, or holds something."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.ClickException(f"{folder} exists and is not empty; name a new folder")


def write_study(
    folder: Path,
    document: Mapping[str, Any],
    question: str,
    command: str,
    write_more: Callable[[Path], None] = lambda _: None,
) -> Path:
    """Write `document` as study.toml into `folder`, and the texts of its languages; return its path.

    `write_more` gets the folder that becomes `folder`, and writes what the definition names. On any failure `folder` is
    as it was. Sections that are empty are left out. Raises DefinitionError where it is no definition.
    """
    path = folder / "study.toml"
    head = _HEAD.format(question=question, command=command, file=typed(path))
    written = head + tomli_w.dumps({name: section for name, section in document.items() if section})
    with _filled_at_once(folder) as fresh:
        write_more(fresh)
        for name, code in ((name, code) for name in TEXTS for code in document["study"]["languages"]):
            (fresh / f"{name}.{code}.md").write_text(_text_of(code, name), encoding="utf-8")
        (fresh / path.name).write_text(written, encoding="utf-8")
        _check(fresh / path.name, path)
    return path


def _check(written: Path, path: Path) -> None:
    """Raises DefinitionError, with the places that files will have beside `path`."""
    try:
        load_definition(written)
    except DefinitionError as error:
        raise DefinitionError(str(error).replace(str(written.parent), str(path.parent))) from error


@contextmanager
def _filled_at_once(folder: Path) -> Iterator[Path]:
    """A fresh folder whose content is moved into `folder`, which is new or empty, when all is written."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
    with TemporaryDirectory(prefix=".discern-", dir=there) as scratch:
        yield Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for made in list(Path(scratch).iterdir()):
            made.rename(folder / made.name)


def _text_of(code: str, name: str) -> str:
    path = LANGUAGES / code / f"{name}.md"
    return (path if path.is_file() else LANGUAGES / SOURCE / f"{name}.md").read_text(encoding="utf-8")


def study_section(definition: Definition, end: str, minutes: int, kind: str, wording: str) -> dict[str, Any]:
    """`[study]` with languages and contact of `definition`, and as its title that of the kind's wording."""
    study = definition.study
    return {
        "slug": f"{study.slug[: 63 - len(end)]}-{end}",
        "languages": study.languages,
        "contact": {code: study.contact[code] for code in study.languages},
        "minutes": minutes,
        "title": {code: _title(code, kind, wording) for code in study.languages},
        **{name: {code: f"{name}.{code}.md" for code in study.languages} for name in TEXTS},
    }


def _title(code: str, kind: str, wording: str) -> str:
    """What participants read in `code`; English where a language of one's own lacks the wording."""
    for known in (code, SOURCE):
        section = languages()[known].tasks.get("kinds", {}).get(kind, {})
        if wording in section.get("wordings", {}):
            break
    return str((section | section["wordings"][wording])["title"])


def told(config: Any) -> dict[str, Any]:
    """What the definition tells of a section; paths are absolute, so that they are right from another folder."""
    found: dict[str, Any] = config.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return found


def tell_made(path: Path) -> None:
    """Say on the terminal what to do with the study."""
    click.echo(f"{path}: fill in what is in square brackets in the texts beside it.")
    click.echo(
        f"`./manage.py check --study {typed(path)}` says what is missing, `./manage.py rehearse` with it tries it out."
    )
