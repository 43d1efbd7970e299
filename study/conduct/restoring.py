"""Restoring a backup, rehearsed in a database of its own: is everything there, and does it fit together?"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import create_engine, make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from contracts.hashing import canonical_sha256
from study.conduct.copies import database_of, facts, read_manifest
from study.database import audit
from study.database.backup import restore
from study.database.db import connect, upgrade
from study.database.loads import counted
from study.database.schema import Load, Study
from study.database.url import parsed_url
from study.errors import AuditError, BackupError
from study.taking_part.chain import check_chains


@dataclass(frozen=True)
class Rehearsal:
    """What was found in the restored database. `problems` is empty where everything fits.

    `compared`: the backup says what it must hold, and it was compared with that.
    """

    rows: dict[str, int]
    audit_entries: int
    chains: int
    compared: bool
    problems: tuple[str, ...]


def rehearse_restore(file: Path, url: str) -> Rehearsal:
    """Restore `file` into a new database beside the one at `url`, look at it and drop it again. Raises BackupError."""
    manifest = read_manifest(file)
    with _scratch(url) as scratch, database_of(file) as copy:
        restore(copy, scratch)
        upgrade(scratch)
        database = connect(scratch)
        try:
            with database.snapshot() as session:
                return _look(session, manifest["facts"] if manifest else None)
        finally:
            database.engine.dispose()


def _look(session: Session, promised: dict[str, object] | None) -> Rehearsal:
    found = facts(session)
    entries, problems = 0, []
    try:
        entries = audit.verify(session)
    except AuditError as error:
        problems.append(str(error))
    chains = check_chains(session)
    problems += [f"the answers of {public_id} do not fit their chain" for public_id in chains.broken]
    problems += [*_unlike_definitions(session), *_unlike_loads(session)]
    if promised is not None:
        problems += _unlike(promised, asdict(found))
    return Rehearsal(found.rows, entries, chains.checked, promised is not None, tuple(problems))


def _unlike(promised: dict[str, object], found: dict[str, object]) -> list[str]:
    here = dict(_flat(found))
    return [
        f"{name}: {here.get(name)} in place of {value}" for name, value in _flat(promised) if here.get(name) != value
    ]


def _flat(told: dict[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in told.items():
        if isinstance(value, dict):
            yield from ((f"{name} of {key}", inner) for key, inner in value.items())
        else:
            yield name, value


def _unlike_definitions(session: Session) -> Iterator[str]:
    for study in session.scalars(select(Study)):
        if canonical_sha256(study.document) != study.definition_sha256:
            yield f"the definition of study {study.slug!r} does not have its hash"


def _unlike_loads(session: Session) -> Iterator[str]:
    rows = session.execute(select(Load.item_id, Load.observer_kind, Load.ratings).where(Load.ratings != 0))
    kept = {(item, kind): ratings for item, kind, ratings in rows}
    if kept != {(item, kind): ratings for item, kind, ratings in session.execute(counted())}:
        yield "the sums of ratings do not fit the trials"


@contextmanager
def _scratch(url: str) -> Iterator[str]:
    """URL of a database that is there for the rehearsal only."""
    if parsed_url(url).get_backend_name() == "sqlite":
        with tempfile.TemporaryDirectory(prefix="discern-") as folder:
            yield f"sqlite:///{folder}/rehearsal.db"
        return
    name = f"discern_rehearsal_{os.urandom(6).hex()}"
    _order(url, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        _order(url, f"DROP DATABASE {name} WITH (FORCE)")


def _order(url: str, statement: str) -> None:
    server = create_engine(parsed_url(url), isolation_level="AUTOCOMMIT", hide_parameters=True)
    try:
        with server.connect() as connection:
            connection.exec_driver_sql(statement)
    except SQLAlchemyError as error:
        raise BackupError(
            f"the rehearsal needs a database of its own: {getattr(error, 'orig', error)}; let a user who may create"
            " databases run it (ALTER ROLE … CREATEDB), or one on another server"
        ) from error
    finally:
        server.dispose()
