"""Signs of careless answering, each by a rule that is written beside it. No response is shown, so no result is seen.

Flags exclude nobody: a researcher looks at the timeline, and the analysis has rules of its own.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select
from sqlalchemy.orm import Session

from contracts.export import BEFORE_ONSET, TOO_LONG
from contracts.tasks import KINDS
from study.database.schema import (
    ANSWERED,
    ATTENTION,
    FIRST_ANSWER,
    MAIN,
    Comprehension,
    Event,
    Participant,
    Response,
    Study,
    Trial,
)
from study.definition import frozen_definition

FAST_MS = 300  # no one reads a question in less
FAST_SHARE = 0.1  # of the answers
SLOW_MS = 60_000  # somebody who does nothing else chooses in less
SLOW_SHARE = 0.1
FEW_TRIALS = 6  # of a task; with fewer an equal answer each time means nothing
REPEAT_SHARE = 0.9  # of the answers that follow another
AWAY = 3  # times that the page lost the focus
LISTED = 50  # participants at most
FLAGS = {
    "too fast": f"{100 * FAST_SHARE:.0f} % of the answers or more came within {FAST_MS} ms",
    "too slow": f"{100 * SLOW_SHARE:.0f} % of the answers or more took longer than {SLOW_MS // 1000} s",
    "attention check failed": "at least one; two are needed for a rejection on Prolific",
    "comprehension failed": "a comprehension check was not passed in two tries",
    "left the page": f"the page lost the focus {AWAY} times or more",
    "straight-lining": f"the same place was chosen in every trial of a task ({FEW_TRIALS} or more)",
    "repeated answers": f"{100 * REPEAT_SHARE:.0f} % of a task's answers or more repeat the one before",
}
Whose = Sequence[ColumnElement[bool]]  # conditions on Participant
# Ten stretches a decade, each a quarter longer than the one before, in round numbers (R10 of ISO 3): on a logarithmic
# axis they are equally wide, so that counts make a distribution.
_EDGES_MS = tuple(
    scale * edge for scale in (1, 10, 100) for edge in (100, 125, 160, 200, 250, 315, 400, 500, 630, 800)
)[:-1]


@dataclass(frozen=True)
class Times:
    """Response times of a task's ratings: `histogram` is (from how many seconds, answers); `unmeasured` have none."""

    task: str
    histogram: tuple[tuple[str, int], ...]
    unmeasured: int


@dataclass(frozen=True)
class Flagged:
    """A participant and the names of the flags, as in FLAGS."""

    public_id: str
    flags: tuple[str, ...]
    is_excluded: bool


@dataclass(frozen=True)
class Quality:
    """One kind of observer. `counts`: (flag, participants) of all `participants`; `flagged`: LISTED, worst first."""

    observer_kind: str
    participants: int
    times: tuple[Times, ...]
    counts: tuple[tuple[str, int], ...]
    flagged: tuple[Flagged, ...]
    flagged_in_all: int


def quality(session: Session, study: Study, observer_kind: str, tasks: Sequence[str]) -> Quality:
    """Of this kind's participants; rows are added up by the database."""
    whose = Participant.study_id == study.id, Participant.observer_kind == observer_kind
    found = flags(session, study, *whose)
    counts = Counter(flag for names in found.values() for flag in names)
    worst = sorted(found, key=lambda participant_id: (-len(found[participant_id]), participant_id))[:LISTED]
    people = session.execute(
        select(Participant.id, Participant.public_id, Participant.excluded).where(Participant.id.in_(worst))
    ).all()
    named = {row.id: row for row in people}
    return Quality(
        observer_kind=observer_kind,
        participants=session.scalar(select(func.count()).select_from(Participant).where(*whose)) or 0,
        times=_times(session, whose, tasks),
        counts=tuple((flag, counts[flag]) for flag in FLAGS),
        flagged=tuple(Flagged(named[i].public_id, found[i], named[i].excluded) for i in worst),
        flagged_in_all=len(found),
    )


def flags(session: Session, study: Study, *whose: ColumnElement[bool]) -> dict[int, tuple[str, ...]]:
    """id → names as in FLAGS, in their order; `whose`: conditions on Participant. Only of people with a flag."""
    found: dict[int, set[str]] = {}
    for flag, ids in (
        *_answering_flags(session, whose, _with_shuffled_options(study)),
        ("attention check failed", _failed_attention(session, whose)),
        ("comprehension failed", _failed_comprehension(session, whose)),
        ("left the page", _left_the_page(session, whose)),
    ):
        for participant_id in ids:
            found.setdefault(participant_id, set()).add(flag)
    return {i: tuple(flag for flag in FLAGS if flag in names) for i, names in found.items()}


def _times(session: Session, whose: Whose, tasks: Sequence[str]) -> tuple[Times, ...]:
    place = case(*((Response.rt < edge, i) for i, edge in enumerate(_EDGES_MS)), else_=len(_EDGES_MS))
    rows = session.execute(
        select(Trial.task, case((Response.rt.is_(None), None), else_=place).label("place"), func.count())
        .join(Trial, FIRST_ANSWER)
        .join(Participant, Trial.participant_id == Participant.id)
        .where(*whose, Trial.purpose == MAIN)
        .group_by(Trial.task, "place")
    )
    counts: dict[str, dict[int | None, int]] = {task: {} for task in tasks}
    for task, at, n in rows:
        counts[task][at] = n
    labels = [f"{edge / 1000:g}" for edge in (0, *_EDGES_MS)]
    return tuple(
        Times(task, tuple((label, of.get(i, 0)) for i, label in enumerate(labels)), of.get(None, 0))
        for task, of in counts.items()
    )


def _answering_flags(session: Session, whose: Whose, shuffled: Sequence[str]) -> list[tuple[str, list[int]]]:
    """Too fast, too slow, straight-lining, repeated answers: one pass over the answers in the order they were given."""
    first_option = Trial.option_order[0].as_string()
    # Where options change places the place counts, else the option.
    place = case((Response.response == first_option, "1"), else_="2")
    chosen = case((Trial.task.in_(shuffled), place), else_=Response.response)
    before = func.lag(chosen).over(partition_by=(Trial.participant_id, Trial.task), order_by=Trial.position)
    answers = (
        select(
            Trial.participant_id,
            Trial.task,
            case(((Response.rt < FAST_MS) | (Response.rt_missing == BEFORE_ONSET), 1)).label("fast"),
            case(((Response.rt > SLOW_MS) | (Response.rt_missing == TOO_LONG), 1)).label("slow"),
            case((chosen == before, 1)).label("repeats"),
        )
        .join(Response, FIRST_ANSWER)
        .join(Participant, Trial.participant_id == Participant.id)
        .where(*whose, Trial.purpose == MAIN, Trial.state == ANSWERED)
        .subquery()
    )
    n, repeats = func.count(), func.count(answers.c.repeats)
    fast, slow = func.count(answers.c.fast), func.count(answers.c.slow)
    rows = session.execute(
        select(answers.c.participant_id, n, repeats, fast, slow)
        .group_by(answers.c.participant_id, answers.c.task)
        .having(
            or_(
                fast >= FAST_SHARE * n,
                slow >= SLOW_SHARE * n,
                and_(n >= FEW_TRIALS, repeats >= REPEAT_SHARE * (n - 1)),
            )
        )
    ).all()
    long = [row for row in rows if row[1] >= FEW_TRIALS and row[2] >= REPEAT_SHARE * (row[1] - 1)]
    return [
        ("too fast", [person for person, n, _, fast, _ in rows if fast >= FAST_SHARE * n]),
        ("too slow", [person for person, n, _, _, slow in rows if slow >= SLOW_SHARE * n]),
        ("straight-lining", [person for person, n, repeats, *_ in long if repeats == n - 1]),
        ("repeated answers", [person for person, n, repeats, *_ in long if repeats < n - 1]),
    ]


def _with_shuffled_options(study: Study) -> list[str]:
    return [task.name for task in frozen_definition(study).tasks if KINDS[task.kind].swaps == "options"]


def _failed_attention(session: Session, whose: Whose) -> Sequence[int]:
    return _ids(
        session.execute(
            select(Trial.participant_id)
            .distinct()
            .join(Response, FIRST_ANSWER)
            .join(Participant, Trial.participant_id == Participant.id)
            .where(*whose, Trial.purpose == ATTENTION)
            .where(Response.response != Trial.expected_response)
        ).all()
    )


def _failed_comprehension(session: Session, whose: Whose) -> Sequence[int]:
    return _ids(
        session.execute(
            select(Comprehension.participant_id)
            .join(Participant, Comprehension.participant_id == Participant.id)
            .where(*whose)
            .group_by(Comprehension.participant_id, Comprehension.task)
            .having(func.count() > 1, func.count(case((Comprehension.passed, 1))) == 0)
        ).all()
    )


def _left_the_page(session: Session, whose: Whose) -> Sequence[int]:
    return _ids(
        session.execute(
            select(Trial.participant_id)
            .join(Event, Event.trial_id == Trial.id)
            .join(Participant, Trial.participant_id == Participant.id)
            .where(*whose, Event.event == "blur")
            .group_by(Trial.participant_id)
            .having(func.count() >= AWAY)
        ).all()
    )


def _ids(rows: Sequence[Row[int]]) -> list[int]:
    return [row[0] for row in rows]
