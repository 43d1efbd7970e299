"""What each participant did and when, for researchers: no response and no truth, so nobody sees a result here."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.orm import Session

from study.database.schema import ANSWERED, FIRST_ANSWER, Event, Participant, Response, Study, Trial
from study.errors import UnknownError

PAGE = 100  # participants listed at once


@dataclass(frozen=True)
class Person:
    """A line of the list of participants."""

    id: int
    public_id: str
    observer_kind: str
    joined_at: datetime
    finished_at: datetime | None
    lease_until: datetime
    stopped_at: datetime | None
    planned: int
    answered: int
    exclusion_reason: str | None

    def stage(self, now: datetime) -> str:
        """excluded, finished, taking part or left."""
        if self.exclusion_reason is not None:
            return "excluded"
        if self.finished_at is not None:
            return "finished"
        return "left" if self.stopped_at or self.lease_until < now else "taking part"


@dataclass(frozen=True)
class Step:
    """One trial of a participant; `rt` in ms, or why there is none; `gap_s` since the answer before (or consent).

    `events` with counts.
    """

    position: int
    task: str
    purpose: str
    state: str
    is_overflow: bool
    answered_at: datetime | None
    rt: float | None
    rt_missing: str | None
    gap_s: float | None
    events: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Timeline:
    """`steps` are all planned trials in order."""

    person: Person
    language: str
    consent_version: str
    definition_sha256: str
    steps: tuple[Step, ...]


def people(session: Session, study: Study, before: int | None = None) -> list[Person]:
    """The PAGE participants who joined last; `before`: those who joined before the one with this id."""
    query = _people(study).order_by(Participant.id.desc()).limit(PAGE)
    if before is not None:
        query = query.where(Participant.id < before)
    return [_person(row) for row in session.execute(query)]


def timeline(session: Session, study: Study, public_id: str) -> Timeline:
    """Raises UnknownError."""
    row = session.execute(_people(study).where(Participant.public_id == public_id)).one_or_none()
    if row is None:
        raise UnknownError(f"study {study.slug!r} has no participant {public_id!r}")
    participant = row[0]
    events: dict[int, Counter[str]] = {}
    for trial_id, event in session.execute(
        select(Event.trial_id, Event.event)
        .join(Trial, Event.trial_id == Trial.id)
        .where(Trial.participant_id == participant.id)
    ):
        events.setdefault(trial_id, Counter())[event] += 1
    steps, last = [], participant.consented_at
    for trial, rt, rt_missing, at in session.execute(
        select(Trial, Response.rt, Response.rt_missing, Response.answered_at)
        .outerjoin(Response, FIRST_ANSWER)
        .where(Trial.participant_id == participant.id)
        .order_by(Trial.position)
    ):
        gap = (at - last).total_seconds() if at else None
        last = at or last
        seen = tuple(sorted(events.get(trial.id, Counter()).items()))
        of_trial = (trial.position, trial.task, trial.purpose, trial.state, trial.is_overflow)
        steps.append(Step(*of_trial, at, rt, rt_missing, gap, seen))
    return Timeline(
        _person(row), participant.language, participant.consent_version, participant.definition_sha256, tuple(steps)
    )


def _people(study: Study) -> Select[Participant, int, int]:
    counts = (
        select(
            Trial.participant_id,
            func.count().label("planned"),
            func.count(case((Trial.state == ANSWERED, 1))).label("answered"),
        )
        .group_by(Trial.participant_id)
        .subquery()
    )
    return (
        select(Participant, counts.c.planned, counts.c.answered)
        .join(counts, counts.c.participant_id == Participant.id)
        .where(Participant.study_id == study.id)
    )


def _person(row: Row[Participant, int, int]) -> Person:
    participant, planned, answered = row
    return Person(
        participant.id,
        participant.public_id,
        participant.observer_kind,
        participant.consented_at,
        participant.finished_at,
        participant.lease_until,
        participant.stopped_at,
        planned,
        answered,
        participant.exclusion_reason,
    )
