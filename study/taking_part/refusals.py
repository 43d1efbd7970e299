"""Answers that were refused are recorded in the audit log: late, replayed with another content, of other people."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study.database import audit
from study.database.schema import AuditEntry, Participant, Study, Trial
from study.errors import AnswerConflictError, UnknownError
from study.security import is_token

ACTION = "answer-refused"
MOST = 20  # of one participant: endless repetition must not fill the log


def note_refusal(
    session: Session, token: str, trial_token: str, error: AnswerConflictError | UnknownError, now: datetime
) -> None:
    """Add the refusal to the audit log, unless nobody has this token or no trial that one. The caller commits."""
    if not (is_token(token) and is_token(trial_token)):
        return
    person = session.execute(
        select(Participant.id, Participant.public_id, Study.slug)
        .join(Study, Participant.study_id == Study.id)
        .where(Participant.token == token)
    ).one_or_none()
    trial = session.execute(
        select(Trial.participant_id, Trial.position).where(Trial.trial_token == trial_token)
    ).one_or_none()
    if person is None or trial is None:
        return
    mine = select(func.count()).where(AuditEntry.action == ACTION, AuditEntry.actor == person.public_id)
    if (session.scalar(mine) or 0) >= MOST:
        return
    reason = error.code if isinstance(error, AnswerConflictError) else "foreign"
    position = trial.position if trial.participant_id == person.id else None  # of others nothing is told
    detail = {"slug": person.slug, "trial_index": position, "reason": reason}
    audit.append(session, person.public_id, ACTION, detail, now)
