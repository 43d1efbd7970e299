"""A first look: the demonstration study and its server, in one command."""

import secrets
from typing import Any

import click

from commands.options import DEMO
from commands.prepare import prepare
from commands.survey import run_server
from definition import load_definition
from study import clock


@click.command()
@click.option("--port", default=8000, show_default=True)
@click.pass_context
def demo(ctx: click.Context, port: int) -> None:
    """Everything for a first look: scenes, networks, stimuli, database, study, then the server.

    Example: ./manage.py demo --port 8080
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
    run_server(
        "127.0.0.1",
        port,
        addresses=f"\nParticipants: {address}/s/{definition.study.slug}\n"
        f"Researchers:  {address}/researcher   name 'demo', password {password}\n\n",
    )


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


COMMANDS = (demo,)
