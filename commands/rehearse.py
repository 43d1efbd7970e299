"""A whole study with simulated participants, from the definition to the report."""

import os
from contextlib import suppress
from itertools import count
from pathlib import Path

import click

from commands.analysis import analyze
from commands.options import HERE, study_option
from commands.prepare import prepare
from commands.simulate import simulate
from commands.survey import export
from definition import Definition
from languages.read import SOURCE, languages


@click.command()
@study_option
@click.option("--participants", default=72, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option(
    "--language",
    "reported",
    default=(SOURCE,),
    show_default=True,
    multiple=True,
    type=click.Choice(list(languages())),
    help="A report in it; may be given several times.",
)
@click.pass_context
def rehearse(
    ctx: click.Context, definition: Definition, participants: int, seed: int, reported: tuple[str, ...]
) -> None:
    """A dress rehearsal: the whole study with simulated participants, to a report, in a database of its own.

    Example: ./manage.py rehearse --study examples/voc-sample.toml --participants 72
    """
    from study.serve import served

    folder = new_folder(HERE / "var" / definition.study.slug / f"rehearsal-{participants}-{seed}")
    os.environ["DISCERN_DATABASE_URL"] = f"sqlite:///{folder / 'rehearsal.sqlite3'}"
    prepare(ctx, definition)
    with served() as url:
        ctx.invoke(simulate, definition=definition, url=url, participants=participants, seed=seed)
    ctx.invoke(export, definition=definition, out=folder / "export")
    for language in reported:
        out = folder / ("report" if len(reported) == 1 else f"report-{language}")
        ctx.invoke(analyze, source=folder / "export", out=out, language=language)


def new_folder(path: Path) -> Path:
    """`path` or, so that no earlier rehearsal is lost, the first of `path`-2, `path`-3, … that is free; made."""
    for number in count(1):
        folder = path if number == 1 else path.with_name(f"{path.name}-{number}")
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            break
    return folder


COMMANDS = (rehearse,)
