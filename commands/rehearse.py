"""A whole study with simulated participants, from the definition to the report."""

import os
import shutil

import click

from commands.analysis import analyze
from commands.options import HERE, study_option
from commands.prepare import prepare
from commands.simulate import simulate
from commands.survey import export
from definition import Definition


@click.command()
@study_option
@click.option("--participants", default=72, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.pass_context
def rehearse(ctx: click.Context, definition: Definition, participants: int, seed: int) -> None:
    """A dress rehearsal: the whole study with simulated participants, to a report, in a database of its own.

    Example: ./manage.py rehearse --study examples/voc-sample.toml --participants 72
    """
    from study.serve import served

    folder = HERE / "var" / definition.study.slug / f"rehearsal-{participants}-{seed}"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    os.environ["DISCERN_DATABASE_URL"] = f"sqlite:///{folder / 'rehearsal.sqlite3'}"
    prepare(ctx, definition)
    with served() as url:
        ctx.invoke(simulate, definition=definition, url=url, participants=participants, seed=seed)
    ctx.invoke(export, definition=definition, out=folder / "export")
    ctx.invoke(analyze, source=folder / "export", out=folder / "report")


COMMANDS = (rehearse,)
