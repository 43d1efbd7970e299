"""Commands over a whole study: is it ready, a first look, a dress rehearsal."""

import os
import secrets
import shutil
from typing import Any

import click

from commands.analysis import analyze
from commands.options import DEMO, HERE, study_option
from commands.simulate import simulate
from commands.stimuli import generate_stimuli, make_scenes, train
from commands.survey import db_upgrade, export, open_study, serve
from definition import Definition, load_definition
from study import clock


@click.command()
@click.option("--port", default=8000, show_default=True)
@click.pass_context
def demo(ctx: click.Context, port: int) -> None:
    """Everything for a first look: scenes, networks, stimuli, database, study, then the server.

    Example: manage.py demo --port 8080
    """
    from study.database.db import ready_database
    from study.serve import refuse_taken_port

    refuse_taken_port("127.0.0.1", port)
    definition = load_definition(DEMO)
    prepare(ctx, definition)
    with ready_database() as database, database.writing() as session:
        password = demo_researcher(session)
        session.commit()
    address = f"http://127.0.0.1:{port}"
    click.echo(f"\nParticipants: {address}/s/{definition.study.slug}")
    click.echo(f"Researchers:  {address}/researcher   name 'demo', password {password}\n")
    ctx.invoke(serve, port=port)


def prepare(ctx: click.Context, definition: Definition) -> None:
    """Bring a definition to an open study; finished steps are recognised by the commands themselves."""
    if definition.path.resolve() == DEMO:
        ctx.invoke(make_scenes, definition=definition)
    untrained = tuple(name for name, network in definition.networks.items() if not network.checkpoint.exists())
    if untrained:
        ctx.invoke(train, definition=definition, names=untrained)
    ctx.invoke(generate_stimuli, definition=definition)
    ctx.invoke(db_upgrade)
    ctx.invoke(open_study, definition=definition)


def demo_researcher(session: Any) -> str:
    """A new password for the demo's researcher each time: none is kept that could be printed again."""
    from study.conduct.admins import create_admin, set_password
    from study.errors import AdminError

    password = secrets.token_urlsafe(12)
    try:
        set_password(session, "demo", password, clock.now())
    except AdminError:
        create_admin(session, "demo", password, clock.now())
    return password


@click.command()
@study_option
@click.option("--participants", default=72, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.pass_context
def rehearse(ctx: click.Context, definition: Definition, participants: int, seed: int) -> None:
    """A dress rehearsal: the whole study with simulated participants, to a report, in a database of its own.

    Example: manage.py rehearse --study examples/voc-sample.toml --participants 72
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


COMMANDS = (demo, rehearse)
