"""Deleting the recruitment ids of a closed study; what is needed to pay somebody is kept until they are paid."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from study.database import audit
from study.database.audit import IDS_DELETED
from study.database.find import lock_study
from study.database.platform_tables import PlatformSubmission
from study.database.schema import CLOSED, AuditEntry, ExternalIdentity, Participant, Study, TurnedAway
from study.errors import ConductError
from study.recruitment.ledger import DONE
from study.security import NOBODY

_NO_ID = {"visit"}  # parameters of a link that name no person


@dataclass(frozen=True)
class Ids:
    """Ids of `people` participants and of `turned_away` can be deleted now.

    Kept: of people who are `taking_part`, and of those who finished and are `unpaid` as far as is known here.
    """

    slug: str
    people: tuple[int, ...]  # ids of the participants' rows
    turned_away: tuple[int, ...]
    taking_part: int
    unpaid: int


@dataclass(frozen=True)
class _Person:
    id: int
    has_id: bool  # by which somebody could be paid
    finished: bool
    can_finish: bool
    paid: bool


def recruitment_ids(session: Session, slug: str, now: datetime, all_are_paid: bool = False) -> Ids:
    """Whose ids can be deleted; with `all_are_paid`, also those of people whose payment is not recorded here.

    The study is locked. Raises UnknownError, and ConductError where it is not closed.
    """
    study = lock_study(session, Study.slug == slug)
    if study.state != CLOSED:
        raise ConductError(
            f"study {slug!r} is {study.state}: people who come again must be recognised; close it first with"
            " `./manage.py close-study`"
        )
    people = list(_people(session, study, now))
    unpaid = {one.id for one in people if one.finished and one.has_id and not one.paid and not all_are_paid}
    busy = {one.id for one in people if one.can_finish}
    away = select(TurnedAway.id).where(
        TurnedAway.study_id == study.id, TurnedAway.recruitment_hash.not_like(f"{NOBODY}%")
    )
    return Ids(
        slug,
        tuple(one.id for one in people if one.id not in unpaid | busy),
        tuple(session.scalars(away)),
        len(busy),
        len(unpaid),
    )


def delete_recruitment_ids(session: Session, ids: Ids, actor: str, now: datetime) -> None:
    """Delete these ids, and put a random value in place of each hash of one. The caller commits.

    From then on nobody is recognised by them, so the study cannot be opened again.
    """
    connection = session.connection()
    for table, rows in ((Participant.__table__, ids.people), (TurnedAway.__table__, ids.turned_away)):
        anew = [{"row": row, "hash": f"{NOBODY}{secrets.token_hex(16)}"} for row in rows]
        if anew:
            statement = update(table).where(table.c.id == bindparam("row"))  # type: ignore[arg-type]  # a Table, as declared
            connection.execute(statement.values(recruitment_hash=bindparam("hash")), anew)
    raw = ExternalIdentity.__table__
    if ids.people:
        theirs = delete(raw).where(raw.c.participant_id == bindparam("row"))  # type: ignore[arg-type]  # likewise
        connection.execute(theirs, [{"row": row} for row in ids.people])
        session.execute(delete(PlatformSubmission).where(PlatformSubmission.participant_id.in_(ids.people)))
    here = select(Study.id).where(Study.slug == ids.slug)
    nobodys = PlatformSubmission.study_id.in_(here) & PlatformSubmission.participant_id.is_(None)
    session.execute(delete(PlatformSubmission).where(nobodys))
    session.expire_all()
    kept = {"taking_part": ids.taking_part, "unpaid": ids.unpaid}
    counts = {"people": len(ids.people), "turned_away": len(ids.turned_away), "kept": kept}
    audit.append(session, actor, IDS_DELETED, {"slug": ids.slug} | counts, now)


def _people(session: Session, study: Study, now: datetime) -> Iterator[_Person]:
    paid = _paid(session, study.slug)
    rows = session.execute(
        select(Participant, ExternalIdentity.parameters)
        .outerjoin(ExternalIdentity, ExternalIdentity.participant_id == Participant.id)
        .where(Participant.study_id == study.id, Participant.recruitment_hash.not_like(f"{NOBODY}%"))
        .execution_options(yield_per=1000)
    )
    for person, parameters in rows:
        is_human = person.observer_kind == "human"
        yield _Person(
            person.id,
            is_human and bool(set(parameters or {}) - _NO_ID),
            person.finished_at is not None,
            person.finished_at is None and person.stopped_at is None and person.lease_until >= now,
            person.public_id in paid,
        )


def _paid(session: Session, slug: str) -> set[Any]:
    """participant_ids of those who were paid, or got credit, by `recruit approve` or `recruit credit`."""
    details = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == DONE))
    return {
        detail.get("participant")
        for detail in details
        if detail["slug"] == slug and detail["what"] in ("approval", "credit")
    }
