"""Ratings that participants were promised: counted while their lease lives, given back when it has run out."""

from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from study.database.loads import add_loads, give_back, loads
from study.database.schema import MAIN, MAY_HOLD, OPEN, RELEASED, Item, Participant, Study, Trial
from study.taking_part.quotas import may_return


def release_expired(session: Session, study: Study, now: datetime) -> None:
    """Give back the open trials of participants whose lease has run out. The study must be locked.

    A participant whose row is locked is storing an answer at this moment, so they are passed over.
    """
    expired = session.scalars(
        select(Participant.id).where(lets_go(study.id, now)).with_for_update(skip_locked=True)
    ).all()
    if expired:
        give_back(session, expired)


def lets_go(study_id: int, now: datetime) -> ColumnElement[bool]:
    """Whether a participant's lease has run out and they hold trials that nobody has released."""
    holds_trials = select(Trial.id).where(Trial.participant_id == Participant.id, Trial.state == OPEN).exists()
    return (Participant.study_id == study_id) & MAY_HOLD & (Participant.lease_until < now) & holds_trials


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
    if free:
        quietly = {"synchronize_session": False}
        session.execute(update(Trial).where(Trial.id.in_(free)).values(state=OPEN).execution_options(**quietly))
        add_loads(session, Trial.id.in_(free))
        back = update(Participant).where(Participant.id == participant_id).values(released=False)
        session.execute(back.execution_options(**quietly))
    return free
