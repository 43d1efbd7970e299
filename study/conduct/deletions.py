"""What was deleted, as the audit log says it, without the people."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from study.conduct.actions import STUDY_DELETED
from study.conduct.forgetting import TURNED_AWAY_FORGOTTEN
from study.database.audit import IDS_DELETED
from study.database.schema import AuditEntry
from study.taking_part.withdrawal import ACTION, FORGOTTEN

WORDS = {
    ACTION: "{people} withdrew",
    FORGOTTEN: "{people} on request (forget)",
    TURNED_AWAY_FORGOTTEN: "{people} who had been turned away, on request (forget)",
    IDS_DELETED: "recruitment ids of {people}",
    STUDY_DELETED: "everything, with {people} participants",
}


@dataclass(frozen=True)
class Deletion:
    """`words` say what was deleted of how many people, the last of them at `last`."""

    slug: str
    words: str
    last: datetime


def deletions(session: Session, since: datetime | None = None) -> list[Deletion]:
    """Of each study and kind; with `since`, only what was deleted later."""
    query = select(AuditEntry.at, AuditEntry.action, AuditEntry.detail).where(AuditEntry.action.in_(WORDS))
    query = query.where(AuditEntry.at > since) if since else query
    people: Counter[tuple[str, str]] = Counter()
    last: dict[tuple[str, str], datetime] = {}
    for at, action, detail in session.execute(query.order_by(AuditEntry.id).execution_options(yield_per=1000)):
        people[detail["slug"], action] += detail.get("people", 1)
        last[detail["slug"], action] = at
    return [
        Deletion(slug, WORDS[action].format(people=people[slug, action]), at) for (slug, action), at in last.items()
    ]
