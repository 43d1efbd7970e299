"""Stopping before the end without deleting anything: the places are free at once. People who return are asked."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from study.database.find import find_participant, lock_study, next_index
from study.database.schema import Participant, Study
from study.definition import frozen_definition
from study.recruitment.outcomes import INCOMPATIBLE_DEVICE, STOPPED
from study.recruitment.places import release_places_of
from study.taking_part.leases import win_back


def leave(session: Session, token: str, now: datetime) -> str | None:
    """Free the participant's open trials; the outcome, one of recruitment.outcomes, or None where all is answered.

    The caller commits. Raises UnknownError.
    """
    found = find_participant(session, token)
    if found.finished_at is not None:
        return None
    release_places_of(session, found, "participant", now)
    return INCOMPATIBLE_DEVICE if _was_turned_away(session, found) else STOPPED


def come_back(session: Session, token: str, now: datetime) -> None:
    """Take up again what a participant gave back: those of their places that are still free; the others are overflow.

    The caller commits. Raises UnknownError.
    """
    study = lock_study(session, Study.id == find_participant(session, token).study_id)
    found = find_participant(session, token, locked=True)
    if found.stopped_at is None:
        return
    win_back(session, study.id, found.id, found.observer_kind)
    found.stopped_at = None
    found.lease_until = now + timedelta(minutes=frozen_definition(study).participants.lease_minutes)


def _was_turned_away(session: Session, participant: Participant) -> bool:
    """Whether the browser last said that something is missing, before any answer."""
    reports = (participant.device or {}).get("reports", [])
    return bool(reports and reports[-1]["problems"]) and next_index(session, participant.id) == 0
