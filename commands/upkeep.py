"""The survey's own commands of manage.py. Each parses its options, calls one function and prints the outcome.

What they need is imported inside them: `manage.py --help` must not wait for it.
"""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import open_study_option, warn_of_lost_pictures
from study import clock

if TYPE_CHECKING:
    from study.conduct.deletions import Deletion

a_path = click.Path(path_type=Path)


@click.command("backup")
@click.argument("file", type=a_path)
def backup_command(file: Path) -> None:
    """Copy the database into FILE, while people take part. Stimuli and definitions are files of their own.

    Example: ./manage.py backup discern-monday.backup
    """
    from study.database.backup import backup
    from study.database.db import database_url

    click.echo(f"Backup: {backup(database_url(), file)}")
    _note_backup(file.name)


def _note_backup(name: str) -> None:
    """In the audit log, so that the researchers' page of the server can say when the last one was."""
    from study.conduct.health import BACKUP
    from study.database import audit
    from study.database.db import ready_database
    from study.errors import DatabaseNotReadyError

    # A backup before an upgrade is one all the same.
    with suppress(DatabaseNotReadyError), ready_database() as database, database.writing() as session:
        audit.append(session, "manage.py", BACKUP, {"file": name}, clock.now())
        session.commit()


@click.command("restore")
@click.argument("file", type=a_path)
@click.option("--stimuli", "folders", multiple=True, type=a_path, help="Where a study's stimulus set is now.")
def restore_command(file: Path, folders: tuple[Path, ...]) -> None:
    """Bring a backup back into an empty database, never over one that holds something.

    A backup holds no pictures. --stimuli, once for each study, names the folder where they are on this machine; every
    file is compared with its hash.

    Example: ./manage.py restore discern-monday.backup
    """
    from contracts.stimulus_set import verify
    from study.database.backup import restore
    from study.database.db import database_url, upgrade

    for folder in folders:
        verify(folder)  # before anything is written
    restore(file, database_url())
    upgrade(database_url())
    click.echo(f"Restored from {file}.")
    for folder in folders:
        _find_pictures(folder)
    warn_of_lost_pictures()


def _find_pictures(folder: Path) -> None:
    from study.conduct.lost_pictures import find_again
    from study.database.db import ready_database

    with ready_database() as database, database.writing() as session:
        slugs = find_again(session, folder, clock.now())
        session.commit()
    click.echo(f"Pictures of {', '.join(slugs)} are taken from {folder}.")


@click.command("verify")
@click.argument("source", metavar="EXPORT", type=a_path)
def verify_command(source: Path) -> None:
    """Prove an export (folder or zip) against the audit log: whole, unaltered, given out by this database.

    Example: ./manage.py verify export
    """
    from study.conduct.deletions import deletions
    from study.database.db import ready_database
    from study.errors import AuditError
    from study.export.proof import prove
    from study.taking_part.chain import check_chains

    with ready_database() as database, database.snapshot() as session:
        proof, chains = prove(session, source), check_chains(session)
        deleted, since = deletions(session), deletions(session, proof.at)
    if chains.broken:
        raise AuditError(
            f"answers of {', '.join(chains.broken[:10])} in the database are not those that were stored: their chain is"
            " broken; compare with a backup"
        )
    click.echo(
        f"{source} is what {proof.actor} took out at {proof.at:%Y-%m-%d %H:%M} UTC.\n"
        f"The audit log's {proof.entries} entries fit together; the last is {proof.head}.\n"
        f"The answers of {chains.checked} participants in the database fit the chains that were made as they came.\n"
        "Not proven: that nobody changed answers in the database before this export and made the chains anew. Copies of"
        " the database"
        " (`./manage.py backup`), made while the study runs and kept by somebody else, can show that."
    )
    _tell_deletions(deleted, since)


def _tell_deletions(deleted: "list[Deletion]", since: "list[Deletion]") -> None:
    for one in deleted:
        click.echo(f"Deleted from study {one.slug!r}: {one.words}, last on {one.last:%Y-%m-%d}.")
    if since:
        click.echo(
            "Data were deleted after this export was made. Make a new export and delete this one where it has their"
            " data (docs/how-to/data-protection.md)."
        )


@click.command("blind-check")
@open_study_option
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="Where the study is served.")
@click.option("--participants", default=30, show_default=True, type=click.IntRange(4))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
def blind_check_command(slug: str, url: str, participants: int, seed: int) -> None:
    """Does anything but the pixels tell method, network, truth or a catch trial? Exit status 1 if so.

    Simulated participants take the served study and a classifier judges all that their browsers could notice. They
    take up simulated participants' places, so try it before real people come or on a copy.

    Example: ./manage.py blind-check --study examples/demo.toml --url http://127.0.0.1:8000
    """
    from study.database.db import ready_database
    from study.errors import BlindnessError
    from study.rehearsal.blind_check import blind_check, table

    with ready_database() as database, click.progressbar(length=participants, label="Simulated participants") as bar:
        found = blind_check(database, url, slug, participants, seed, lambda done, _: bar.update(done - bar.pos))
    click.echo(table(found))
    if found.leaks:
        raise BlindnessError(f"told by more than the pixels: {'; '.join(found.leaks)}")
    click.echo("Nothing but the pixels tells anything.")


COMMANDS = (backup_command, blind_check_command, restore_command, verify_command)
