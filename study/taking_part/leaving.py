"""Stopping before the end without deleting anything: the places are free at once, and coming back is possible."""

from datetime import datetime

from sqlalchemy.orm import Session

from study.database.find import find_participant, next_index
from study.database.schema import Participant
from study.recruitment.outcomes import INCOMPATIBLE_DEVICE, STOPPED
from study.recruitment.places import release_places_of


def leave(session: Session, token: str, now: datetime) -> str | None:
    """Free the participant's open trials; the outcome, one of recruitment.outcomes, or None where all is answered.

    The caller commits. Raises UnknownError.
    """
    found = find_participant(session, token)
    if found.finished_at is not None:
        return None
    release_places_of(session, found, "participant", now)
    return INCOMPATIBLE_DEVICE if _was_turned_away(session, found) else STOPPED


def _was_turned_away(session: Session, participant: Participant) -> bool:
    """Whether the browser last said that something is missing, before any answer."""
    reports = (participant.device or {}).get("reports", [])
    return bool(reports and reports[-1]["problems"]) and next_index(session, participant.id) == 0
