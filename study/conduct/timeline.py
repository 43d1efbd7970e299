"""What a participant did and when, for researchers: no response and no truth, so nobody sees a result here.

When the study is closed, the pictures are shown too.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from study.conduct.people import Person, people_of, person_of
from study.database.schema import CLOSED, FIRST_ANSWER, Event, Participant, Response, Stimulus, Study, Trial
from study.errors import UnknownError


@dataclass(frozen=True)
class Step:
    """One trial of a participant; `rt` in ms, or why there is none; `gap_s` since the answer before (or consent).

    `events` with counts. `pictures`: the ids of the stimuli from left to right; none until the study is closed.
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
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class Timeline:
    """`steps` are all planned trials in order."""

    person: Person
    language: str
    consent_version: str
    definition_sha256: str
    steps: tuple[Step, ...]


def timeline(session: Session, study: Study, public_id: str) -> Timeline:
    """Raises UnknownError."""
    row = session.execute(people_of(study, Participant.public_id == public_id)).one_or_none()
    if row is None:
        raise UnknownError(f"study {study.slug!r} has no participant {public_id!r}")
    person = person_of(row)
    participant = session.get_one(Participant, person.id)
    return Timeline(
        person,
        participant.language,
        participant.consent_version,
        participant.definition_sha256,
        _steps(session, person, study.state == CLOSED),
    )


def _steps(session: Session, person: Person, has_pictures: bool) -> tuple[Step, ...]:
    events, steps, last = _events(session, person), [], person.joined_at
    left, right = aliased(Stimulus), aliased(Stimulus)
    query = (
        select(Trial, Response.rt, Response.rt_missing, Response.answered_at, left.stimulus_id, right.stimulus_id)
        .outerjoin(Response, FIRST_ANSWER)
        .join(left, Trial.left_stimulus_id == left.id)
        .outerjoin(right, Trial.right_stimulus_id == right.id)
        .where(Trial.participant_id == person.id)
        .order_by(Trial.position)
    )
    for trial, rt, rt_missing, at, *pictures in session.execute(query):
        gap = (at - last).total_seconds() if at else None
        last = at or last
        seen = tuple(sorted(events.get(trial.id, Counter()).items()))
        shown = tuple(filter(None, pictures)) if has_pictures else ()
        of_trial = (trial.position, trial.task, trial.purpose, trial.state, trial.is_overflow)
        steps.append(Step(*of_trial, at, rt, rt_missing, gap, seen, shown))
    return tuple(steps)


def _events(session: Session, person: Person) -> dict[int, Counter[str]]:
    """trial's id → events with counts."""
    events: dict[int, Counter[str]] = {}
    for trial_id, event in session.execute(
        select(Event.trial_id, Event.event)
        .join(Trial, Event.trial_id == Trial.id)
        .where(Trial.participant_id == person.id)
    ):
        events.setdefault(trial_id, Counter())[event] += 1
    return events
