"""The survey's own commands of manage.py. Each parses its options, calls one function and prints the outcome.

What they need is imported inside them: `manage.py --help` must not wait for it.
"""

from pathlib import Path

import click

a_path = click.Path(path_type=Path)


@click.command("backup")
@click.argument("file", type=a_path)
def backup_command(file: Path) -> None:
    """Copy the database into FILE, while people take part. Stimuli and definitions are files of their own.

    Example: manage.py backup discern-monday.backup
    """
    from study.backup import backup
    from study.db import database_url

    click.echo(f"Backup: {backup(database_url(), file)}")


@click.command("restore")
@click.argument("file", type=a_path)
def restore_command(file: Path) -> None:
    """Bring a backup back into an empty database, never over one that holds something.

    Example: manage.py restore discern-monday.backup
    """
    from study.backup import restore
    from study.db import database_url, upgrade

    restore(file, database_url())
    upgrade(database_url())
    click.echo(f"Restored from {file}.")


@click.command("verify")
@click.argument("source", metavar="EXPORT", type=a_path)
def verify_command(source: Path) -> None:
    """Prove an export (folder or zip) against the audit log: whole, unaltered, given out by this database.

    Example: manage.py verify export
    """
    from study.db import connect, database_url, require_ready
    from study.export_proof import prove

    database = connect(database_url())
    require_ready(database)
    with database.snapshot() as session:
        proof = prove(session, source)
    click.echo(
        f"{source} is what {proof.actor} took out at {proof.at:%Y-%m-%d %H:%M} UTC.\n"
        f"The audit log's {proof.entries} entries fit together; the last is {proof.head}."
    )


COMMANDS = (backup_command, restore_command, verify_command)
