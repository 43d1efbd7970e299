"""Ratings that participants were promised: counted while their lease lives, given back when it has run out."""

from datetime import datetime

from sqlalchemy import and_, func, or_, select, true, update
from sqlalchemy.orm import Session

from study.database.schema import ANSWERED, MAIN, OPEN, RELEASED, Item, Participant, Study, Trial
from study.taking_part.quotas import may_return


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


def loads(session: Session, study_id: int, observer_kind: str, alive_at: datetime | None = None) -> dict[int, int]:
    """item id → ratings given and promised by this kind of observer; overflow and excluded participants left out.

    `alive_at`: promises whose lease has run out by then are left out too, although nobody has released them.
    """
    is_promised = and_(Trial.state == OPEN, true() if alive_at is None else Participant.lease_until >= alive_at)
    rows = session.execute(
        select(Trial.item_id, func.count())
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study_id, Participant.observer_kind == observer_kind)
        .where(
            Participant.excluded.is_(False),
            Trial.purpose == MAIN,
            Trial.is_overflow.is_(False),
            or_(Trial.state == ANSWERED, is_promised),
        )
        .group_by(Trial.item_id)
    )
    return {item_id: count for item_id, count in rows}


def win_back(
    session: Session, study_id: int, participant_id: int, observer_kind: str, only: int | None = None
) -> set[int]:
    """Reopen those of a participant's released trials, or the `only` one, whose places no one else took; their ids.

    None where others have filled a quota of theirs. The study must be locked.
    """
    if not may_return(session, study_id, participant_id):
        return set()
    load = loads(session, study_id, observer_kind)
    released = select(Trial.id, Trial.item_id, Trial.purpose, Item.ratings_wanted).join(Item, Trial.item_id == Item.id)
    released = released.where(Trial.participant_id == participant_id, Trial.state == RELEASED)
    if only is not None:
        released = released.where(Trial.id == only)
    free = {
        place.id
        for place in session.execute(released)
        if place.purpose != MAIN or load.get(place.item_id, 0) < place.ratings_wanted
    }
    session.execute(
        update(Trial).where(Trial.id.in_(free)).values(state=OPEN).execution_options(synchronize_session=False)
    )
    return free
