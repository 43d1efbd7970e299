"""What happened to a study besides answers: when it was opened, paused, extended, looked at and exported."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.export import HAPPENINGS
from study.database.schema import ANSWERED, FIRST_ANSWER, MAIN, AuditEntry, Participant, Response, Study, Trial

BATCH = 1000  # rows in memory at once


def happenings(session: Session, study: Study) -> list[tuple[datetime, str, dict[str, int]]]:
    """(when, what, ratings stored by then for each kind of observer) from the audit log, oldest first.

    It names no researcher. Answers that were erased on withdrawal are not counted.
    """
    query = select(AuditEntry.at, AuditEntry.action, AuditEntry.detail)
    query = query.where(AuditEntry.action.in_(HAPPENINGS)).order_by(AuditEntry.at, AuditEntry.id)
    with session.execute(query.execution_options(yield_per=BATCH)) as rows:
        found = [(at, action) for at, action, detail in rows if detail.get("slug") == study.slug]
    counts = _ratings_by(session, study, [at for at, _ in found])
    return [(at, action, by_then) for (at, action), by_then in zip(found, counts, strict=True)]


def _ratings_by(session: Session, study: Study, times: Sequence[datetime]) -> list[dict[str, int]]:
    """For each of `times` (ascending), how many ratings each kind of observer had given."""
    query = (
        select(Response.answered_at, Participant.observer_kind)
        .join(Trial, FIRST_ANSWER)
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study.id, Trial.purpose == MAIN, Trial.state == ANSWERED)
    )
    new: list[Counter[str]] = [Counter() for _ in range(len(times) + 1)]
    with session.execute(query.execution_options(yield_per=BATCH)) as rows:
        for answered_at, kind in rows:
            new[bisect_left(times, answered_at)][kind] += 1
    total, counts = Counter[str](), []
    for step in new[: len(times)]:
        total += step
        counts.append(dict(sorted(total.items())))
    return counts
