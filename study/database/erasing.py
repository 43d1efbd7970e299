"""Rows deleted with all that refers to them, and the bytes that they leave in the database's files overwritten.

SQLite keeps deleted rows in its log until a checkpoint, and copies of moved rows in its pages; PostgreSQL keeps them
until a table is written anew.
"""

from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, or_, select
from sqlalchemy.exc import OperationalError, TimeoutError
from sqlalchemy.orm import Session

from study.database.db import BUSY_TIMEOUT_S, Database
from study.database.gate import WriteGate
from study.database.schema import Base, TurnedAway

Rows = tuple[Table, ColumnElement[bool]]
_TRIES = 3


def with_dependents(root: Table, which: ColumnElement[bool]) -> list[Rows]:
    """(table, which rows) of each table that holds rows of `root` or refers to them; children before parents."""
    chosen = {root: which}
    for table in Base.metadata.sorted_tables:
        keys = [key for key in table.foreign_keys if key.column.table in chosen and table is not root]
        found = [key.parent.in_(select(key.column).where(chosen[key.column.table])) for key in keys]
        if found:
            chosen[table] = or_(*found)
    return [(table, chosen[table]) for table in reversed(Base.metadata.sorted_tables) if table in chosen]


def count_rows(session: Session, rows: Sequence[Rows]) -> dict[str, int]:
    """Table → number of these rows, parents before children; tables without any are left out."""
    counts = {
        table.name: session.scalar(select(func.count()).select_from(table).where(which)) or 0
        for table, which in reversed(rows)
    }
    return {name: count for name, count in counts.items() if count}


def delete_rows(session: Session, rows: Sequence[Rows]) -> None:
    """In this order. The caller commits."""
    for table, which in rows:
        session.execute(delete(table).where(which))


def overwrite_deleted(database: Database) -> bool:
    """Write the tables anew, without what was deleted; False where others used them all the time and kept that off.

    Others who write wait meanwhile. It needs as much free disk space as the database has.
    """
    overwrite = _rebuild_sqlite if database.engine.dialect.name == "sqlite" else _rebuild_postgresql
    for _ in range(_TRIES):
        with suppress(OperationalError, TimeoutError):
            if overwrite(database):
                return True
    return False


def _rebuild_sqlite(database: Database) -> bool:
    """Behind the gate, where its turn comes however many others write."""
    gate = WriteGate(str(database.engine.url.database), BUSY_TIMEOUT_S)
    gate.enter()
    try:
        with closing(database.engine.raw_connection()) as pooled:
            return _vacuum(pooled.driver_connection)
    except database.engine.dialect.loaded_dbapi.Error as error:
        raise OperationalError(None, None, error) from error
    finally:
        gate.leave()


def _vacuum(connection: Any) -> bool:
    """VACUUM writes all pages into the log, which is then emptied, unless a reader keeps it."""
    connection.execute("VACUUM")
    is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


def _rebuild_postgresql(database: Database) -> bool:
    """Statistics of the tables hold values of rows, so they are computed anew as well."""
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for table in tables_of_people():
            connection.exec_driver_sql(f'VACUUM (FULL, ANALYZE) "{table.name}"')
    return True


def tables_of_people() -> list[Table]:
    """Those with rows of single participants and of people who were turned away."""
    participants = Base.metadata.tables["participant"]
    return [
        *(table for table, _ in with_dependents(participants, participants.c.id > 0)),
        Base.metadata.tables[TurnedAway.__tablename__],
    ]
