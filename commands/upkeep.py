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
@click.argument("file", type=a_path, required=False)
@click.option(
    "--all",
    "folder",
    metavar="DIR",
    type=a_path,
    help="Into a new file in DIR, with the definitions and the index of the pictures.",
)
@click.option("--keep", type=click.IntRange(1), help="With --all: delete all but this many of its files in DIR.")
def backup_command(file: Path | None, folder: Path | None, keep: int | None) -> None:
    """Copy the database into FILE, while people take part. Pictures are files of their own.

    With --all, the copy is a zip file named after the time, of which `restore --check` rehearses the restoring.

    Example: ./manage.py backup discern-monday.backup

    Example: ./manage.py backup --all backups --keep 30
    """
    if (file is None) == (folder is None) or (keep and not folder):
        raise click.UsageError("name either a FILE or a folder with --all DIR; --keep goes with --all")
    made = _back_up(file) if file else _back_up_all(folder or Path(), keep)
    click.echo(f"Backup: {made}")
    _note_backup(made.name)


def _back_up(file: Path) -> Path:
    from study.database.backup import backup
    from study.database.db import database_url

    return backup(database_url(), file)


def _back_up_all(folder: Path, keep: int | None) -> Path:
    from study.conduct.copies import backup_all
    from study.database.db import database_url

    made, deleted = backup_all(database_url(), folder, keep, clock.now())
    for path in deleted:
        click.echo(f"Deleted: {path}")
    return made


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
@click.option("--check", is_flag=True, help="Rehearse it in a database of its own, and change nothing.")
def restore_command(file: Path, folders: tuple[Path, ...], check: bool) -> None:
    """Bring a backup back into an empty database, never over one that holds something.

    FILE may be the folder of `backup --all`: its newest backup is taken.

    A backup holds no pictures. --stimuli, once for each study, names the folder where they are on this machine; every
    file is compared with its hash. --check compares the rows, hashes and chains of what it restored with those that
    were backed up; on PostgreSQL the user must be allowed to create a database.

    Example: ./manage.py restore discern-monday.backup

    Example: ./manage.py restore --check backups
    """
    from contracts.stimulus_set import verify
    from study.conduct.copies import database_of, newest
    from study.database.backup import restore
    from study.database.db import database_url, upgrade

    if check:
        return _rehearse(newest(file))
    for folder in folders:
        verify(folder)  # before anything is written
    with database_of(newest(file)) as copy:
        restore(copy, database_url())
    upgrade(database_url())
    click.echo(f"Restored from {file}.")
    for folder in folders:
        _find_pictures(folder)
    warn_of_lost_pictures()


def _rehearse(file: Path) -> None:
    from study.conduct.restoring import rehearse_restore
    from study.database.db import database_url
    from study.errors import BackupError

    found = rehearse_restore(file, database_url())
    click.echo(
        f"Restored for the rehearsal: {found.rows['study']} studies, {found.rows['participant']} participants,"
        f" {found.rows['response']} answers, {found.audit_entries} entries of the audit log."
    )
    if found.problems:
        raise BackupError(f"{file} is not what was backed up: {'; '.join(found.problems[:5])}")
    click.echo(f"The hashes fit, and the answers of {found.chains} participants fit their chains. Nothing was changed.")
    if not found.compared:
        click.echo("A plain copy does not say how many rows it must have; `./manage.py backup --all DIR` does.")


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
        deleted = deletions(session)
        since = [one for one in deletions(session, proof.at) if one.slug == proof.slug]
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
