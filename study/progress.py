"""How far a study is. Counts only: estimates stay hidden while people take part."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from study.definition import frozen_definition
from study.recruitment.providers import PROVIDERS
from study.schema import ANSWERED, MAIN, OBSERVER_KINDS, Item, Participant, Study, Trial


@dataclass(frozen=True)
class StudySummary:
    """A line of the list of studies. `ratings` are the humans' within k, of `ratings_wanted`."""

    slug: str
    title: str
    state: str
    opened_at: datetime
    finished: int
    ratings: int
    ratings_wanted: int


@dataclass(frozen=True)
class KindProgress:
    """Participants and answers of one kind of observer. Somebody whose lease ran out unfinished counts as `left`."""

    observer_kind: str
    consented: int
    finished: int
    in_progress: int
    left: int
    excluded: int
    answers: int
    overflow: int


@dataclass(frozen=True)
class TaskProgress:
    """Ratings of one task by one kind of observer; `histogram`: (ratings, number of items with so many), 0 … k."""

    task: str
    kind: str
    observer_kind: str
    items: int
    ratings_per_item: int
    ratings: int
    ratings_wanted: int
    histogram: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Progress:
    """Everything that the researcher's page of a study shows."""

    slug: str
    title: str
    state: str
    opened_at: datetime
    definition_sha256: str
    completion_code: str | None  # the one that the recruitment platform must know; None: each participant has their own
    kinds: tuple[KindProgress, ...]
    tasks: tuple[TaskProgress, ...]


def summaries(session: Session) -> list[StudySummary]:
    """All studies, the newest first."""
    return [_summary(session, study) for study in session.scalars(select(Study).order_by(Study.opened_at.desc()))]


def progress(session: Session, study: Study, now: datetime) -> Progress:
    """Counts of this moment. Observer kinds without a participant are left out, except `human`."""
    definition = frozen_definition(study)
    language = definition.study.languages[0]
    kinds = tuple(
        kind
        for kind in (_kind(session, study, name, now) for name in OBSERVER_KINDS)
        if kind.consented or kind.observer_kind == "human"
    )
    shares_code = PROVIDERS[definition.participants.provider].shares_code
    return Progress(
        slug=study.slug,
        title=definition.study.title[language],
        state=study.state,
        opened_at=study.opened_at,
        definition_sha256=study.definition_sha256,
        completion_code=study.completion_code if shares_code else None,
        kinds=kinds,
        tasks=tuple(
            _task(session, study, task.name, task.kind, kind.observer_kind)
            for task in definition.tasks
            for kind in kinds
        ),
    )


def _summary(session: Session, study: Study) -> StudySummary:
    language = frozen_definition(study).study.languages[0]
    ratings = sum(_ratings(session, study, "human").values())
    wanted = session.scalar(select(func.sum(Item.ratings_wanted)).where(Item.study_id == study.id))
    return StudySummary(
        slug=study.slug,
        title=study.document["study"]["title"][language],
        state=study.state,
        opened_at=study.opened_at,
        finished=_kind(session, study, "human", study.opened_at).finished,
        ratings=ratings,
        ratings_wanted=wanted or 0,
    )


def _ratings(session: Session, study: Study, observer_kind: str) -> dict[int, int]:
    """item id → answers within k, from participants who are not excluded."""
    rows = session.execute(
        select(Trial.item_id, func.count())
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study.id, Participant.observer_kind == observer_kind)
        .where(Participant.excluded.is_(False), Trial.is_overflow.is_(False), Trial.state == ANSWERED)
        .where(Trial.purpose == MAIN)
        .group_by(Trial.item_id)
    )
    return {item_id: ratings for item_id, ratings in rows}


def _kind(session: Session, study: Study, observer_kind: str, now: datetime) -> KindProgress:
    of_kind = (Participant.study_id == study.id, Participant.observer_kind == observer_kind)
    unfinished = Participant.finished_at.is_(None)
    people = session.execute(
        select(
            func.count(),
            func.count(Participant.finished_at),
            func.count(case((unfinished & (Participant.lease_until >= now), 1))),
            func.count(case((unfinished & (Participant.lease_until < now), 1))),
            func.count(case((Participant.excluded, 1))),
        ).where(*of_kind)
    ).one()
    answers = session.execute(
        select(func.count(), func.count(case((Trial.is_overflow, 1))))
        .join(Participant, Trial.participant_id == Participant.id)
        .where(*of_kind, Trial.state == ANSWERED, Trial.purpose == MAIN)
    ).one()
    return KindProgress(observer_kind, *people, *answers)


def _task(session: Session, study: Study, task: str, kind: str, observer_kind: str) -> TaskProgress:
    wanted = dict(
        session.execute(select(Item.id, Item.ratings_wanted).where(Item.study_id == study.id, Item.task == task)).all()
    )
    given = _ratings(session, study, observer_kind)
    ratings = {item: given.get(item, 0) for item in wanted}
    counts = Counter(ratings.values())
    k = max(wanted.values())
    return TaskProgress(
        task=task,
        kind=kind,
        observer_kind=observer_kind,
        items=len(wanted),
        ratings_per_item=k,
        ratings=sum(ratings.values()),
        ratings_wanted=sum(wanted.values()),
        histogram=tuple((n, counts[n]) for n in range(max(k, *counts) + 1)),
    )
