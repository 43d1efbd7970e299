"""Ratings that participants were promised: counted while their lease lives, given back when it has run out."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from study.database.schema import ANSWERED, MAIN, OPEN, RELEASED, Participant, Study, Trial


def release_expired(session: Session, study: Study, now: datetime) -> None:
    """Give back the open trials of participants whose lease has run out. The study must be locked.

    A participant whose row is locked is storing an answer at this moment, so they are passed over.
    """
    holds_trials = select(Trial.id).where(Trial.participant_id == Participant.id, Trial.state == OPEN).exists()
    expired = session.scalars(
        select(Participant.id)
        .where(Participant.study_id == study.id, Participant.lease_until < now, holds_trials)
        .with_for_update(skip_locked=True)
    ).all()
    if expired:
        released = update(Trial).where(Trial.participant_id.in_(expired), Trial.state == OPEN)
        session.execute(released.values(state=RELEASED).execution_options(synchronize_session=False))


def loads(session: Session, study_id: int, observer_kind: str) -> dict[int, int]:
    """item id → ratings given and promised by this kind of observer; overflow and excluded participants left out."""
    rows = session.execute(
        select(Trial.item_id, func.count())
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study_id, Participant.observer_kind == observer_kind)
        .where(
            Participant.excluded.is_(False),
            Trial.purpose == MAIN,
            Trial.is_overflow.is_(False),
            Trial.state.in_((OPEN, ANSWERED)),
        )
        .group_by(Trial.item_id)
    )
    return {item_id: count for item_id, count in rows}
