"""Fifty people at once at a real server, some of whom leave and some of whom come back late: k ratings everywhere."""

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bench.crash import Person, Server, problems, wait_until_serving
from study.database.db import Database
from study.database.schema import Participant, Response, Trial
from tests.study.samples import document, open_sample, ratings, seeing, trusting

pytestmark = pytest.mark.slow

PEOPLE, DROPOUTS = 50, 10
IMAGES, K = 6, 6
TASKS = (seeing(images=IMAGES, k=K), trusting(images=IMAGES, k=4 * K))  # 48 people fill both: two of the fifty do not


@pytest.fixture
def serving(any_database: Database, tmp_path: Path) -> Iterator[tuple[Database, Server]]:
    """`./manage.py serve` with its usual workers, on a fresh database."""
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(*TASKS))
    url = any_database.engine.url.render_as_string(hide_password=False)
    server = Server(url, tmp_path / "server.log")
    server.start()
    try:
        wait_until_serving(server.port, time.monotonic() + 60)
        yield any_database, server
    finally:
        server.kill_all()


def all_at_once(people: Sequence[Person], answers: Sequence[int | None]) -> None:
    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(Person.take_part, people, answers))


def let_leases_run_out(database: Database, people: Sequence[Person]) -> None:
    """The clock cannot be moved for a running server, so the leases are."""
    past = datetime.now(UTC) - timedelta(minutes=1)
    tokens = [person.entry.rsplit("/", 1)[-1] for person in people]
    with database.writing() as session:
        session.execute(update(Participant).where(Participant.token.in_(tokens)).values(lease_until=past))
        session.commit()


def test_fifty_at_once_a_fifth_leaving_and_half_of_those_coming_back_late_end_with_exactly_k(
    serving: tuple[Database, Server],
) -> None:
    database, server = serving
    rng, deadline = random.Random(7), time.monotonic() + 240
    people = [Person(server.port, deadline) for _ in range(PEOPLE)]
    stops = [rng.randrange(2 * IMAGES) if n < DROPOUTS else None for n in range(PEOPLE)]
    all_at_once(people, stops)
    left = [person for person, stop in zip(people, stops, strict=True) if stop is not None and person.entry]
    turned_away = [person for person in people if person.turned_away]
    assert len(left) + sum(person.finish is not None for person in people) == 48, "every place once"
    assert len(turned_away) == 2

    let_leases_run_out(database, left)
    late = left[::2]
    substitutes = turned_away + [Person(server.port, deadline) for _ in range(len(left) - len(turned_away))]
    all_at_once(late + substitutes, [None] * (len(late) + len(substitutes)))
    assert all(person.finish for person in late), "people who come late still finish"

    everybody = people + substitutes[len(turned_away) :]
    newcomer = Person(server.port, deadline)
    while not newcomer.turned_away:
        newcomer = Person(server.port, deadline)
        newcomer.take_part()
        everybody.append(newcomer)
    assert ratings(database, "simulated") == {("seeing", K): IMAGES * 8, ("trusting", 4 * K): IMAGES * 2}
    assert problems(database.engine.url.render_as_string(hide_password=False), everybody) == []
    with database.reading() as session:
        beyond = {trial.participant_id for trial in session.query(Trial).filter(Trial.is_overflow)}
        tokens = {person.entry.rsplit("/", 1)[-1] for person in late}
        returned = session.query(Participant).filter(Participant.token.in_(tokens))
        assert beyond <= {participant.id for participant in returned}, "only late answers are beyond k"
        assert session.query(Response).count() == sum(len(person.acknowledged) for person in everybody)
