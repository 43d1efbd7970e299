"""Quotas: how many participants with an answer of the screening hold a place. The study must be locked."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from study.database.schema import ANSWERED, MAIN, OPEN, Participant, Study, Trial
from study.definition import frozen_definition
from study.screening import ScreeningConfig

Answered = tuple[str, str]  # (question, option)


def places_held(
    session: Session, study_id: int, observer_kind: str, alive_at: datetime | None = None
) -> Counter[Answered]:
    """(question, option) → participants with this answer who hold trials, or have finished with a rating that counts.

    Excluded people, and people who stopped or whose lease has expired, hold none. `alive_at`: people whose
    lease has run out by then hold none either.
    """
    mine = Trial.participant_id == Participant.id
    is_alive = true() if alive_at is None else Participant.lease_until >= alive_at
    holds_trials = select(Trial.id).where(mine, Trial.state == OPEN).exists() & is_alive
    rated = select(Trial.id).where(mine, Trial.state == ANSWERED, Trial.purpose == MAIN, Trial.is_overflow.is_(False))
    holders = (
        select(Participant.screening)
        .where(Participant.study_id == study_id, Participant.observer_kind == observer_kind)
        .where(Participant.excluded.is_(False), Participant.screening.is_not(None))
        .where(holds_trials | (Participant.finished_at.is_not(None) & rated.exists()))
    )
    return Counter(answer for answers in session.scalars(holders) for answer in (answers or {}).items())


def full_quota(
    session: Session, study_id: int, observer_kind: str, screening: ScreeningConfig, answers: Mapping[str, str]
) -> Answered | None:
    """The first of these answers whose quota is full; None: there is a place."""
    limited = [
        (question.name, answers[question.name], question.quotas[answers[question.name]])
        for question in screening.questions
        if answers.get(question.name) in question.quotas
    ]
    held = places_held(session, study_id, observer_kind) if limited else Counter[Answered]()
    return next(((name, option) for name, option, quota in limited if held[name, option] >= quota), None)


def may_return(session: Session, study_id: int, participant_id: int) -> bool:
    """Whether no quota has been filled by others since this participant's trials were given back."""
    participant = session.get_one(Participant, participant_id)
    if not participant.screening:
        return True
    screening = frozen_definition(session.get_one(Study, study_id)).screening
    return full_quota(session, study_id, participant.observer_kind, screening, participant.screening) is None
