"""Ratings per day, how many people a study still needs and, if they go on coming as now, when it is full."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from study.database.schema import ANSWERED, CLOSED, FIRST_ANSWER, MAIN, Participant, Response, Study, Trial
from study.definition import FrozenDefinition

_DAY = timedelta(days=1)
_FEWEST_DAYS, _MOST_DAYS = 7, 14  # shown
_RECENT = 7  # days, today among them
_SHORTEST = timedelta(hours=1)  # over which a rate is taken
_FARTHEST = 3650  # days; a later date is no forecast

Days = tuple[tuple[date, int], ...]


@dataclass(frozen=True)
class Outlook:
    """Of one kind of observer. The study is full with `target` finished participants who are not excluded.

    `people_per_day`: of the last 7 days, or since the first consent. `full_at` is None where nobody is needed or where
    nobody has come lately. `days`: (day in the reader's zone, ratings), without gaps.
    """

    finished: int
    needed: int
    people_per_day: float
    full_at: datetime | None
    days: Days

    @property
    def target(self) -> int:
        """Finished participants that the study wants, as far as can be told now."""
        return self.finished + self.needed


def outlook(
    definition: FrozenDefinition,
    missing: Sequence[Sequence[int]],
    finished: int,
    days: Days,
    first: datetime | None,
    now: datetime,
    zone: tzinfo,
) -> Outlook:
    """`missing`: ratings that each task lacks, for each of `definition.by_condition`.

    `finished`: participants who count. `first`: the first consent."""
    needed = _people(definition, missing, finished)
    each = [_ratings_each(part) for _, part in definition.by_condition]
    ratings_each = sum(each) / len(each)
    rate = _ratings_per_day(days, first or now, now, zone) / ratings_each
    is_near = needed and rate and needed / rate < _FARTHEST
    return Outlook(finished, needed, rate, now + needed / rate * _DAY if is_near else None, days)


def _ratings_each(definition: FrozenDefinition) -> float:
    each = [task.trials_per_participant for task in definition.tasks]
    return sum(each) / (len(each) if definition.participants.tasks == "one" else 1)


def _people(definition: FrozenDefinition, missing: Sequence[Sequence[int]], finished: int) -> int:
    needed = sum(_people_of(part, lack) for (_, part), lack in zip(definition.by_condition, missing, strict=True))
    limit = definition.participants.limit
    return needed if limit is None else min(needed, max(0, limit - finished))


def _people_of(definition: FrozenDefinition, missing: Sequence[int]) -> int:
    wanted = [ceil(lack / task.trials_per_participant) for lack, task in zip(missing, definition.tasks, strict=True)]
    return sum(wanted) if definition.participants.tasks == "one" else max(wanted)


def _ratings_per_day(days: Days, first: datetime, now: datetime, zone: tzinfo) -> float:
    since = now.astimezone(zone).date() - (_RECENT - 1) * _DAY
    lasting = max(_SHORTEST, now - max(first, _midnight(since, zone)))
    return sum(n for day, n in days if day >= since) / (lasting / _DAY)


def ratings_per_day(
    session: Session, study: Study, observer_kind: str, first: datetime | None, now: datetime, zone: tzinfo
) -> Days:
    """Of the last days in the reader's zone, 7 at least; of a closed study up to its last rating."""
    last = now
    if study.state == CLOSED:
        last = session.scalar(_ratings(study, observer_kind, func.max(Response.answered_at))) or now
    end = last.astimezone(zone).date()
    begin = min((first or now).astimezone(zone).date(), end - (_FEWEST_DAYS - 1) * _DAY)
    begin = max(begin, end - (_MOST_DAYS - 1) * _DAY)
    days = [begin + n * _DAY for n in range((end - begin).days + 1)]
    edges = [_midnight(day + _DAY, zone) for day in days]
    place = case(*((Response.answered_at < edge, i) for i, edge in enumerate(edges)), else_=len(days) - 1)
    query = _ratings(study, observer_kind, place.label("place"), func.count())
    query = query.where(Response.answered_at >= _midnight(begin, zone)).group_by("place")
    counts = {at: n for at, n in session.execute(query)}
    return tuple((day, counts.get(i, 0)) for i, day in enumerate(days))


def _ratings(study: Study, observer_kind: str, *columns: ColumnElement[Any]) -> Select:
    """Answers that count, as `TaskProgress.ratings` does."""
    return (
        select(*columns)
        .select_from(Trial)
        .join(Response, FIRST_ANSWER)
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study.id, Participant.observer_kind == observer_kind)
        .where(Participant.excluded.is_(False), Trial.is_overflow.is_(False))
        .where(Trial.purpose == MAIN, Trial.state == ANSWERED)
    )


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)
