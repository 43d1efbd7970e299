"""Commands from stimuli to an export: the database, the study in it, the server, simulated participants.

The packages are imported inside the commands: `manage.py --help` must not wait for them.
"""

import os
import secrets
import time
from functools import partial
from pathlib import Path

import click

from commands.interrupted import SENTENCES
from commands.options import require_same_request, slug_of, study_option, warn_of_lost_pictures, with_local_stimuli
from definition import Definition
from study import clock


@click.group()
def db() -> None:
    """The database of studies, participants and responses."""


@db.command("upgrade")
@click.option("--dry-run", is_flag=True, help="Say what is to be done and how long it will take, and do nothing.")
def db_upgrade(dry_run: bool = False) -> None:
    """Create the database or bring it to the present schema.

    SQLite under var/, or the database named by DISCERN_DATABASE_URL (postgresql+psycopg://host/name). How long it will
    take is estimated first, from the rows that are there and the time in which some of them are copied.

    Example: ./manage.py db upgrade --dry-run
    """
    from study.database.db import database_url, upgrade
    from study.database.forecast import forecast

    ahead = forecast(database_url())
    if ahead:
        click.echo("\n".join(ahead.in_words()))
    if dry_run:
        return click.echo(
            "Nothing was changed." if ahead else "No migration is due; a database that is missing is made."
        )
    begun = time.perf_counter()
    upgrade(database_url())
    took = f" It took {time.perf_counter() - begun:.1f} s." if ahead else ""
    click.echo(f"The database is up to date.{took}")


@db.command("overwrite")
def db_overwrite() -> None:
    """Write the database's files anew without what was deleted; withdrawn answers leave traces in them until then.

    Answers of people who take part wait meanwhile. It needs as much free disk space as the database has.

    Example: ./manage.py db overwrite
    """
    from study.database.db import ready_database
    from study.database.erasing import overwrite_deleted

    with ready_database() as database:
        is_done = overwrite_deleted(database)
    if not is_done:
        raise click.ClickException("the database was in use all the time; try again when fewer people take part")
    click.echo("The database's files were written anew, without what was deleted.")


@click.command("open-study")
@study_option
@click.option(
    "--stimuli",
    "moved_to",
    type=click.Path(path_type=Path),
    help="Folder of the stimulus set, where it is not the definition's `output` any more.",
)
def open_study(definition: Definition, moved_to: Path | None) -> None:
    """Freeze the definition, take in its stimuli and let participants in.

    A study that is open already takes its pictures from the folder where the set is now; each file is compared with
    its hash.

    Example: ./manage.py open-study --study examples/demo.toml
    """
    from contracts.stimulus_set import read_provenance, read_stimuli
    from study.conduct.opening import open_study as open_in_database
    from study.database.db import ready_database

    folder = moved_to or with_local_stimuli(definition).stimuli.output
    stimuli, provenance = read_stimuli(folder), read_provenance(folder)
    require_same_request(definition, provenance)
    with ready_database() as database, database.writing() as session:
        opened = open_in_database(
            session, definition.document, definition.sha256, stimuli, provenance, folder, clock.now()
        )
        session.commit()
    state = "is open" if opened.is_new else "was open already, with this very definition"
    click.echo(f"Study {definition.study.slug!r} {state}: /s/{definition.study.slug}")
    click.echo(f"Its pictures are taken from {folder}.")


@click.command("add-researcher")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["owner", "analyst", "viewer"]),
    default="owner",
    show_default=True,
    help="Owners do everything, analysts export, viewers look.",
)
@click.option("--new-password", is_flag=True, help="For a person who has an account; it ends their logins.")
@click.option(
    "--study",
    "slugs",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    callback=lambda context, _parameter, paths: [slug_of(context, path) for path in paths],
    help="A study that they see, and no others; may be given again. None: all studies, also later ones.",
)
def add_researcher(name: str, role: str, new_password: bool, slugs: list[str]) -> None:
    """Give a researcher an account; prints the password, which is stored nowhere but as a hash.

    A forgotten password cannot be shown; --new-password sets another one and keeps the role. With --study they see
    the studies of these definitions; `share-study` shares further ones.

    Example: ./manage.py add-researcher ada --role analyst
    """
    from study.conduct.access import share
    from study.conduct.admins import create_admin, set_password
    from study.database.db import ready_database

    if new_password and slugs:
        raise click.UsageError("--new-password changes no studies; share them with `./manage.py share-study`")
    password = secrets.token_urlsafe(12)
    with ready_database() as database, database.writing() as session:
        if new_password:
            admin = set_password(session, name, password, clock.now())
        else:
            admin = create_admin(session, name, password, clock.now(), role, sees_all=not slugs)
        for slug in slugs:
            share(session, slug, name, "manage.py", clock.now())
        session.commit()
        role = admin.role
    click.echo(f"Researcher {name!r} ({role}), password {password}\nIt is shown this once.")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes; two a core at most."
)
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 32), help="Threads in each process.")
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve all open studies, at /s/<slug>, and the researchers' pages, at /researcher.

    Example: ./manage.py serve --port 8080
    """
    run_server(host, port, workers, threads)


def run_server(host: str, port: int, workers: int = 2, threads: int = 8, addresses: str = "") -> None:
    """Serve until stopped; `addresses` are told once they answer."""
    from study.serve import refuse_metrics, refuse_taken_port, refuse_wrong_settings
    from study.serve import serve as serve_until_stopped

    refuse_wrong_settings()
    refuse_taken_port(host, port)
    refuse_metrics(port)
    warn_of_lost_pictures()
    process = os.getpid()
    told = f"{addresses}Serving on http://{host}:{port} (stop with Ctrl-C)"
    try:
        serve_until_stopped(host, port, workers, threads, partial(click.echo, told))
    finally:
        if os.getpid() == process:  # not one of its workers
            click.echo(f"\nStopped. {SENTENCES['serve']}")


@click.command()
@study_option
@click.option("--out", default=Path("export"), show_default=True, type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Put it in place of an earlier export in that folder.")
def export(definition: Definition, out: Path, replace: bool) -> None:
    """Write the study's data as a Psych-DS folder. May run while people take part.

    Example: ./manage.py export --study examples/demo.toml --out export
    """
    from study.database.db import ready_database
    from study.export.files import export_study
    from study.export.proof import hashes, record_export

    slug = definition.study.slug
    with ready_database() as database:
        with database.snapshot() as session:
            folder = export_study(session, slug, out, replace)
        with database.writing() as session:
            record_export(session, "manage.py", slug, hashes(folder), clock.now())
            session.commit()
    click.echo(f"Export: {folder}")


COMMANDS = (db, open_study, add_researcher, serve, export)
