"""How often a study's first page was opened: sums by kind of observer and day, with no trace of any visitor."""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from study.database.db import Database, connect
from study.database.schema import Arrival, Study

log = logging.getLogger(__name__)

WAIT_S = 0.25  # for the database; the visitor has the page already, but their connection is kept that long
KIND_HEADER = "Discern-Observer-Kind"  # a program names its kind in it; a browser sends none, so its user is a person
_INSERT: dict[str, Callable[[type[Arrival]], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
Key = tuple[str, str, date]  # slug of the study, kind of observer, day in UTC


@dataclass(frozen=True)
class Arrived:
    """Opened first pages by one kind of observer; `since` is the first day that has any."""

    opened: int
    since: date


def arrived(session: Session, study: Study) -> dict[str, Arrived]:
    """By kind of observer; kinds that never came are left out."""
    rows = session.execute(
        select(Arrival.observer_kind, func.sum(Arrival.opened), func.min(Arrival.day))
        .where(Arrival.study_id == study.id)
        .group_by(Arrival.observer_kind)
    )
    return {kind: Arrived(int(opened), since) for kind, opened, since in rows}


def store_arrivals(session: Session, opened: Counter[Key]) -> None:
    """Add to the stored sums, in one order for everybody, so that two who do it never wait for each other.

    A study that is not there is passed over. The caller commits.
    """
    insert = _INSERT[session.get_bind().dialect.name]
    for (slug, kind, day), n in sorted(opened.items()):
        new = select(Study.id, literal(kind), literal(day), literal(n)).where(Study.slug == slug)
        row = insert(Arrival).from_select(["study_id", "observer_kind", "day", "opened"], new)
        session.execute(
            row.on_conflict_do_update(
                index_elements=list(Arrival.__table__.primary_key),
                set_={"opened": Arrival.opened + row.excluded.opened},
            )
        )


class Arrivals:
    """Counts for one process of the server, on a connection of its own that waits briefly.

    Only one thread at a time is kept by the database; what others count meanwhile goes with what it stores next. What
    could not be stored waits in memory for the next opened page.
    """

    def __init__(self, url: str, wait_s: float = WAIT_S) -> None:
        self._database: Database = connect(url, wait_s)
        self._waiting: Counter[Key] = Counter()
        self._counting, self._storing = threading.Lock(), threading.Lock()

    def add(self, slug: str, observer_kind: str, now: datetime) -> None:
        """Count an opened first page. Never raises for the database's sake."""
        with self._counting:
            self._waiting[slug, observer_kind, now.astimezone(UTC).date()] += 1
        # Looked at again after each round: a thread that found the lock taken relies on this one.
        while self._waiting and self._storing.acquire(blocking=False):
            try:
                self._store_waiting()
            except (SQLAlchemyError, OSError) as error:
                log.warning("opened first pages wait to be counted: %s", error)
                return
            finally:
                self._storing.release()

    def close(self) -> None:
        """End the connection."""
        self._database.engine.dispose()

    def _store_waiting(self) -> None:
        with self._counting:
            taken, self._waiting = self._waiting, Counter()
        try:
            with self._database.writing() as session:
                store_arrivals(session, taken)
                session.commit()
        except BaseException:
            with self._counting:
                self._waiting += taken
            raise
