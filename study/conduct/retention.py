"""Which studies' data are due to be deleted, by `[data]` of their definitions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study.database.audit import IDS_DELETED, is_noted
from study.database.schema import CLOSED, AuditEntry, Study
from study.definition import frozen_definition
from study.retention import DataConfig


@dataclass(frozen=True)
class Retention:
    """A study and how long its data are kept. `last_day` is None while it is not known: the study must be closed.

    `delete`: `study` or `recruitment-ids`. `is_due`: the day is over, and what must go is there.
    """

    slug: str
    state: str
    delete: str
    last_day: date | None
    is_due: bool


def kept(session: Session, now: datetime, keep_months: int | None = None) -> list[Retention]:
    """The studies with a time, the first due first; those whose definition has none are kept for `keep_months`."""
    otherwise = DataConfig(keep_months=keep_months, on_sheet=False)
    found = [one for study in session.scalars(select(Study)) for one in _kept(session, study, otherwise, now)]
    return sorted(found, key=lambda one: (one.last_day or date.max, one.slug))


def _kept(session: Session, study: Study, otherwise: DataConfig, now: datetime) -> Iterator[Retention]:
    config = frozen_definition(study).data
    if not (config.keep_until or config.keep_months):
        config = otherwise
    is_gone = config.delete != "study" and is_noted(session, study.slug, IDS_DELETED)
    if is_gone or not (config.keep_until or config.keep_months):
        return
    last_day = config.last_day(_closed_on(session, study))
    yield Retention(study.slug, study.state, config.delete, last_day, last_day is not None and last_day < now.date())


def _closed_on(session: Session, study: Study) -> date | None:
    """The day in UTC on which it was closed for good, as far as is known."""
    if study.state != CLOSED:
        return None
    closings = select(func.max(AuditEntry.at)).where(
        AuditEntry.action == "study-closed", AuditEntry.detail["slug"].as_string() == study.slug
    )
    at = session.scalar(closings)
    return at.date() if at else None
