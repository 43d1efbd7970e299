"""Deleting a whole study from the database, once it is closed and its data are kept elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study.conduct.actions import STUDY_DELETED
from study.conduct.health import BACKUP
from study.database import audit
from study.database.erasing import Rows, count_rows, delete_rows, with_dependents
from study.database.find import lock_study
from study.database.schema import CLOSED, AuditEntry, Base, Participant, Response, Study, Trial
from study.errors import ConductError

_EXPORT, _CLOSED = "export", "study-closed"  # in the audit log


@dataclass(frozen=True)
class Doomed:
    """What deleting the study deletes: table → number of rows. `kept` says which copy has it all, and since when."""

    slug: str
    rows: dict[str, int]
    kept: str
    kept_at: datetime
    stimuli_folder: str


def doomed(session: Session, slug: str) -> Doomed:
    """The study is locked. Raises UnknownError; ConductError unless it is closed and then was exported or backed up."""
    study = lock_study(session, Study.slug == slug)
    if study.state != CLOSED:
        raise ConductError(f"study {slug!r} is {study.state}; close it first with `./manage.py close-study`")
    last = _last_change(session, study)
    copy = _copy_since(session, slug, last)
    if copy is None:
        raise ConductError(
            f"there is no export and no backup of study {slug!r} since its last change ({last:%Y-%m-%d %H:%M} UTC);"
            " make one with `./manage.py export` or `./manage.py backup`"
        )
    return Doomed(slug, count_rows(session, _rows(study)), copy.action, copy.at, study.stimuli_folder)


def delete_study(session: Session, found: Doomed, actor: str, now: datetime) -> None:
    """Delete it. The audit log keeps its entries; its name is never given to another study. The caller commits."""
    study = lock_study(session, Study.slug == found.slug)
    detail = {
        "slug": found.slug,
        "people": found.rows.get("participant", 0),
        "definition_sha256": study.definition_sha256,
        "kept": found.kept,
    }
    rows = _rows(study)
    session.expunge(study)
    delete_rows(session, rows)
    audit.append(session, actor, STUDY_DELETED, detail, now)


def _rows(study: Study) -> list[Rows]:
    studies = Base.metadata.tables["study"]
    return with_dependents(studies, studies.c.id == study.id)


def _last_change(session: Session, study: Study) -> datetime:
    """The latest of opening, closing and the last answer."""
    closed = _entries(study.slug, _CLOSED).with_only_columns(func.max(AuditEntry.at))
    answered = select(func.max(Response.answered_at)).join(Trial, Response.trial_id == Trial.id)
    answered = answered.join(Participant).where(Participant.study_id == study.id)
    times = (study.opened_at, session.scalar(closed), session.scalar(answered))
    return max(time for time in times if time is not None)


def _copy_since(session: Session, slug: str, last: datetime) -> AuditEntry | None:
    """The newest export of the study or backup of the database."""
    backups = select(AuditEntry).where(AuditEntry.action == BACKUP)
    found = [
        session.scalar(query.where(AuditEntry.at >= last).order_by(AuditEntry.id.desc()).limit(1))
        for query in (_entries(slug, _EXPORT), backups)
    ]
    return max((entry for entry in found if entry), key=lambda entry: entry.at, default=None)


def _entries(slug: str, action: str):  # type: ignore[no-untyped-def]  # a Select of entries, then of a sum of them
    return select(AuditEntry).where(AuditEntry.action == action, AuditEntry.detail["slug"].as_string() == slug)
