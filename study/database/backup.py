"""Copies of the database, taken while people take part, and the way back from one.

SQLite's own online backup; pg_dump and pg_restore for PostgreSQL. A backup is whole or absent: it is written beside
its name, checked, flushed to the disk and then renamed.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, inspect
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from study.database.db import connect
from study.database.url import parsed_url
from study.errors import BackupError

_POSTGRESQL_PROGRAMS = Path("/usr/lib/postgresql")  # where Debian keeps those that are not on the path
_SQLITE_MARK, _POSTGRESQL_MARK = b"SQLite format 3\0", b"PGDMP"


def backup(url: str, file: Path, snapshot: str | None = None) -> Path:
    """Copy the database at `url` into the new `file`, as it is at one moment. Raises BackupError.

    `snapshot`: of PostgreSQL, the moment that another transaction has exported (pg_export_snapshot).
    """
    if file.exists():
        raise BackupError(f"{file} exists; a backup never takes another's place, name a new file")
    parsed = parsed_url(url)
    with made_whole(file) as unfinished:
        if parsed.get_backend_name() == "sqlite":
            _backup_sqlite(Path(parsed.database or ""), unfinished)
        else:
            moment = (f"--snapshot={snapshot}",) if snapshot else ()
            _run_postgresql("pg_dump", parsed, "--format=custom", *moment, f"--file={unfinished}")
    return file


def restore(file: Path, url: str) -> None:
    """Bring a backup back into the database at `url`, which must be empty or absent. Raises BackupError."""
    parsed = parsed_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    _require_backup_of_kind(file, _SQLITE_MARK if is_sqlite else _POSTGRESQL_MARK)
    if not is_sqlite:
        _require_empty_postgresql(url)
        _run_postgresql("pg_restore", parsed, "--exit-on-error", "--single-transaction", "--no-owner", str(file))
        return
    target = Path(parsed.database or "")
    if left := [path for path in (target, *_companions(target)) if path.exists()]:
        raise BackupError(f"{left[0]} is in the way; stop the server and move it aside before restoring")
    target.parent.mkdir(parents=True, exist_ok=True)
    with made_whole(target) as unfinished:
        shutil.copyfile(file, unfinished)
        _require_sound_sqlite(unfinished)


def _companions(database: Path) -> Iterator[Path]:
    """SQLite's files beside the database: a left-over log would be played into whatever is restored."""
    yield from (database.with_name(database.name + suffix) for suffix in ("-wal", "-shm", "-journal"))


@contextmanager
def made_whole(file: Path) -> Iterator[Path]:
    """A path to write to; at the end its content is on the disk under `file`, or, after an error, nowhere."""
    unfinished = file.with_name(f".{file.name}.unfinished-{os.getpid()}")
    try:
        yield unfinished
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.chmod(0o600)  # it holds what participants were promised to keep private
        os.link(unfinished, file)  # unlike a rename it never replaces what has appeared there meanwhile
        folder = os.open(file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"cannot write {file}: {error}") from error
    finally:
        for path in (unfinished, *_companions(unfinished)):
            path.unlink(missing_ok=True)


def _backup_sqlite(database: Path, file: Path) -> None:
    if not database.is_file():
        raise BackupError(f"there is no database at {database}")
    read_only = f"{database.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(read_only, uri=True)) as source, closing(sqlite3.connect(file)) as target:
        # In one step: page by page it would start again with each answer that is stored meanwhile.
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # a backup is one file, without a separate log
    _require_sound_sqlite(file)


def _require_sound_sqlite(file: Path) -> None:
    with closing(sqlite3.connect(file)) as copy:
        problems = [row[0] for row in copy.execute("PRAGMA integrity_check") if row[0] != "ok"]
        problems += [f"a row of {row[0]} refers to nothing" for row in copy.execute("PRAGMA foreign_key_check")]
        if problems:
            raise BackupError(f"the copy is not sound: {problems[0]}; keep it apart and take another backup")
        if not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            raise BackupError("the file is a database, but not one of Discern's")


def _require_backup_of_kind(file: Path, mark: bytes) -> None:
    try:
        with file.open("rb") as content:
            beginning = content.read(16)
    except OSError as error:
        raise BackupError(f"cannot read the backup {file}: {error.strerror}") from error
    if not beginning.startswith(mark):
        raise BackupError(
            f"{file} is not a backup of the kind of database that DISCERN_DATABASE_URL names; a backup of SQLite is"
            " restored into SQLite, one of PostgreSQL into PostgreSQL"
        )


def _require_empty_postgresql(url: str) -> None:
    database = connect(url)
    try:
        with Session(database.engine) as session:
            tables = inspect(session.connection()).get_table_names()
    except OperationalError as error:
        raise BackupError(
            f"cannot reach the database: {error.orig}; create an empty one and restore into it"
        ) from error
    finally:
        database.engine.dispose()
    if tables:
        raise BackupError(f"the database has tables ({tables[0]}, …); create an empty one and restore into that")


def _run_postgresql(name: str, url: URL, *arguments: str) -> None:
    """The password travels in the environment: command lines can be read by everybody on the machine."""
    plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query).render_as_string()
    command = [_program(name), f"--dbname={plain}", "--no-password", *arguments]
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise BackupError(f"{name} failed: {done.stderr.strip()}")


def _program(name: str) -> str:
    found = shutil.which(name) or next(iter(sorted(_POSTGRESQL_PROGRAMS.glob(f"*/bin/{name}"), reverse=True)), None)
    if found is None:
        raise BackupError(f"{name} is not installed; it comes with PostgreSQL (apt-get install postgresql-client)")
    return str(found)
