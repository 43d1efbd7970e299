"""Commands over a whole study: is it ready, a first look, a dress rehearsal."""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from commands.analyzing import analyze
from commands.definitions import (
    DEMO,
    HERE,
    now,
    require_same_request,
    study_option,
    with_local_stimuli,
)
from commands.errors import is_room_error
from commands.making import generate_stimuli, make_scenes, train
from commands.surveying import db_upgrade, export, open_study, serve, simulate
from definition import Definition, load_definition
from stimuli.config import StimulusRequest

OLDEST_SQLITE = (3, 35)


@click.command()
@study_option
def check(definition: Definition) -> None:
    """Say in plain words whether photographs, networks, stimuli, database and front end are ready.

    Whether stimuli could be made is told without making any: photographs that fit the tasks, networks that go together.

    Example: manage.py check --study examples/voc-sample.toml
    """
    problems = 0
    for thing, look in readiness(definition).items():
        try:
            state, words = "ready", look()
        except Exception as error:
            if not is_room_error(error):
                raise
            state, words = "NOT READY", str(error)
            problems += 1
        click.echo(f"{state:<10} {thing}: {words}")
    if problems:
        raise click.ClickException(f"{problems} of these need attention before {definition.path} can run")


def readiness(definition: Definition) -> dict[str, Callable[[], str]]:
    """What a study stands on, and for each a look at it that says in words what is there, or raises."""
    from contracts.stimulus_set import read_provenance, verify
    from models.catalogue import LoadedNetwork, load_network
    from models.voc import open_split, read_image
    from stimuli.generate import used_networks
    from stimuli.select import at_most_eligible
    from study.conduct.opening import require_same_definition
    from study.database.db import ready_database
    from study.views.server.frontend import check_packages

    dataset = definition.dataset
    loaded: dict[str, LoadedNetwork] = {}

    def photographs() -> str:
        images = open_split(dataset, dataset.split)
        read_image(images[0].path)
        fitting = at_most_eligible(definition.requests, images, dataset.categories)
        shown = ", ".join(f"{r.task!r} shows {r.images} of {_at_most(r, fitting[r.task])}" for r in definition.requests)
        return f"{len(images)} images in split {dataset.split!r} of {dataset.root}; {shown}"

    def network(name: str) -> str:
        loaded[name] = read = load_network(name, definition.networks[name], dataset.categories)
        precision = read.mean_average_precision
        measured = "mAP not measured" if precision is None else f"mAP {precision:.3f}"
        return f"{read.architecture}, {len(read.categories)} categories, {measured}"

    def networks_together() -> str:
        used = used_networks(definition.requests, loaded, dataset.categories)
        return (
            f"{' and '.join(used)} know the study's {len(dataset.categories)} categories and draw pictures of one size"
        )

    def stimuli() -> str:
        folder = with_local_stimuli(definition).stimuli.output
        count = verify(folder)
        require_same_request(definition, read_provenance(folder))
        return f"{count} visualizations in {folder}, every file as it was made"

    def database() -> str:
        require_sqlite()
        with ready_database() as ready, ready.reading() as session:
            require_same_definition(session, definition.document, definition.sha256)
        return ready.engine.url.render_as_string(hide_password=True)

    def front_end() -> str:
        check_packages()
        return "jsPsych and its plugins are installed"

    networks = {f"network {name}": partial(network, name) for name in definition.networks}
    return {
        "photographs": photographs,
        **networks,
        "networks together": networks_together,
        "stimuli": stimuli,
        "database": database,
        "front end": front_end,
    }


def _at_most(request: StimulusRequest, fitting: int) -> str:
    if request.kind == "trust":
        return f"at most {fitting} that fit (the networks must agree on them)"
    return f"{fitting} that fit"


def require_sqlite(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Raise DatabaseNotReadyError when Python's SQLite cannot run the migrations (ALTER TABLE … DROP COLUMN)."""
    from study.database.db import database_url, parsed_url
    from study.errors import DatabaseNotReadyError

    if parsed_url(database_url()).get_backend_name() == "sqlite" and version < OLDEST_SQLITE:
        found, needed = (".".join(map(str, v)) for v in (version, OLDEST_SQLITE))
        raise DatabaseNotReadyError(
            f"this Python brings SQLite {found}, {needed} or newer is needed; install a newer Python, or name a"
            " PostgreSQL database in DISCERN_DATABASE_URL"
        )


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
        set_password(session, "demo", password, now())
    except AdminError:
        create_admin(session, "demo", password, now())
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


COMMANDS = (check, demo, rehearse)
