"""Commands of manage.py that delete people's data: one person's, recruitment ids, a whole study.

What they need is imported inside them: `manage.py --help` must not wait for it.
"""

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from commands.options import json_option, open_study_option, print_json
from study import clock

if TYPE_CHECKING:
    from study.conduct.forgetting import Known
    from study.conduct.recruitment_ids import Ids
    from study.conduct.retention import Retention
    from study.conduct.study_deletion import Doomed
    from study.database.db import Database

_ACTOR = "manage.py"
_NOTHING_DONE = "Nothing was deleted. The same command with --confirm does it."
_ELSEWHERE = (
    "Not reached from here: backups, earlier exports, and the platform's own records."
    " docs/how-to/data-protection.md says what to do with them."
)
_IDS_GONE = "People are not recognised by these ids any more, so the study cannot be opened again."
_WRITTEN_ANEW = "The database's files were written anew without it."
_IN_USE = (
    "Warning: the database was in use, so its files may still hold deleted rows; run `./manage.py db overwrite` when"
    " fewer people take part."
)
_confirm = click.option("--confirm", is_flag=True, help="Delete. Without this, only say what would be deleted.")


@click.command("forget")
@open_study_option
@click.option(
    *("--prolific-id", "--worker-id", "--sona-id", "--pid", "raw_id"),
    metavar="ID",
    help="As the platform or the study's link has it; each of these names is for any platform.",
)
@click.option("--participant", "public_id", metavar="ID", help="The participant_id of the export.")
@_confirm
def forget_command(slug: str, raw_id: str | None, public_id: str | None, confirm: bool) -> None:
    """Delete all data of one person, as a withdrawal does, and say what stays.

    Example: ./manage.py forget --study examples/demo.toml --prolific-id 5f3a9c --confirm
    """
    from study.conduct.forgetting import forget, known
    from study.database.db import ready_database

    hashes = _hashes(raw_id, public_id)
    with ready_database() as database:
        with database.writing() as session:
            found = known(session, slug, public_id, hashes)
            if confirm:
                forget(session, found, hashes, _ACTOR, clock.now())
                session.commit()
        _tell_forgotten(found, confirm)
        if confirm:
            _overwrite(database)


def _hashes(raw_id: str | None, public_id: str | None) -> frozenset[str]:
    from study.conduct.forgetting import identities
    from study.security import identity_key

    if bool(raw_id) == bool(public_id):
        raise click.UsageError("name the person, either by --prolific-id (or --worker-id, …) or by --participant")
    return identities(identity_key(os.environ), raw_id) if raw_id else frozenset()


def _tell_forgotten(found: "Known", is_done: bool) -> None:
    click.echo(f"{found.public_id or 'Somebody who was turned away'}, study {found.slug!r}")
    _tell_rows(found.rows, is_done)
    _tell("Stays in the audit log:", _stays(found))
    if found.elsewhere:
        click.echo(f"The same person came to {', '.join(found.elsewhere)}; run the command there, too.")
    click.echo(_ELSEWHERE if is_done else _NOTHING_DONE)


def _stays(found: "Known") -> Iterator[str]:
    with_number = ", with the random participant number and the number of answers"
    yield f"a note of the deletion{with_number if found.public_id else ''}"
    if found.public_id and found.keeps_consent:
        yield "the proof of consent (keep_consent): its date, version, language and boxes"
    yield from (f"{count} × {action}" for action, count in found.audited.items())


def _tell_rows(rows: dict[str, int], is_done: bool) -> None:
    heading = "Deleted:" if is_done else "Would be deleted:"
    _tell(heading, (f"{count} in {table}" for table, count in rows.items()))


def _tell(heading: str, lines: Iterable[str]) -> None:
    click.echo("\n  ".join([heading, *lines]))


def _overwrite(database: "Database") -> None:
    from study.database.erasing import overwrite_deleted

    is_done = overwrite_deleted(database)
    click.echo(_WRITTEN_ANEW if is_done else _IN_USE, err=not is_done)


@click.command("delete-recruitment-ids")
@open_study_option
@click.option(
    "--all-paid", is_flag=True, help="Also the ids of people whose payment is not recorded here: you have paid them."
)
@_confirm
def delete_recruitment_ids_command(slug: str, all_paid: bool, confirm: bool) -> None:
    """Delete the recruitment ids of a closed study, and the hashes of them; answers stay.

    Ids of people who are not paid yet are kept, as far as `recruit approve` has recorded payments.

    Example: ./manage.py delete-recruitment-ids --study examples/demo.toml
    """
    from study.conduct.recruitment_ids import delete_recruitment_ids, recruitment_ids
    from study.database.db import ready_database

    with ready_database() as database:
        with database.writing() as session:
            ids = recruitment_ids(session, slug, clock.now(), all_paid)
            if confirm:
                delete_recruitment_ids(session, ids, _ACTOR, clock.now())
                session.commit()
        _tell_ids(ids, confirm)
        if confirm:
            _overwrite(database)


def _tell_ids(ids: "Ids", is_done: bool) -> None:
    _tell_rows({"participant": len(ids.people), "turned_away": len(ids.turned_away)}, is_done)
    if ids.taking_part:
        click.echo(f"Kept: the ids of {ids.taking_part} people who can still finish.")
    if ids.unpaid:
        click.echo(
            f"Kept: the ids of {ids.unpaid} people who finished and whose payment is not recorded here;"
            " --all-paid says that they are paid, and deletes these, too."
        )
    click.echo(_IDS_GONE if is_done else _NOTHING_DONE)


@click.command("delete-study")
@open_study_option
@click.option("--confirm", metavar="SLUG", help="The study's slug, typed: delete it. Without this, only say what goes.")
def delete_study_command(slug: str, confirm: str | None) -> None:
    """Delete a study from the database: it must be closed, and exported or backed up since.

    Its definition and pictures are files of their own and stay.

    Example: ./manage.py delete-study --study examples/demo.toml --confirm demo
    """
    from study.conduct.study_deletion import delete_study, doomed
    from study.database.db import ready_database

    if confirm not in (None, slug):
        raise click.UsageError(f"--confirm {confirm} is not the slug of this study, {slug}; nothing was deleted")
    with ready_database() as database:
        with database.writing() as session:
            found = doomed(session, slug)
            if confirm:
                delete_study(session, found, _ACTOR, clock.now())
                session.commit()
        _tell_doomed(found, bool(confirm))
        if confirm:
            _overwrite(database)


def _tell_doomed(found: "Doomed", is_done: bool) -> None:
    _tell_rows(found.rows, is_done)
    click.echo(f"The last {found.kept} was made at {found.kept_at:%Y-%m-%d %H:%M} UTC; is it where you can find it?")
    click.echo(f"Its pictures stay in {found.stimuli_folder}, and the audit log keeps its entries.")
    click.echo(_ELSEWHERE if is_done else f"Nothing was deleted. --confirm {found.slug} deletes it.")


@click.command("retention")
@click.option(
    "--keep-months",
    type=click.IntRange(1, 600),
    help="After closing, for studies whose definition has no time in [data]; none: these are kept.",
)
@json_option
@_confirm
def retention_command(keep_months: int | None, as_json: bool, confirm: bool) -> None:
    """List until when the data of each study are kept, and delete what is due.

    `[data]` of a definition says the time, and whether the study or the recruitment ids alone are deleted. A study is
    deleted only when it is closed, and exported or backed up since.

    Example: ./manage.py retention --keep-months 120
    """
    from study.conduct.retention import kept
    from study.database.db import ready_database

    with ready_database() as database:
        with database.reading() as session:
            found = kept(session, clock.now(), keep_months)
        _tell_kept(found, as_json)
        if as_json and not confirm:
            return
        due = [one for one in found if one.is_due]
        if not confirm or not due:
            click.echo(_NOTHING_DONE if due else "Nothing is due.")
            return
        refused = [words for one in due if (words := _delete_due(database, one))]
        _overwrite(database)
    if refused:
        raise click.ClickException("\n".join(refused))


def _tell_kept(found: "list[Retention]", as_json: bool) -> None:
    from study.conduct.status import as_json as told

    if as_json:
        return print_json([told(one) for one in found])
    for one in found:
        what = {"study": "all data", "recruitment-ids": "recruitment ids"}[one.delete]
        until = f"until {one.last_day}" if one.last_day else "until some time after it is closed"
        click.echo(f"{one.slug} ({one.state}): {what} {until}{', due' if one.is_due else ''}")


def _delete_due(database: "Database", one: "Retention") -> str | None:
    """Delete it; why that was refused. What participants were told binds, so unpaid people's ids go as well."""
    from study.conduct.recruitment_ids import delete_recruitment_ids, recruitment_ids
    from study.conduct.study_deletion import delete_study, doomed
    from study.errors import ConductError

    now = clock.now()
    with database.writing() as session:
        try:
            if one.delete == "study":
                delete_study(session, doomed(session, one.slug), _ACTOR, now)
            else:
                delete_recruitment_ids(session, recruitment_ids(session, one.slug, now, True), _ACTOR, now)
        except ConductError as error:
            return f"{one.slug} is not deleted: {error}"
        session.commit()
    click.echo(f"{one.slug}: deleted")
    return None


COMMANDS = (forget_command, delete_recruitment_ids_command, delete_study_command, retention_command)
