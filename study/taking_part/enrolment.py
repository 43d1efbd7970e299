"""Joining a study: one transaction that stores the participant and all of their trials."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import func, insert, select, true
from sqlalchemy.orm import Session

from study.config import AGE, ParticipantsConfig
from study.database.find import lock_study
from study.database.loads import add_loads, loads
from study.database.schema import CLOSED, MAIN, OPEN, PAUSED, ExternalIdentity, Item, Load, Participant, Study, Trial
from study.definition import FrozenDefinition, frozen_definition
from study.errors import ConsentError, NotOpenError, StudyFullError
from study.recruitment.provider import Recruited
from study.security import new_public_id, new_token, new_withdrawal_code, recruitment_hash
from study.taking_part.leases import lets_go, release_expired
from study.taking_part.trials import choose_trials, trial_row

JOINING_KINDS = ("human", "simulated")  # who may come through the consent form


@dataclass(frozen=True)
class Consent:
    """What the consent form says."""

    recruited: Recruited
    language: str
    observer_kind: str
    ticked: frozenset[str] = frozenset()  # names of the further boxes
    screening: Mapping[str, str] = field(default_factory=dict)  # question → option; screening.py has checked them


def join(
    session: Session, slug: str, consent: Consent, now: datetime, rng: np.random.Generator, secret: str
) -> Participant:
    """Enrol a participant and lease their trials, or return the participant that this person already is.

    Who comes back before the end with another assignment of their platform hands that one in.
    The study's row is locked first and everything is read afterwards, so that no place is given twice.
    Raises UnknownError, NotOpenError, ConsentError, StudyFullError.
    """
    study = lock_study(session, Study.slug == slug)
    identity = recruitment_hash(secret, consent.recruited.provider, consent.recruited.key)
    known = session.scalar(
        select(Participant).where(Participant.study_id == study.id, Participant.recruitment_hash == identity)
    )
    if known:
        _hand_in(session, known, consent.recruited)
        return known
    require_open(study)
    definition = frozen_definition(study)
    require_consent(consent, definition)
    release_expired(session, study, now)
    if _is_at_limit(session, study, definition.participants, consent.observer_kind):
        raise StudyFullError("all places in this study are taken")
    chosen = choose_trials(session, definition, study.id, loads(session, study.id, consent.observer_kind), rng)
    condition = chosen[0].item.condition
    participant = _store(session, study, definition, condition, consent, identity, now)
    trials = [trial_row(choice, position, participant.id) for position, choice in enumerate(chosen)]
    session.execute(insert(Trial), trials)
    add_loads(session, Trial.participant_id == participant.id)
    return participant


def is_full(session: Session, study: Study, observer_kind: str, now: datetime) -> bool:
    """Whether somebody who consented now would find no place. Nothing is locked or changed, so it may soon be wrong."""
    if _is_at_limit(session, study, frozen_definition(study).participants, observer_kind, now):
        return True
    theirs = (Load.item_id == Item.id) & (Load.observer_kind == observer_kind)
    short = select(Item.id).outerjoin(Load, theirs).where(func.coalesce(Load.ratings, 0) < Item.ratings_wanted)
    if session.scalar(short.where(Item.study_id == study.id).limit(1)):
        return False
    rates = select(Trial.id).where(Trial.participant_id == Participant.id, Trial.state == OPEN, Trial.purpose == MAIN)
    promised = select(Participant.id).where(lets_go(study.id, now), Participant.excluded.is_(False), rates.exists())
    return session.scalar(promised.where(Participant.observer_kind == observer_kind).limit(1)) is None


def require_open(study: Study) -> None:
    """Raises NotOpenError."""
    if study.state == PAUSED:
        raise NotOpenError("this study is paused; please open its link again later")
    if study.state == CLOSED:
        raise NotOpenError("this study has ended; thank you for your interest")


def _hand_in(session: Session, known: Participant, recruited: Recruited) -> None:
    identity = session.get(ExternalIdentity, known.id)
    if identity is not None and known.finished_at is None:
        identity.parameters = recruited.parameters


def require_consent(consent: Consent, definition: FrozenDefinition) -> None:
    """Raises ConsentError where the form lacks something."""
    if consent.language not in definition.study.languages:
        raise ConsentError(f"this study is not offered in language {consent.language!r}")
    if consent.observer_kind not in JOINING_KINDS:
        raise ConsentError(f"observer_kind must be one of {', '.join(JOINING_KINDS)}")
    if missing := {name for name, is_required in boxes(definition).items() if is_required} - consent.ticked:
        raise ConsentError(f"taking part needs a tick in these boxes, too: {', '.join(sorted(missing))}")


def boxes(definition: FrozenDefinition) -> dict[str, bool]:
    """Name of each box beside the one for taking part → whether taking part needs it."""
    age = {AGE: True} if definition.study.minimum_age is not None else {}
    return age | {box.name: box.required for box in definition.study.consents}


def _is_at_limit(
    session: Session, study: Study, config: ParticipantsConfig, observer_kind: str, alive_at: datetime | None = None
) -> bool:
    """Whether the most participants wanted have finished or hold trials. People who are out take no place.

    `alive_at`: trials of people whose lease has run out by then are no places.
    """
    if config.limit is None:
        return False
    holds_trials = select(Trial.id).where(Trial.participant_id == Participant.id, Trial.state == OPEN).exists()
    is_alive = true() if alive_at is None else Participant.lease_until >= alive_at
    places = session.scalar(
        select(func.count())
        .select_from(Participant)
        .where(Participant.study_id == study.id, Participant.observer_kind == observer_kind)
        .where(Participant.excluded.is_(False), Participant.finished_at.is_not(None) | (holds_trials & is_alive))
    )
    return (places or 0) >= config.limit


def _store(
    session: Session,
    study: Study,
    definition: FrozenDefinition,
    condition: str,
    consent: Consent,
    identity: str,
    now: datetime,
) -> Participant:
    participant = Participant(
        study_id=study.id,
        token=new_token(),
        public_id=new_public_id(),
        withdrawal_code=new_withdrawal_code(),
        recruitment_hash=identity,
        observer_kind=consent.observer_kind,
        condition=condition,
        language=consent.language,
        definition_sha256=study.definition_sha256,
        consent_version=definition.study.consent_version,
        consented_at=now,
        consents={name: name in consent.ticked for name in boxes(definition)} or None,
        screening=dict(consent.screening) or None,
        lease_until=now + timedelta(minutes=definition.participants.lease_minutes),
    )
    session.add(participant)
    session.flush()
    session.add(
        ExternalIdentity(
            participant_id=participant.id,
            provider=consent.recruited.provider,
            parameters=consent.recruited.parameters,
        )
    )
    return participant
