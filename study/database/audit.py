"""The audit log: who did what, in a chain of hashes that shows every later change."""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from study.database.schema import AuditEntry
from study.errors import AuditError

IDS_DELETED = "recruitment-ids-deleted"
_BEGINNING = "0" * 64
_POSTGRESQL_LOCK = 0x44495343  # any number of our own; held until the transaction ends


def append(session: Session, actor: str, action: str, detail: dict[str, Any], now: datetime) -> AuditEntry:
    """Add an entry in the caller's transaction. Two at once wait for each other: the chain must not fork."""
    wait_for_turn(session)
    session.flush()
    last = session.scalar(select(AuditEntry.sha256).order_by(AuditEntry.id.desc()).limit(1))
    entry = AuditEntry(at=now, actor=actor, action=action, detail=detail, previous_sha256=last or _BEGINNING)
    entry.sha256 = _sha256(entry)
    session.add(entry)
    return entry


def wait_for_turn(session: Session) -> None:
    """Until this transaction ends, others wait that add an entry or call this; on SQLite all that write wait anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})


def is_noted(session: Session, slug: str, action: str) -> bool:
    """Whether the log says this of the study."""
    details = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == action))
    return any(detail["slug"] == slug for detail in details)


def verify(session: Session) -> int:
    """Number of entries; `session` is one of `Database.snapshot`.

    Raises AuditError naming the first entry that was altered or whose forerunner is missing.
    """
    count, previous = 0, _BEGINNING
    in_order = select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)
    with session.scalars(in_order) as entries:
        for entry in entries:
            if entry.previous_sha256 != previous or entry.sha256 != _sha256(entry):
                raise AuditError(f"audit entry {entry.id} ({entry.action} by {entry.actor}) does not fit the chain")
            count, previous = count + 1, entry.sha256
    return count


def _sha256(entry: AuditEntry) -> str:
    content = [entry.previous_sha256, entry.at.isoformat(), entry.actor, entry.action, entry.detail]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
