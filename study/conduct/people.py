"""The list of participants: searched, filtered and sorted as is asked for. No response is in it."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Select, case, func, select
from sqlalchemy.orm import Session

from contracts.observers import FAMILIES
from study.conduct.quality import FLAGS, flags
from study.database.schema import ANSWERED, Participant, Study, Trial

PAGE = 50  # participants listed at once
STATES = ("taking part", "finished", "stopped", "expired", "excluded")
ANY = "any"  # flag, whichever it is


@dataclass(frozen=True)
class Person:
    """A participant; `planned` and `answered` count trials of any purpose."""

    id: int
    public_id: str
    observer_kind: str
    condition: str  # empty: the study has none
    joined_at: datetime
    finished_at: datetime | None
    lease_until: datetime
    stopped_at: datetime | None
    exclusion_reason: str | None
    planned: int
    answered: int

    def state(self, now: datetime) -> str:
        """One of STATES."""
        if self.exclusion_reason is not None:
            return "excluded"
        if self.finished_at is not None:
            return "finished"
        if self.stopped_at is not None:
            return "stopped"
        return "expired" if self.lease_until < now else "taking part"

    @property
    def seconds(self) -> float | None:
        """From consent to the end or to stopping."""
        end = self.finished_at or self.stopped_at
        return (end - self.joined_at).total_seconds() if end else None


@dataclass(frozen=True)
class Line:
    """A participant in the list; `flags` as in quality.FLAGS."""

    person: Person
    state: str
    flags: tuple[str, ...]


SORTS: dict[str, Callable[[Line], object]] = {
    "code": lambda line: line.person.public_id,
    "condition": lambda line: line.person.condition,
    "state": lambda line: STATES.index(line.state),
    "answered": lambda line: line.person.answered,
    "time": lambda line: line.person.seconds or 0,
    "joined": lambda line: (line.person.joined_at, line.person.id),
}


@dataclass(frozen=True)
class Asked:
    """What the list is asked for, as its address says it; empty is everything. `page` counts from 1."""

    kind: str = "human"
    state: str = ""
    flag: str = ""
    search: str = ""
    sort: str = "joined"
    order: str = "down"
    page: int = 1

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Asked":
        """What is no known value is left out."""
        known = {
            "kind": FAMILIES,
            "state": STATES,
            "flag": (ANY, *FLAGS),
            "sort": tuple(SORTS),
            "order": ("up", "down"),
        }
        chosen = {name: given[name] for name, values in known.items() if given.get(name) in values}
        page = given.get("page", "")
        number = int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 6 else 1
        return cls(**chosen, search=given.get("search", "").strip()[:32], page=max(1, number))

    def but(self, **changes: str | int) -> dict[str, str | int]:
        """The address's arguments with changes; what is as ever is left out. Another list begins at its first page."""
        ever, wanted = asdict(Asked()), asdict(replace(self, **({"page": 1} | changes)))  # type: ignore[arg-type]  # names of fields
        return {name: value for name, value in wanted.items() if value != ever[name]}


@dataclass(frozen=True)
class Listing:
    """`lines` of the page that was asked for. `found` fit what was asked, of `people` of this kind.

    `kinds`, `states` and `flags`: how many there are of each; `flagged` have one flag or more, None where only the
    people on the page were looked at.
    """

    asked: Asked
    lines: tuple[Line, ...]
    found: int
    people: int
    kinds: dict[str, int]
    states: dict[str, int]
    flags: dict[str, int]
    flagged: int | None

    @property
    def pages(self) -> int:
        """At least one."""
        return max(1, -(-self.found // PAGE))


def listing(session: Session, study: Study, asked: Asked, now: datetime, newest: int | None = None) -> Listing:
    """The database is read in one pass; what is asked for is then chosen among the participants of this kind.

    `newest`: that many alone are listed, and their flags alone are looked up, which takes no pass over all answers.
    """
    everybody = [person_of(row) for row in session.execute(people_of(study))]
    of_kind = sorted((p for p in everybody if p.observer_kind == asked.kind), key=lambda p: (p.joined_at, p.id))
    whose = Participant.observer_kind == asked.kind
    if newest:
        whose = Participant.id.in_([person.id for person in of_kind[-newest:]])
    flagged = flags(session, study, Participant.study_id == study.id, whose)
    lines = [Line(person, person.state(now), flagged.get(person.id, ())) for person in of_kind]
    found = [line for line in lines if _fits(line, asked)]
    found.sort(key=SORTS[asked.sort], reverse=asked.order == "down")  # type: ignore[arg-type]  # keys of one sort compare
    states, names = Counter(line.state for line in lines), Counter(flag for line in lines for flag in line.flags)
    return Listing(
        asked=asked,
        lines=tuple(found[:newest] if newest else found[(asked.page - 1) * PAGE : asked.page * PAGE]),
        found=len(found),
        people=len(lines),
        kinds=dict(Counter(person.observer_kind for person in everybody)),
        states={state: states[state] for state in STATES if states[state]},
        flags={flag: names[flag] for flag in FLAGS if names[flag] or newest},
        flagged=None if newest else sum(bool(line.flags) for line in lines),
    )


def _fits(line: Line, asked: Asked) -> bool:
    has_flag = bool(line.flags) if asked.flag == ANY else not asked.flag or asked.flag in line.flags
    is_named = asked.search.casefold() in line.person.public_id.casefold()
    return has_flag and is_named and asked.state in ("", line.state)


def people_of(study: Study, *which: ColumnElement[bool]) -> Select:
    """Rows for `person_of`."""
    counts = (
        select(
            Trial.participant_id,
            func.count().label("planned"),
            func.count(case((Trial.state == ANSWERED, 1))).label("answered"),
        )
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study.id, *which)
        .group_by(Trial.participant_id)
        .subquery()
    )
    return (
        select(
            Participant.id,
            Participant.public_id,
            Participant.observer_kind,
            Participant.condition,
            Participant.consented_at,
            Participant.finished_at,
            Participant.lease_until,
            Participant.stopped_at,
            Participant.exclusion_reason,
            counts.c.planned,
            counts.c.answered,
        )
        .join(counts, counts.c.participant_id == Participant.id)
        .where(Participant.study_id == study.id, *which)
    )


def person_of(row: Row) -> Person:
    """A row of `people_of`."""
    return Person(*row)
