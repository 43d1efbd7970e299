"""What was deleted, as the audit log says it, without the people."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from study.conduct.forgetting import TURNED_AWAY_FORGOTTEN
from study.database.schema import AuditEntry
from study.taking_part.withdrawal import ACTION, FORGOTTEN

WORDS = {
    ACTION: "withdrew",
    FORGOTTEN: "deleted on request (forget)",
    TURNED_AWAY_FORGOTTEN: "turned away and deleted on request (forget)",
}


@dataclass(frozen=True)
class Deletion:
    """`people`: how many were deleted in this way, the last of them at `last`."""

    slug: str
    words: str
    people: int
    last: datetime


def deletions(session: Session, since: datetime | None = None) -> list[Deletion]:
    """Of each study and kind, by slug; with `since`, only what was deleted later."""
    query = select(AuditEntry.at, AuditEntry.action, AuditEntry.detail).where(AuditEntry.action.in_(WORDS))
    query = query.where(AuditEntry.at > since) if since else query
    found: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for at, action, detail in session.execute(query.order_by(AuditEntry.id).execution_options(yield_per=1000)):
        found[detail["slug"], action].append(at)
    return [Deletion(slug, WORDS[action], len(times), times[-1]) for (slug, action), times in sorted(found.items())]
