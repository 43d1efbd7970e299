"""Proof that an export is what the server gave out: the hashes of its files are in the audit log's chain."""

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.archives import ArchiveError, is_desktop_file, looks_like_zip, open_zip
from contracts.own_files import file_hashes
from study.database import audit
from study.database.schema import AuditEntry
from study.errors import AuditError, ExportError

ACTION = "export"
_PART = 1 << 20  # bytes read at once
Hashes = dict[str, str]


@dataclass(frozen=True)
class Proof:
    """Of which study the export is, when it was given out, to whom, and the chain that holds it.

    `head` is the hash of the chain's last entry.
    """

    slug: str
    at: datetime
    actor: str
    entries: int
    head: str


def hashes(source: Path) -> Hashes:
    """path within the export → SHA-256, of a folder or of a zip with one folder in it. Raises ExportError."""
    try:
        if source.is_dir():
            return file_hashes(source)
        if not looks_like_zip(source):
            raise ExportError(f"{source} is neither the folder nor the zip of an export")
        with open_zip(source) as archive:
            names = [name for name in sorted(archive.namelist()) if _is_of_export(name.split("/"))]
            if len(set(names)) < len(names) or len({name.partition("/")[0] for name in names}) > 1:
                raise ExportError(f"{source} holds a file twice or more than one folder; no export does")
            return {name.partition("/")[2]: _sha256_of_member(archive, name) for name in names}
    except OSError as error:
        raise ExportError(f"{source} is neither the folder nor the zip of an export: {error}") from error
    except ArchiveError as error:
        raise ExportError(str(error)) from error


def _is_of_export(parts: Sequence[str]) -> bool:
    """Whether a path is a file, and not one that a desktop left there."""
    return bool(parts[-1]) and not any(map(is_desktop_file, parts))


def record_export(session: Session, actor: str, slug: str, files: Hashes, now: datetime) -> None:
    """Note in the audit log what was given out. The caller commits."""
    audit.append(session, actor, ACTION, {"slug": slug, "files": files}, now)


def prove(session: Session, source: Path) -> Proof:
    """The entry that gave out exactly these files. Raises AuditError when the chain is broken or there is none."""
    entries, found = audit.verify(session), hashes(source)
    head = session.scalar(select(AuditEntry.sha256).order_by(AuditEntry.id.desc()).limit(1))
    closest: set[str] | None = None
    newest_first = select(AuditEntry).where(AuditEntry.action == ACTION).order_by(AuditEntry.id.desc())
    with session.scalars(newest_first.execution_options(yield_per=100)) as given_out:
        for entry in given_out:
            given = entry.detail.get("files", {})
            if given == found:
                return Proof(entry.detail.get("slug", ""), entry.at, entry.actor, entries, head or "")
            differing = {path for path in given.keys() | found.keys() if given.get(path) != found.get(path)}
            if closest is None or len(differing) < len(closest):
                closest = differing
    if closest is None:
        raise AuditError("the audit log knows of no export at all; is this the database it was made from?")
    names = ", ".join(sorted(closest))
    raise AuditError(f"no export was given out with these files; what differs from the closest one: {names}")


def _sha256_of_member(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as file:
        while part := file.read(_PART):
            digest.update(part)
    return digest.hexdigest()
