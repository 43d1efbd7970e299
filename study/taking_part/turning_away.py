"""Who is turned away before a place is taken. Only the reason is stored; the same person gets the same reply again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study.database.find import find_known, lock_study
from study.database.schema import ANSWER, EARLIER, QUOTA, TEST, Participant, Study, TurnedAway
from study.definition import frozen_definition
from study.errors import ConsentError
from study.recruitment.outcomes import QUOTA_FULL, SCREENED_OUT, TOOK_PART
from study.screening import ScreeningConfig
from study.security import is_token, new_token, recruitment_hash
from study.taking_part.enrolment import Consent, require_consent, require_open
from study.taking_part.leases import release_expired
from study.taking_part.quotas import full_quota

OUTCOME_OF = {ANSWER: SCREENED_OUT, TEST: SCREENED_OUT, QUOTA: QUOTA_FULL, EARLIER: TOOK_PART}
Reason = tuple[str, str]  # (why, what), as TurnedAway has them


@dataclass(frozen=True)
class Count:
    """How many people of a kind of observer were turned away for a reason."""

    observer_kind: str
    why: str
    what: str
    people: int


def screen(session: Session, slug: str, consent: Consent, now: datetime, secret: str) -> TurnedAway | None:
    """Who cannot take part, stored; None for people who can, take part already, or have not been asked yet.

    Without answers only what is known of the person decides. The study is locked, and a quota that has a place now has
    it until the transaction ends. The caller commits. Raises UnknownError, NotOpenError, ConsentError.
    """
    study = lock_study(session, Study.slug == slug)
    definition = frozen_definition(study)
    identity = _identity(consent, secret)
    if find_known(session, study, identity, None):
        return None
    if earlier := find_turned_away(session, study, identity, None):
        return earlier
    require_open(study)
    require_consent(consent, definition)
    release_expired(session, study, now)
    reason = _joined_before(session, definition.screening, identity)
    if not reason and consent.screening:
        answers = _checked(definition.screening, consent.screening)
        reason = _by_answers(definition.screening, answers)
        if not reason and (full := full_quota(session, study.id, consent.observer_kind, definition.screening, answers)):
            reason = QUOTA, " = ".join(full)
    if not reason:
        return None
    turned_away = TurnedAway(
        study_id=study.id,
        recruitment_hash=identity,
        token=new_token(),
        observer_kind=consent.observer_kind,
        why=reason[0],
        what=reason[1],
        at=now,
    )
    session.add(turned_away)
    return turned_away


def is_asked_first(session: Session, study: Study, consent: Consent, secret: str) -> bool:
    """Whether the questions come now: there are some, none is answered, and the person does not take part already."""
    if consent.screening or not frozen_definition(study).screening.questions:
        return False
    return find_known(session, study, _identity(consent, secret), None) is None


def find_turned_away(session: Session, study: Study, identity: str | None, token: str | None) -> TurnedAway | None:
    """By recruitment id where one is given, else by the token that their browser remembers."""
    if identity is None and not is_token(token or ""):
        return None
    by = TurnedAway.recruitment_hash == identity if identity else TurnedAway.token == token
    return session.scalar(select(TurnedAway).where(TurnedAway.study_id == study.id, by))


def turned_away(session: Session, study: Study) -> list[Count]:
    """How many people for which reasons, the most frequent first."""
    rows = session.execute(
        select(TurnedAway.observer_kind, TurnedAway.why, TurnedAway.what, func.count())
        .where(TurnedAway.study_id == study.id)
        .group_by(TurnedAway.observer_kind, TurnedAway.why, TurnedAway.what)
        .order_by(func.count().desc(), TurnedAway.why, TurnedAway.what)
    )
    return [Count(*row) for row in rows]


def _identity(consent: Consent, secret: str) -> str:
    return recruitment_hash(secret, consent.recruited.provider, consent.recruited.key)


def _joined_before(session: Session, screening: ScreeningConfig, identity: str) -> Reason | None:
    joined = select(Study.slug).join(Participant, Participant.study_id == Study.id)
    joined = joined.where(Study.slug.in_(screening.not_after), Participant.recruitment_hash == identity)
    slug = session.scalar(joined.order_by(Study.id).limit(1)) if screening.not_after else None
    return (EARLIER, slug) if slug else None


def _checked(screening: ScreeningConfig, given: Mapping[str, str]) -> dict[str, str]:
    """The answers, one of each question's options each."""
    for question in screening.questions:
        if given.get(question.name) not in question.options:
            raise ConsentError("please go back and answer each question")
    return {question.name: given[question.name] for question in screening.questions}


def _by_answers(screening: ScreeningConfig, answers: Mapping[str, str]) -> Reason | None:
    for question in screening.questions:
        if question.admit and answers[question.name] not in question.admit:
            return ANSWER, question.name
    right = sum(answers[question.name] == question.right for question in screening.test)
    return (TEST, "") if right < screening.needed else None
