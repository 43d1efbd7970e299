"""The database: one engine, short sessions, and the rules that every connection keeps.

SQLite by default (write-ahead log, every commit on disk before it is acknowledged), PostgreSQL by URL.
A session that may write takes SQLite's write lock when it begins (`BEGIN IMMEDIATE`), so that what it reads
is still true when it writes; on PostgreSQL the caller locks the rows it decides upon.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from select import POLLIN, poll
from typing import Any, cast

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, inspect, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, DisconnectionError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from study.database.driver import Driver
from study.database.gate import WriteGate
from study.database.url import parsed_url
from study.errors import DatabaseNotReadyError

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_URL = f"sqlite:///{ROOT / 'var' / 'discern.db'}"
BUSY_TIMEOUT_S = 5.0
_SYNCHRONOUS_FULL = 2
_WRITES = "discern_writes"
_GATE = "discern_gate"
_FRESH = "discern_fresh"
_FILE = "discern_file"


@dataclass(frozen=True)
class Database:
    """`with database.writing() as session: …; session.commit()`; `reading()` never waits for a writer on SQLite."""

    engine: Engine
    reading: sessionmaker[Session]  # each statement sees what is committed by then
    writing: sessionmaker[Session]
    snapshot: sessionmaker[Session]  # every statement of its transaction sees the same state: for exports
    answering: Callable[[], AbstractContextManager[Driver]]  # SQLite: one transaction; PostgreSQL: one each statement


def database_url(environ: Mapping[str, str] = os.environ) -> str:
    """`DISCERN_DATABASE_URL`, else a SQLite file under var/."""
    return environ.get("DISCERN_DATABASE_URL") or DEFAULT_URL


def connect(url: str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Make the engine and its sessions; nothing is connected before the first use.

    Raises DatabaseNotReadyError for a URL that `parsed_url` refuses.
    """
    if parsed_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=QueuePool, connect_args={"check_same_thread": False}, **_POOL)
        gate = WriteGate(str(engine.url.database), busy_timeout_s)
        _keep_sqlite_rules(engine, gate, busy_timeout_s)
        reading, snapshot, answering = engine, engine, partial(_alone, engine, gate, _AnswerConnection(engine))
    else:
        from study.database.cursor import LastingCursor  # the driver is loaded only where it is used

        engine = create_engine(url, connect_args={"cursor_factory": LastingCursor}, **_POOL)
        _keep_postgresql_rules(engine, busy_timeout_s)
        # A transaction that only reads would end in a rollback, upon which psycopg forgets every prepared statement.
        reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        snapshot = engine.execution_options(isolation_level="REPEATABLE READ")
        answering = partial(_statement_by_statement, engine)
    return Database(
        engine,
        reading=sessionmaker(reading, expire_on_commit=False),
        writing=sessionmaker(engine.execution_options(**{_WRITES: True}), expire_on_commit=False),
        snapshot=sessionmaker(snapshot, expire_on_commit=False),
        answering=answering,
    )


# Values of statements are participants' own: no error may carry them into a log.
_POOL: dict[str, Any] = {"pool_size": 16, "max_overflow": 16, "pool_timeout": 10, "hide_parameters": True}


def _keep_sqlite_rules(engine: Engine, gate: WriteGate, busy_timeout_s: float) -> None:
    @event.listens_for(engine, "connect")
    def _pragmas(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, below
        connection.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # what a participant withdraws is overwritten, not only unlinked
        connection.execute("PRAGMA synchronous=FULL")
        if connection.execute("PRAGMA synchronous").fetchone()[0] != _SYNCHRONOUS_FULL:
            raise DatabaseNotReadyError("SQLite refused synchronous=FULL; answers would not be safe")

    _keep_to_its_file(engine)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        record = _info(connection.connection)
        if writes and _GATE not in record:
            gate.enter()
            record[_GATE] = True
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine, "checkin")
    def _leave_gate(_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        if _info(record).pop(_GATE, False):
            gate.leave()


def _keep_to_its_file(engine: Engine) -> None:
    """A file that is deleted or replaced stores answers that nobody will see; a new one would be empty."""
    path = str(engine.url.database)

    @event.listens_for(engine, "do_connect")
    def _exists(_dialect: Dialect, _record: object, _arguments: object, _options: object) -> None:
        if _file_number(path) is None:
            raise sqlite3.OperationalError(f"there is no database at {path}")

    @event.listens_for(engine, "connect")
    def _remember(_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info[_FILE] = _file_number(path)

    @event.listens_for(engine, "checkout")
    def _is_the_same(_connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info[_FILE] != _file_number(path):
            raise DisconnectionError("the database's file was deleted or replaced")


def _file_number(path: str) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _info(record: PoolProxiedConnection | ConnectionPoolEntry) -> dict[str, Any]:
    """What the pool's record of the connection carries; only a connection that left the pool has none."""
    return cast(dict[str, Any], record.record_info)


def _keep_postgresql_rules(engine: Engine, busy_timeout_s: float) -> None:
    @event.listens_for(engine, "connect")
    def _settings(connection: Any, record: ConnectionPoolEntry) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {int(busy_timeout_s * 1000)}")
            cursor.execute("SET TIME ZONE 'UTC'")
        connection.commit()
        record.info[_FRESH] = True

    @event.listens_for(engine, "checkout")
    def _is_alive(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info.pop(_FRESH, False):
            return  # a second one found dead in a row would be an error of the program, not of the server
        # An idle server says nothing but that it ends. To ask it every time costs as much as reading a trial.
        readable = poll()
        if not connection.closed:
            readable.register(connection.fileno(), POLLIN)
        if connection.closed or readable.poll(0):
            raise DisconnectionError("the server closed this connection")


class _AnswerConnection:
    """SQLite's connection for answers. To take one from a pool and give it back costs a tenth of an answer.

    One is enough, because only the gate's holder has it. It is none of the pool's, all of which may be held by sessions
    that wait for the gate.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: PoolProxiedConnection | None = None
        self._file: tuple[int, int] | None = None
        event.listen(engine, "engine_disposed", lambda _engine: self.close())

    def open(self) -> Driver:
        """Of the file that is there now."""
        file = _file_number(str(self._engine.url.database))
        if self._connection is None or file != self._file:
            self.close()
            self._connection, self._file = self._engine.pool.recreate().connect(), file  # by the rules of the pool
        return Driver(self._connection.dbapi_connection, self._engine.dialect)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


@contextmanager
def _alone(engine: Engine, gate: WriteGate, own: _AnswerConnection) -> Iterator[Driver]:
    """SQLite: one transaction, committed unless the block raises. The driver's errors come out as SQLAlchemy's."""
    gate.enter()
    try:
        driver = own.open()
        with driver.connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield driver
    except engine.dialect.loaded_dbapi.Error as error:
        own.close()
        raise OperationalError(None, None, error) from error
    finally:
        gate.leave()


@contextmanager
def _statement_by_statement(engine: Engine) -> Iterator[Driver]:
    """PostgreSQL: each statement is committed by itself."""
    with _driver(engine) as driver:
        driver.connection.autocommit = True
        try:
            yield driver
        finally:
            if not driver.connection.closed:
                driver.connection.autocommit = False


@contextmanager
def _driver(engine: Engine) -> Iterator[Driver]:
    """A pooled connection. The driver's errors come out as SQLAlchemy's, and such a connection is not used again."""
    pooled = None
    try:
        pooled = engine.raw_connection()
        yield Driver(pooled.dbapi_connection, engine.dialect)
    except engine.dialect.loaded_dbapi.Error as error:
        if pooled:
            pooled.invalidate(error)
        raise OperationalError(None, None, error) from error
    finally:
        if pooled:
            pooled.close()


def require_ready(database: Database) -> None:
    """Raise DatabaseNotReadyError unless the tables are of the version this code was written for."""
    remedy = "run `./manage.py db upgrade`"
    url = database.engine.url
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise DatabaseNotReadyError(f"there is no database at {shown}; {remedy}")
    try:
        with database.engine.connect() as connection:
            versions = applied_versions(connection)
    except DatabaseError as error:
        raise DatabaseNotReadyError(f"cannot reach the database {shown}: {error.orig}") from error
    if not versions:
        raise DatabaseNotReadyError(f"the database {shown} has no tables yet; {remedy}")
    if versions != {latest := _newest()}:
        raise DatabaseNotReadyError(f"the database {shown} is at version {min(versions)}, not {latest}; {remedy}")


@contextmanager
def ready_database() -> Iterator[Database]:
    """The environment's database, its tables known to be of the present version; connections end with the block."""
    database = connect(database_url())
    try:
        require_ready(database)
        yield database
    finally:
        database.engine.dispose()


def upgrade(url: str) -> None:
    """Bring the tables at `url` to the newest version, making the SQLite file and its folder if they are missing.

    Raises DatabaseNotReadyError when the database cannot be reached or written.
    """
    from alembic import command

    parsed = parsed_url(url)
    with to_migrate(url) as engine:
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            Path(parsed.database).touch()
        with engine.execution_options(**{_WRITES: True}).connect() as connection:
            _require_own_tables(connection)
            command.upgrade(alembic_config(connection), "head")
            connection.commit()


@contextmanager
def to_migrate(url: str) -> Iterator[Engine]:
    """The database at `url`, of whatever version. Raises DatabaseNotReadyError, also for what fails in the block."""
    database = connect(url)
    try:
        yield database.engine
    except (OSError, DatabaseError) as error:
        shown = parsed_url(url).render_as_string(hide_password=True)
        raise DatabaseNotReadyError(
            f"cannot write to the database {shown}: {getattr(error, 'orig', error)}; mend that, or name another place"
            " in DISCERN_DATABASE_URL"
        ) from error
    finally:
        database.engine.dispose()


def _require_own_tables(connection: Connection) -> None:
    """Raise DatabaseNotReadyError where the database is another program's, or a newer Discern's."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return
    known = {script.revision for script in migration_scripts().walk_revisions()}
    if not applied_versions(connection) <= known or "study" not in tables:
        shown = connection.engine.url.render_as_string(hide_password=True)
        raise DatabaseNotReadyError(
            f"the database {shown} holds tables of another program or of a newer Discern ({', '.join(tables[:3])}) and"
            " is left as it is; name another database in DISCERN_DATABASE_URL, or install the newer Discern"
        )


def applied_versions(connection: Connection) -> set[str]:
    known = inspect(connection).has_table("alembic_version")
    rows = connection.execute(text("SELECT version_num FROM alembic_version")) if known else ()
    return {row[0] for row in rows}


def alembic_config(connection: Connection | None = None) -> Any:
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    return config


@cache
def _newest() -> str:
    """The version that this process was written for; a later one may lie on the disk by now."""
    return str(migration_scripts().get_current_head())


def migration_scripts() -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config())
