"""How far participants come: consent, first answer, the end, and where those who leave stop."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from study.conduct.balance import ItemCount
from study.database.schema import ANSWERED, MAIN, Participant, Study, Trial
from study.taking_part.arrivals import Arrived

_STEPS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 360, 1440, 7 * 1440, 28 * 1440))
_MOST_STEPS = 48


@dataclass(frozen=True)
class Visit:
    """One participant: `answered` trials of any purpose, `rated` ones that count."""

    observer_kind: str
    condition: str
    joined_at: datetime
    lease_until: datetime
    finished_at: datetime | None
    stopped_at: datetime | None
    exclusion_reason: str | None
    answered: int
    rated: int


@dataclass(frozen=True)
class Flow:
    """Participants and answers of one kind of observer.

    `consented` is the sum of `finished`, `in_progress`, `stopped` (they gave their place back), `expired` (their lease
    ran out unfinished) and `withdrew`. Of those who withdrew the data are deleted: only `consented` has them too.
    Excluded participants are counted where they are; `excluded` of them in all, `finished_excluded` among the finished.
    `discounted`: answers of excluded participants.

    `opened`: how often the first page was, since the day `opened_since`; a person who comes twice counts twice.
    `reasons`: (why excluded, how many). `arrivals`: (when, how many consented), without gaps. `stops`: (answers given
    before leaving, how many). `median_s`: from consent to the end, in seconds; none before the first has finished.
    """

    observer_kind: str
    opened: int
    opened_since: date | None
    consented: int
    began: int
    rated: int
    finished: int
    finished_excluded: int
    in_progress: int
    stopped: int
    expired: int
    withdrew: int
    excluded: int
    answers: int
    overflow: int
    discounted: int
    reasons: tuple[tuple[str, int], ...]
    arrivals: tuple[tuple[datetime, int], ...]
    stops: tuple[tuple[str, int], ...]
    median_s: float | None

    @property
    def left(self) -> int:
        """People who have gone before the end and whose data are kept."""
        return self.stopped + self.expired


def visits(session: Session, study: Study) -> list[Visit]:
    """Everybody who consented; their answers are counted by the database."""
    answered = Trial.state == ANSWERED
    counts = (
        select(
            Trial.participant_id,
            func.count(case((answered, 1))).label("answered"),
            func.count(case((answered & (Trial.purpose == MAIN), 1))).label("rated"),
        )
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study.id)
        .group_by(Trial.participant_id)
        .subquery()
    )
    rows = session.execute(
        select(
            Participant.observer_kind,
            Participant.condition,
            Participant.consented_at,
            Participant.lease_until,
            Participant.finished_at,
            Participant.stopped_at,
            Participant.exclusion_reason,
            counts.c.answered,
            counts.c.rated,
        )
        .join(counts, counts.c.participant_id == Participant.id)
        .where(Participant.study_id == study.id)
    )
    return [Visit(*row) for row in rows]


def flow(
    observer_kind: str,
    came: Arrived | None,
    people: Sequence[Visit],
    withdrew: int,
    counts: Iterable[ItemCount],
    now: datetime,
) -> Flow:
    """`came`, `people`, `withdrew` and `counts` are those of this kind."""
    counts = list(counts)
    finished = [visit for visit in people if visit.finished_at]
    stopped = [visit for visit in people if not visit.finished_at and visit.stopped_at]
    expired = [visit for visit in people if not visit.finished_at and not visit.stopped_at and visit.lease_until < now]
    reasons = Counter(visit.exclusion_reason for visit in people if visit.exclusion_reason is not None)
    stops = Counter(visit.answered for visit in (*stopped, *expired))
    return Flow(
        observer_kind=observer_kind,
        opened=came.opened if came else 0,
        opened_since=came.since if came else None,
        consented=len(people) + withdrew,
        began=sum(visit.answered > 0 for visit in people),
        rated=sum(visit.rated > 0 for visit in people),
        finished=len(finished),
        finished_excluded=sum(visit.exclusion_reason is not None for visit in finished),
        in_progress=len(people) - len(finished) - len(stopped) - len(expired),
        stopped=len(stopped),
        expired=len(expired),
        withdrew=withdrew,
        excluded=sum(reasons.values()),
        answers=sum(count.answers for count in counts),
        overflow=sum(count.answers for count in counts if count.is_overflow),
        discounted=sum(count.answers for count in counts if not (count.is_rating or count.is_overflow)),
        reasons=tuple(reasons.most_common()),
        arrivals=arrivals([visit.joined_at for visit in people]),
        stops=tuple((str(n), stops[n]) for n in range(max(stops, default=-1) + 1)),
        median_s=_median_s(finished),
    )


def _median_s(finished: Sequence[Visit]) -> float | None:
    """Of the participants who are not excluded."""
    counted = [visit for visit in finished if visit.exclusion_reason is None]
    times = [(visit.finished_at - visit.joined_at).total_seconds() for visit in counted if visit.finished_at]
    return median(times) if times else None


def arrivals(times: Sequence[datetime]) -> tuple[tuple[datetime, int], ...]:
    """How many in each stretch of time, all stretches of one length, as short as keeps them few."""
    if not times:
        return ()
    first, last = min(times), max(times)
    step = next((step for step in _STEPS if (last - first) / step < _MOST_STEPS - 1), _STEPS[-1])
    start = int(first.timestamp() // step.total_seconds())
    counts = Counter(int(at.timestamp() // step.total_seconds()) - start for at in times)
    return tuple(
        (datetime.fromtimestamp((start + n) * step.total_seconds(), UTC), counts[n]) for n in range(max(counts) + 1)
    )
