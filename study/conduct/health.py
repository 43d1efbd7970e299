"""The state of the server: answers stored per minute, failures, waiting people, free disk space, the last backup."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import String, cast, func, select, text
from sqlalchemy.orm import Session

from study.conduct.failures import PICTURE, Failures
from study.conduct.lost_pictures import Lost, lost_pictures
from study.database.db import ROOT
from study.database.schema import OPEN, AuditEntry, Participant, Response, Trial

BACKUP = "backup"  # the audit log's name for one that `./manage.py backup` has made
_MINUTES = 60


@dataclass(frozen=True)
class Health:
    """`answers`: (minute, stored) of the last hour; `failed`: replies of the last hour. Sizes in bytes.
    `missed_pictures`: pictures of the last hour that a participant waited for in vain.

    `waiting_since` is when the oldest of the `waiting` leases ran out: those places go to the next people who join.
    """

    at: datetime
    answers: tuple[tuple[datetime, int], ...]
    failed: int
    missed_pictures: int
    lost: tuple[Lost, ...]
    started_at: datetime
    taking_part: int
    waiting: int
    waiting_since: datetime | None
    disk_free: int
    disk_size: int
    database_bytes: int
    database_kind: str
    last_backup: datetime | None


def health(session: Session, failures: Failures, now: datetime) -> Health:
    """Of all studies together, at this moment."""
    url = session.get_bind().engine.url
    kind = url.get_backend_name()
    file = Path(url.database or "") if kind == "sqlite" else ROOT
    disk = shutil.disk_usage(file.parent)
    holds = select(Trial.id).where(Trial.participant_id == Participant.id, Trial.state == OPEN).exists()
    waiting, since = session.execute(
        select(func.count(), func.min(Participant.lease_until)).where(Participant.lease_until < now, holds)
    ).one()
    live = select(func.count()).select_from(Participant).where(Participant.lease_until >= now)
    live = live.where(Participant.finished_at.is_(None), Participant.stopped_at.is_(None))
    return Health(
        at=now,
        answers=_answers(session, now),
        failed=failures.last_hour(now),
        lost=tuple(lost_pictures(session)),
        missed_pictures=failures.last_hour(now, PICTURE),
        started_at=failures.started_at,
        taking_part=session.scalar(live) or 0,
        waiting=waiting,
        waiting_since=since,
        disk_free=disk.free,
        disk_size=disk.total,
        database_bytes=_sqlite_bytes(file) if kind == "sqlite" else _postgresql_bytes(session),
        database_kind="SQLite" if kind == "sqlite" else "PostgreSQL",
        last_backup=session.scalar(select(func.max(AuditEntry.at)).where(AuditEntry.action == BACKUP)),
    )


def _answers(session: Session, now: datetime) -> tuple[tuple[datetime, int], ...]:
    begin = now.astimezone(UTC).replace(second=0, microsecond=0) - timedelta(minutes=_MINUTES - 1)
    minute = func.substr(cast(Response.answered_at, String), 1, 16)  # "2026-01-02 03:04" in both databases
    rows = session.execute(select(minute, func.count()).where(Response.answered_at >= begin).group_by(minute))
    stored = {at: n for at, n in rows}
    minutes: Sequence[datetime] = [begin + timedelta(minutes=n) for n in range(_MINUTES)]
    return tuple((at, stored.get(f"{at:%Y-%m-%d %H:%M}", 0)) for at in minutes)


def _sqlite_bytes(file: Path) -> int:
    return sum(path.stat().st_size for path in (file, file.with_name(f"{file.name}-wal")) if path.is_file())


def _postgresql_bytes(session: Session) -> int:
    return session.scalar(text("SELECT pg_database_size(current_database())")) or 0
