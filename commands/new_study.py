"""A definition to begin with, commented, and the texts that participants read."""

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import click

from commands.options import json_option, print_json, typed
from commands.study_pages import page
from contracts.original import OriginalConfig
from definition import load_definition
from languages.read import HERE as LANGUAGES
from models.sources import SOURCES

TEMPLATE = Path(__file__).parent / "templates" / "study.toml"
STUDIES = TEMPLATE.with_name("studies")
HOME = Path(__file__).resolve().parents[1]
TITLES = TEMPLATE.with_name("titles.toml")  # study → language → title
TEXTS = ("consent", "debriefing")
TITLE = "What did the program look for?"


def published_studies() -> dict[str, Path]:
    """Name → the definition of each published study that can be repeated."""
    return {path.stem: path for path in sorted(STUDIES.glob("*.toml"))}


def written_languages() -> list[str]:
    """Codes of the languages that have a text to begin with, English first."""
    found = sorted(path.parent.name for path in LANGUAGES.glob("*/consent.md"))
    return sorted(found, key=lambda code: code != "en")


def _slug(_context: Any, _parameter: Any, value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", value):
        raise click.BadParameter("small letters, digits and hyphens, 64 at most")
    return value


def _asked(question: str) -> str | bool:
    """The question where somebody can answer it; else the default is taken."""
    return question if sys.stdin is not None and sys.stdin.isatty() else False


class Asked(click.Option):
    """An option that is asked for in a terminal, unless a published study is copied, which has it."""

    def prompt_for_value(self, ctx: click.Context) -> Any:
        return self.get_default(ctx) if ctx.params.get("original") else super().prompt_for_value(ctx)


_WHICH_LANGUAGES = _asked(f"Languages of {', '.join(written_languages())}, separated by commas")


def _listed(answer: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(code.strip() for code in answer.split(",") if code.strip()))
    known = written_languages()
    if not codes or (unknown := [code for code in codes if code not in known]):
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(known)}" if codes else "name one at least")
    return codes


def _languages(_context: Any, _parameter: Any, given: tuple[str, ...]) -> tuple[str, ...]:
    """Those that were given; else, where somebody can answer, those that they name."""
    if given or not _WHICH_LANGUAGES:
        return given or ("en",)
    answered: tuple[str, ...] = click.prompt(str(_WHICH_LANGUAGES), default="en", value_proc=_listed)
    return answered


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "original",
    type=click.Choice(list(published_studies())),
    is_eager=True,
    help="A published human study to repeat; `discern studies` lists them.",
)
@click.option(
    "--slug",
    prompt=_asked("Name in addresses"),
    default="my-study",
    callback=_slug,
    help="The study's name in addresses.",
)
@click.option(
    "--title",
    prompt=_asked("Title for participants"),
    default=TITLE,
    help="What participants see.",
)
@click.option(
    "--contact",
    prompt=_asked("Address that participants write to"),
    default="you@example.org",
    help="Whom participants write to.",
)
@click.option(
    "--language",
    "languages",
    multiple=True,
    type=click.Choice(written_languages()),
    callback=_languages,
    help="May be given again; none: en.",
)
@click.option(
    "--format",
    "layout",
    cls=Asked,
    prompt=_asked("Layout of the photographs"),
    type=click.Choice(list(SOURCES)),
    default="voc",
    help="How they are kept.",
)
@click.option(
    "--root", cls=Asked, prompt=_asked("Their folder"), default="photographs", help="Folder of the photographs."
)
@click.option(
    "--categories",
    cls=Asked,
    prompt=_asked("Categories, separated by commas"),
    default="cat, dog",
    help="As the annotations write them.",
)
def new_study(
    folder: Path,
    original: str | None,
    slug: str,
    title: str,
    contact: str,
    languages: tuple[str, ...],
    layout: str,
    root: str,
    categories: str,
) -> None:
    """Write a commented definition and its texts into FOLDER, which must be new or empty.

    With --from it is a published human study, which runs at once on scenes that Discern draws. In a terminal, what is
    not given as an option is asked for. Square brackets in the texts mark what is yours to say.

    Example: ./manage.py new-study my-study --language en --language ko

    Example: ./manage.py new-study my-hive --from hive-agreement
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.ClickException(f"{folder} exists and is not empty; name a new folder")
    names = [name.strip() for name in categories.split(",") if name.strip()]
    template = TEMPLATE if original is None else published_studies()[original]
    filled = _filled(template, {
        "slug": slug, "home": str(HOME), "contact": contact, "languages": list(languages), "format": layout,
        "root": root, "categories": names,
    }, _titles(title, original, languages))  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for text in TEXTS:
        for code in languages:
            (folder / f"{text}.{code}.md").write_text(_text(code, text), encoding="utf-8")
    path = folder / "study.toml"
    path.write_text(filled.replace("THIS_FILE", typed(path)), encoding="utf-8")
    load_definition(path)
    if original:
        scenes, rehearsal = (
            f"`./manage.py {command} --study {typed(path)}`" for command in ("make-scenes", "rehearse")
        )
        click.echo(f"It runs at once on scenes that Discern draws: {scenes}, then {rehearsal}.")
    click.echo(f"{path}: fill it in, and what is in square brackets in the texts beside it.")
    click.echo(f"`./manage.py preview --study {typed(path)}` shows the study in a browser while you write.")
    click.echo(f"`./manage.py check --study {typed(path)}` says what is missing.")


def _titles(title: str, original: str | None, languages: tuple[str, ...]) -> dict[str, str]:
    """Language → the title; where none was chosen, that of the published study, if it has one."""
    own = tomllib.loads(TITLES.read_text(encoding="utf-8")).get(original or "", {}) if title == TITLE else {}
    return {code: own.get(code, title) for code in languages}


def _filled(template: Path, values: dict[str, Any], told: dict[str, str]) -> str:
    text = template.read_text(encoding="utf-8").replace("@home@", json.dumps(values.pop("home"))[1:-1])
    for name, value in values.items():
        text = text.replace(f"@{name}@", json.dumps(value, ensure_ascii=False))
    titles = "\n".join(f"title.{code} = {json.dumps(title, ensure_ascii=False)}" for code, title in told.items())
    texts = "\n".join(f'{text}.{code} = "{text}.{code}.md"' for text in TEXTS for code in told)
    text = text.replace("@titles@", titles).replace("@texts@", texts)
    return text.replace("@information@", _information(tuple(told)))


def _information(languages: tuple[str, ...]) -> str:
    """Rows of the information sheet that all of these languages have words for."""
    files = {code: LANGUAGES / code / "sheet.toml" for code in languages}
    rows = {
        code: tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {} for code, file in files.items()
    }
    return "\n".join(
        f"{name}.{code} = {json.dumps(rows[code][name], ensure_ascii=False)}"
        for name in rows[languages[0]]
        if all(name in told for told in rows.values())
        for code in languages
    )


def _text(code: str, name: str) -> str:
    return (LANGUAGES / code / f"{name}.md").read_text(encoding="utf-8")


def original_of(template: Path) -> OriginalConfig:
    """What a template says of the study that it repeats; the rest of it is no TOML before it is filled in."""
    _, _, section = template.read_text(encoding="utf-8").partition("\n[original]\n")
    return OriginalConfig.model_validate(tomllib.loads(f"[original]\n{section}")["original"])


@click.command()
@json_option
@click.option("--as", "form", type=click.Choice(["text", "markdown"]), default="text", help="markdown: all of each.")
def studies(as_json: bool, form: str) -> None:
    """List the published human studies that `new-study --from` writes: what they measured, people, time and pay.

    Example: ./manage.py studies
    """
    found = {name: original_of(path) for name, path in published_studies().items()}
    if as_json:
        return print_json([{"slug": name} | told.model_dump(mode="json") for name, told in found.items()])
    if form == "markdown":
        return click.echo(page(published_studies(), found), nl=False)
    for name, told in found.items():
        click.echo(f"{name}: {told.name}")
        click.echo(f"  measures  {told.measures}")
        for label, value in (("people", told.people), ("time", told.time), ("pay", told.cost)):
            click.echo(f"  {label:<9} {value or 'not told'}")
        click.echo(f"  source    {told.source}\n")
    click.echo("`./manage.py new-study DIR --from NAME` writes one of them.")


COMMANDS = (new_study, studies)
