"""Erasing one person's data on request, by their participant_id or by the id of the recruitment platform."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, select
from sqlalchemy.orm import Session

from study.database import audit
from study.database.erasing import count_rows
from study.database.find import find_study
from study.database.schema import AuditEntry, Participant, Study, TurnedAway
from study.definition import frozen_definition
from study.errors import UnknownError
from study.recruitment.providers import PROVIDERS
from study.security import recruitment_hash
from study.taking_part.withdrawal import FORGOTTEN, erase, rows_of

TURNED_AWAY_FORGOTTEN = "turned-away-forgotten"


@dataclass(frozen=True)
class Known:
    """What is stored of a person in a study. `rows`: table → number of rows that forgetting deletes.

    `public_id` is None for somebody who was turned away. `audited`: entries of the audit log that name them by it.
    `elsewhere`: other studies that the same person came to.
    """

    slug: str
    public_id: str | None
    turned_away: bool
    rows: dict[str, int]
    keeps_consent: bool
    audited: dict[str, int]
    elsewhere: tuple[str, ...]


def identities(secret: str, raw_id: str) -> frozenset[str]:
    """The keyed hashes under which somebody with this id of a platform is known, whichever the platform."""
    return frozenset(recruitment_hash(secret, one.name, one.key_of(raw_id)) for one in PROVIDERS.values())


def known(session: Session, slug: str, public_id: str | None, hashes: Iterable[str] = ()) -> Known:
    """Who has this participant_id, or else one of these hashes. Raises UnknownError."""
    study, hashes = find_study(session, slug), frozenset(hashes)
    person = session.scalar(select(Participant).where(_participant(study, public_id, hashes)))
    if person is not None:
        hashes |= {person.recruitment_hash}
    away = session.scalar(select(TurnedAway.id).where(_turned_away(study, hashes))) is not None
    if person is None and not away:
        named = f"participant {public_id!r}" if public_id else "participant with this id"
        raise UnknownError(
            f"study {slug!r} has no {named}; check the spelling, or whether the data are deleted already. An id is"
            " recognised with the secret that the server had when the person came"
        )
    rows = count_rows(session, rows_of(person.id)) if person else {}
    return Known(
        slug,
        person.public_id if person else None,
        away,
        rows | ({TurnedAway.__tablename__: 1} if away else {}),
        frozen_definition(study).study.keep_consent,
        _audited(session, slug, person.public_id) if person else {},
        _elsewhere(session, study, hashes),
    )


def forget(session: Session, found: Known, hashes: Iterable[str], actor: str, now: datetime) -> None:
    """Erase them: as a withdrawal does, and their record among the people who were turned away. The caller commits."""
    study = find_study(session, found.slug)
    theirs = session.execute(
        select(Participant.id, Participant.recruitment_hash).where(_participant(study, found.public_id, frozenset()))
    ).one_or_none()
    if theirs:
        hashes = {*hashes, theirs.recruitment_hash}
        erase(session, Participant.id == theirs.id, now, actor, FORGOTTEN)
    away = session.scalar(select(TurnedAway).where(_turned_away(study, frozenset(hashes))))
    if away is not None:
        detail = {"slug": study.slug, "observer_kind": away.observer_kind}
        session.delete(away)
        audit.append(session, actor, TURNED_AWAY_FORGOTTEN, detail, now)


def _participant(study: Study, public_id: str | None, hashes: frozenset[str]) -> ColumnElement[bool]:
    who = Participant.public_id == public_id if public_id else Participant.recruitment_hash.in_(hashes)
    return (Participant.study_id == study.id) & (who if public_id or hashes else false())


def _turned_away(study: Study, hashes: frozenset[str]) -> ColumnElement[bool]:
    return (TurnedAway.study_id == study.id) & TurnedAway.recruitment_hash.in_(hashes)


def _audited(session: Session, slug: str, public_id: str) -> dict[str, int]:
    """Action → number of entries about this participant; they are links of a chain, so they stay."""
    entries = session.execute(select(AuditEntry.action, AuditEntry.detail).execution_options(yield_per=1000))
    mine = {"slug": slug, "participant": public_id}
    return dict(Counter(action for action, detail in entries if mine.items() <= detail.items()))


def _elsewhere(session: Session, study: Study, hashes: frozenset[str]) -> tuple[str, ...]:
    slugs = {
        slug
        for table in (Participant, TurnedAway)
        for slug in session.scalars(
            select(Study.slug)
            .join(table, table.study_id == Study.id)
            .where(table.recruitment_hash.in_(hashes), Study.id != study.id)
        )
    }
    return tuple(sorted(slugs))
