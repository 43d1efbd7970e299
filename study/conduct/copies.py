"""A backup of everything in one file: the database, each study's definition, and the index of its pictures.

It is a zip file, whole or absent, with a manifest of what the database held, so that restoring it can be rehearsed.
"""

import json
import re
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, func, select, text
from sqlalchemy.orm import Session

from contracts.archives import looks_like_zip
from contracts.hashing import canonical_sha256
from contracts.own_files import file_sha256
from contracts.version import VERSION
from study.database.backup import backup, made_whole
from study.database.db import connect, require_ready
from study.database.schema import AuditEntry, Base, Participant, Stimulus, Study
from study.errors import BackupError

_NAME = re.compile(r"discern-backup-\d{8}T\d{6}Z\.zip")
_MANIFEST, _DATABASE = "manifest.json", "database.backup"
_FORMAT = 1


@dataclass(frozen=True)
class Facts:
    """What a database holds: rows of each table, the audit log's last hash, and a hash of all chains of answers."""

    rows: dict[str, int]
    audit_head: str | None
    chains_sha256: str
    definitions: dict[str, str]  # slug → SHA-256


def facts(session: Session) -> Facts:
    """Of the state that the session sees."""
    tables = Base.metadata.sorted_tables
    rows = {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
    chains = session.execute(select(Participant.public_id, Participant.answers_chain))
    head = session.scalar(select(AuditEntry.sha256).order_by(AuditEntry.id.desc()).limit(1))
    definitions = {slug: sha256 for slug, sha256 in session.execute(select(Study.slug, Study.definition_sha256))}
    return Facts(rows, head, canonical_sha256({public_id: chain for public_id, chain in chains}), definitions)


def backup_all(url: str, folder: Path, keep: int | None, now: datetime) -> tuple[Path, list[Path]]:
    """Write a new backup into `folder`; with `keep`, delete all but the newest of these files, and only these.

    Returns the backup and what was deleted. Raises BackupError, DatabaseNotReadyError.
    """
    file = folder / f"discern-backup-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.zip"
    if file.exists():
        raise BackupError(f"{file} exists; wait a second and run the command again")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with made_whole(file) as unfinished, tempfile.TemporaryDirectory(prefix=".discern-", dir=folder) as scratch:
        copy = Path(scratch, _DATABASE)
        with _copied(url, copy) as session:
            _write(unfinished, copy, session, now)
    return file, _thin_out(folder, keep) if keep else []


@contextmanager
def _copied(url: str, copy: Path) -> Iterator[Session]:
    """Copies the database; the session sees the very state that the copy has."""
    database = connect(url)
    try:
        require_ready(database)
        if database.engine.dialect.name == "sqlite":
            backup(url, copy)
            with _reading(copy) as session:
                yield session
            return
        with database.snapshot() as session:
            backup(url, copy, session.scalar(text("SELECT pg_export_snapshot()")))
            yield session
    finally:
        database.engine.dispose()


@contextmanager
def _reading(copy: Path) -> Iterator[Session]:
    """Of a SQLite file, which is not written to."""
    address = f"{copy.resolve().as_uri()}?mode=ro&immutable=1"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True))
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


def _write(file: Path, copy: Path, session: Session, now: datetime) -> None:
    manifest = {"format": _FORMAT, "made_at": now.isoformat(), "discern": VERSION, "database": _kind(session)}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        told = manifest | {"facts": asdict(facts(session)), "database_sha256": file_sha256(copy)}
        archive.writestr(_MANIFEST, _json(told))
        for study in session.scalars(select(Study).order_by(Study.id)):
            archive.writestr(f"definitions/{study.slug}.json", _json(study.document))
            archive.writestr(f"stimuli/{study.slug}.json", _json(_index(session, study)))
        archive.write(copy, _DATABASE)


def _kind(session: Session) -> str:
    dialect = session.get_bind().dialect.name
    return "SQLite" if dialect == "sqlite" else "PostgreSQL"


def _index(session: Session, study: Study) -> dict[str, Any]:
    """Where the pictures of a study are, and the hash of each file."""
    files = select(Stimulus.file, Stimulus.sha256).where(Stimulus.study_id == study.id).order_by(Stimulus.file)
    return {"folder": study.stimuli_folder, "files": {file: sha256 for file, sha256 in session.execute(files)}}


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def newest(path: Path) -> Path:
    """The newest backup of everything in a folder; a file is itself. Raises BackupError."""
    if not path.is_dir():
        return path
    own = _own(path)
    if not own:
        raise BackupError(f"{path} holds no backup; `./manage.py backup --all {path}` makes one")
    return own[-1]


def _thin_out(folder: Path, keep: int) -> list[Path]:
    old = _own(folder)[:-keep]
    for path in old:
        path.unlink()
    return old


def _own(folder: Path) -> list[Path]:
    """Files of such a name that are backups of ours, the oldest first: their names hold the time."""
    return [path for path in sorted(folder.iterdir()) if _NAME.fullmatch(path.name) and _is_own(path)]


def _is_own(path: Path) -> bool:
    try:
        return path.is_file() and not path.is_symlink() and read_manifest(path) is not None
    except BackupError:
        return False


def read_manifest(file: Path) -> dict[str, Any] | None:
    """What a backup of everything says of itself; None for a plain copy of the database. Raises BackupError."""
    with _readable(file):
        if not looks_like_zip(file):
            return None
        with zipfile.ZipFile(file) as archive:
            told = json.loads(archive.read(_MANIFEST))
    if not isinstance(told, dict) or told.get("format") != _FORMAT:
        raise BackupError(f"{file} was written by another version of Discern; restore it with that one")
    return told


@contextmanager
def database_of(file: Path) -> Iterator[Path]:
    """The copy of the database in a backup, unpacked for the time being and compared with its hash. Raises BackupError.

    A plain copy is itself.
    """
    manifest = read_manifest(file)
    if manifest is None:
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="discern-") as scratch:
        with _readable(file), zipfile.ZipFile(file) as archive:
            copy = Path(archive.extract(_DATABASE, scratch))
        if file_sha256(copy) != manifest.get("database_sha256"):
            raise BackupError(f"the database in {file} is not the one that was backed up; take another backup")
        yield copy


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(f"cannot read the backup {file}: {error.strerror}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        raise BackupError(f"{file} is no backup of Discern's, or is damaged ({error}); take another one") from error
