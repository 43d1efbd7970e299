"""Withdrawing: all that a participant gave is erased; the audit log keeps that it happened, not what it was.

Where the definition says `keep_consent`, it also keeps what proves that the person had consented. Researchers erase
somebody's data in the same way (conduct/forgetting.py).
"""

import re
from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from study.database import audit
from study.database.erasing import Rows, delete_rows, with_dependents
from study.database.find import lock_study
from study.database.loads import take_off_loads
from study.database.schema import ANSWERED, AuditEntry, Base, Participant, Study, Trial
from study.definition import frozen_definition
from study.errors import UnknownCodeError, UnknownError

ACTION, FORGOTTEN = "participant-withdrawn", "participant-forgotten"  # by themselves, and by researchers
_CODE = re.compile(r"[A-Z0-9]{4,32}")


def withdraw(session: Session, token: str, now: datetime) -> None:
    """Erase the participant with this token. The caller commits. Raises UnknownError."""
    erase(session, Participant.token == token, now)


def withdraw_by_code(session: Session, slug: str, code: str, now: datetime) -> None:
    """Erase the participant who was given this withdrawal code in this study. The caller commits.

    Raises UnknownCodeError.
    """
    code = re.sub(r"[\s-]", "", code).upper()
    if not _CODE.fullmatch(code):
        raise UnknownCodeError("no data has such a code")
    in_study = select(Study.id).where(Study.slug == slug).scalar_subquery()
    whose = (Participant.withdrawal_code == code) & (Participant.study_id == in_study)
    if session.scalar(select(Participant.id).where(whose)) is None:
        raise UnknownCodeError("no data has this code")
    erase(session, whose, now)


def withdrawals(session: Session, slug: str) -> Counter[str]:
    """observer kind → how many withdrew from this study, or were erased by researchers."""
    details = session.scalars(select(AuditEntry.detail).where(AuditEntry.action.in_((ACTION, FORGOTTEN))))
    return Counter(detail.get("observer_kind", "human") for detail in details if detail["slug"] == slug)


def erase(
    session: Session, who: ColumnElement[bool], now: datetime, actor: str = "participant", action: str = ACTION
) -> None:
    """Erase one participant. The caller commits. Raises UnknownError.

    The study is locked first, as everywhere where places are counted; the places are free when this is committed.
    """
    found = session.execute(select(Participant.id, Participant.study_id).where(who)).one_or_none()
    if found is None:
        raise UnknownError("these data have been deleted already")
    study = lock_study(session, Study.id == found.study_id)
    participant = session.scalar(select(Participant).where(Participant.id == found.id).with_for_update())
    if participant is None:
        raise UnknownError("these data have been deleted already")
    trials = select(Trial.id).where(Trial.participant_id == participant.id)
    answers = session.scalar(select(func.count()).select_from(trials.where(Trial.state == ANSWERED).subquery()))
    about = {"participant": participant.public_id, "observer_kind": participant.observer_kind}
    detail: dict[str, Any] = {"slug": study.slug, "answers": answers} | about
    if frozen_definition(study).study.keep_consent:
        detail["consent"] = _proof(participant)
    take_off_loads(session, Trial.participant_id == found.id)
    session.expunge(participant)
    delete_rows(session, rows_of(found.id))
    audit.append(session, actor, action, detail, now)


def rows_of(participant_id: int) -> list[Rows]:
    """All that is stored of a participant: tables that refer to them or a trial of theirs are found by themselves."""
    participants = Base.metadata.tables["participant"]
    return with_dependents(participants, participants.c.id == participant_id)


def _proof(participant: Participant) -> dict[str, Any]:
    """When somebody consented to which text, and which boxes they ticked."""
    return {
        "at": participant.consented_at.isoformat(),
        "version": participant.consent_version,
        "language": participant.language,
        "definition_sha256": participant.definition_sha256,
        "boxes": participant.consents or {},
    }
