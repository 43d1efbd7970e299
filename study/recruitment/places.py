"""Places of people who returned their submission, ran out of time on the platform, or stopped by themselves."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from study.database import audit
from study.database.find import lock_study
from study.database.loads import give_back
from study.database.schema import OPEN, Participant, Study, Trial
from study.security import recruitment_hash


def release_places(
    session: Session, slug: str, provider: str, keys: Iterable[str], secret: str, actor: str, now: datetime
) -> int:
    """Free the open trials of those of these people who have not finished; returns how many people held any.

    They count as gone at once, and are asked when they open the study again.

    `keys` are the platform's ids of persons, as `Recruited.key` has them. Their answers stay, and a person who
    answers after all wins the places back or is kept as overflow, as after a lease. The caller commits.
    """
    hashes = {recruitment_hash(secret, provider, key) for key in keys}
    return _release(session, Study.slug == slug, Participant.recruitment_hash.in_(hashes), actor, now)


def release_places_of(session: Session, participant: Participant, actor: str, now: datetime) -> int:
    """The same for one participant; 0 where they held nothing. The caller commits."""
    return _release(session, Study.id == participant.study_id, Participant.id == participant.id, actor, now)


def _release(session: Session, which: ColumnElement[bool], who: ColumnElement[bool], actor: str, now: datetime) -> int:
    """The study is locked first, as everywhere where places are counted."""
    study = lock_study(session, which)
    gone = session.scalars(
        select(Participant)
        .where(Participant.study_id == study.id, who, Participant.finished_at.is_(None))
        .where(Participant.stopped_at.is_(None))
        .with_for_update()
    ).all()
    held = select(Trial.participant_id).where(
        Trial.participant_id.in_([participant.id for participant in gone]), Trial.state == OPEN
    )
    holders = set(session.scalars(held))
    give_back(session, [participant.id for participant in gone])
    for participant in gone:
        participant.stopped_at = now
        if participant.id in holders:
            detail = {"slug": study.slug, "participant": participant.public_id}
            audit.append(session, actor, "place-released", detail, now)
    return len(holders)
