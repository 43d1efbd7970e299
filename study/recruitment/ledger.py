"""What was asked of a platform, in the audit log before and after, so that nothing that costs money is asked twice.

A request is `begun` before the platform hears of it and `done` when the platform has said so. Where the reply was lost
it stays begun: nobody here knows whether it was done, so it is not repeated unless a person says so. A refusal by the
platform ends it, and it may be asked again. A bonus is `prepared` in between: until then nobody can have been paid.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from study.database import audit
from study.database.db import Database
from study.database.find import lock_study
from study.database.schema import AuditEntry, Study
from study.errors import PlatformRefusedError

BEGUN, PREPARED, DONE, REFUSED = "recruit-begun", "recruit-prepared", "recruit-done", "recruit-refused"


@dataclass(frozen=True)
class Request:
    """`what` with `key` is asked once in an account and study. `key` tells no raw id; `about` is for the log alone."""

    slug: str
    account: str
    what: str
    key: str
    about: dict[str, Any]

    def matches(self, detail: dict[str, Any]) -> bool:
        return all(detail.get(name) == value for name, value in self.identity.items())

    @property
    def identity(self) -> dict[str, str]:
        return {"slug": self.slug, "account": self.account, "what": self.what, "key": self.key}


def standing(session: Session, request: Request) -> AuditEntry | None:
    """The last entry about this request; its action says its state."""
    states = AuditEntry.action.in_((BEGUN, PREPARED, DONE, REFUSED))
    about_key = AuditEntry.detail["key"].as_string() == request.key  # so that of thousands a few are read
    entries = select(AuditEntry).where(states, about_key).order_by(AuditEntry.id.desc())
    return next((entry for entry in session.scalars(entries) if request.matches(entry.detail)), None)


def sum_of(session: Session, name: str, about: dict[str, Any]) -> int:
    """The sum of one number over all requests that are done and have all of this in their entry."""
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == DONE))
    return sum(entry.detail.get(name) or 0 for entry in entries if about.items() <= entry.detail.items())


def once(
    database: Database,
    request: Request,
    ask: Callable[[], str | None],
    actor: str,
    clock: Callable[[], datetime],
    retry: bool = False,
) -> str:
    """Ask unless it was asked before; returns DONE, or BEGUN where it is not known whether it was done.

    `retry` asks again in that case. Raises PlatformError.
    """
    if (state := _begin(database, request, actor, clock(), retry)) is not None:
        return state
    try:
        result = ask()
    except PlatformRefusedError as refusal:
        if not retry:  # the refusal of a repetition may mean that the first was granted
            record(database, request, REFUSED, actor, clock(), str(refusal)[:200])
        raise
    record(database, request, DONE, actor, clock(), result)
    return DONE


def claim(
    database: Database, request: Request, actor: str, now: datetime, expected: int | None, **about: str | int | None
) -> bool:
    """Record that it is prepared, with `about`; False where another command has gone on since entry `expected`.

    The study is locked meanwhile, so of two commands at once one goes on.
    """
    with database.writing() as session:
        lock_study(session, Study.slug == request.slug)
        entry = standing(session, request)
        if (entry.id if entry else None) != expected:
            return False
        audit.append(session, actor, PREPARED, request.identity | request.about | about, now)
        session.commit()
    return True


def record(
    database: Database, request: Request, action: str, actor: str, now: datetime, result: str | None = None
) -> None:
    """Record the state of the request without asking the platform."""
    with database.writing() as session:
        audit.append(session, actor, action, request.identity | request.about | {"result": result}, now)
        session.commit()


def read(database: Database, request: Request) -> AuditEntry | None:
    """`standing`, in a session of its own."""
    with database.reading() as session:
        return standing(session, request)


def _begin(database: Database, request: Request, actor: str, now: datetime, retry: bool) -> str | None:
    """Record that it will be asked now; its state, where it must not be asked. The study is locked meanwhile."""
    with database.writing() as session:
        lock_study(session, Study.slug == request.slug)
        entry = standing(session, request)
        if entry is not None and (entry.action == DONE or (entry.action == BEGUN and not retry)):
            return entry.action
        audit.append(session, actor, BEGUN, request.identity | request.about, now)
        session.commit()
    return None
