"""The state of studies, as `./manage.py list` and `status` tell it to people and, with --json, to programs."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study.conduct.health import BACKUP
from study.conduct.lost_pictures import lost_pictures
from study.conduct.progress import progress, summaries
from study.database.find import find_study
from study.database.schema import AuditEntry
from study.taking_part.enrolment import is_full


@dataclass(frozen=True)
class TaskStatus:
    """Ratings of a task by people, given and wanted."""

    task: str
    items: int
    ratings: int
    ratings_wanted: int


@dataclass(frozen=True)
class Status:
    """One study, of its human participants. Times are UTC.

    `consented` is the sum of `finished`, `taking_part`, `stopped`, `expired` and `withdrew`; `excluded` people are
    among them. `turned_away` never consented. `needed`: people that the study still needs, and `full_at` when it is
    full if they come as in the last 7 days. `full`: nobody can join now. `pictures_missing`: files.
    """

    slug: str
    title: str
    state: str
    opened_at: datetime
    definition_sha256: str
    limit: int | None
    opened_pages: int
    turned_away: int
    consented: int
    taking_part: int
    finished: int
    stopped: int
    expired: int
    withdrew: int
    excluded: int
    answers: int
    needed: int
    full: bool
    people_per_day: float
    full_at: datetime | None
    median_minutes: float | None
    tasks: tuple[TaskStatus, ...]
    pictures_missing: int
    last_backup: datetime | None


def status(session: Session, slug: str, now: datetime) -> Status:
    """Counts of this moment. Raises UnknownError."""
    study = find_study(session, slug)
    told = progress(session, study, now)
    flow, outlook = told.flow, told.outlook
    return Status(
        slug=slug,
        title=told.title,
        state=told.state,
        opened_at=told.opened_at,
        definition_sha256=told.definition_sha256,
        limit=told.limit,
        opened_pages=flow.opened,
        turned_away=told.screened.turned_away,
        consented=flow.consented,
        taking_part=flow.in_progress,
        finished=flow.finished,
        stopped=flow.stopped,
        expired=flow.expired,
        withdrew=flow.withdrew,
        excluded=flow.excluded,
        answers=flow.answers,
        needed=outlook.needed,
        full=is_full(session, study, "human", now),
        people_per_day=round(outlook.people_per_day, 2),
        full_at=outlook.full_at,
        median_minutes=None if flow.median_s is None else round(flow.median_s / 60, 1),
        tasks=tuple(TaskStatus(task.task, task.items, task.ratings, task.ratings_wanted) for task in told.tasks),
        pictures_missing=sum(lost.missing for lost in lost_pictures(session) if lost.slug == slug),
        last_backup=session.scalar(select(func.max(AuditEntry.at)).where(AuditEntry.action == BACKUP)),
    )


def studies(session: Session) -> list[dict[str, Any]]:
    """All studies, the newest first: slug, title, state, when opened, finished people, ratings given and wanted."""
    return [as_json(summary) for summary in summaries(session)]


def as_json(told: Any) -> dict[str, Any]:
    """A dataclass as JSON has it: times are UTC, as 2026-01-02T03:04:05Z."""
    return {name: _plain(value) for name, value in asdict(told).items()}


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case tuple() | list():
            return [_plain(one) for one in value]
        case dict():
            return {name: _plain(one) for name, one in value.items()}
    return value
