"""How often a study's first page was opened: counted exactly, kept over restarts, and never at a visitor's cost."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import inspect, text

from study import close_app, create_app
from study.conduct.progress import progress
from study.database.db import BUSY_TIMEOUT_S, Database
from study.database.find import find_study
from study.database.schema import Arrival
from study.taking_part.arrivals import Arrivals, Arrived, arrived
from study.taking_part.withdrawal import withdraw
from tests.study.samples import NOW, SECRET, document, enrol, open_sample
from tests.study.taking_part.test_identical_pairs import migrate

TODAY = NOW.date()


@pytest.fixture
def opened(any_database: Database, tmp_path: Path) -> Database:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document())
    return any_database


@pytest.fixture
def counters(opened: Database) -> Iterator[tuple[Arrivals, Arrivals]]:
    """As of two processes: the database is all that they share."""
    both = Arrivals(url_of(opened), wait_s=5), Arrivals(url_of(opened), wait_s=5)
    yield both
    for counter in both:
        counter.close()


@pytest.fixture
def served(opened: Database) -> Iterator[Flask]:
    app = start(opened)
    yield app
    stop(app)


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def start(database: Database) -> Flask:
    return create_app({"DATABASE_URL": url_of(database), "SECRET_KEY": SECRET, "TESTING": True})


def stop(app: Flask) -> None:
    close_app(app)


def open_page(app: Flask, **headers: str) -> int:
    """To the very end: what the server does after sending the page is done."""
    return app.test_client().get("/s/demo", headers=headers, buffered=True).status_code


def counted(database: Database) -> dict[str, Arrived]:
    with database.reading() as session:
        return arrived(session, find_study(session, "demo"))


def stored(database: Database) -> dict[str, list]:
    with database.reading() as session:
        tables = inspect(session.get_bind()).get_table_names()
        return {table: sorted(map(str, session.execute(text(f"SELECT * FROM {table}")))) for table in tables}


def test_twenty_who_come_at_one_instant_are_twenty(opened: Database, counters: tuple[Arrivals, Arrivals]) -> None:
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda n: counters[n % 2].add("demo", "human", NOW), range(20)))
    assert counted(opened) == {"human": Arrived(20, TODAY)}


def test_pages_opened_at_one_instant_are_all_counted(served: Flask, opened: Database) -> None:
    with ThreadPoolExecutor(20) as pool:
        assert Counter(pool.map(lambda _: open_page(served), range(20))) == {200: 20}
    open_page(served)  # takes along what may have waited for a busy database
    assert counted(opened)["human"].opened == 21


def test_the_sum_survives_a_restart_and_stands_in_the_funnel(served: Flask, opened: Database) -> None:
    open_page(served)
    again = start(opened)
    open_page(again)
    stop(again)
    with opened.reading() as session:
        people = progress(session, find_study(session, "demo"), NOW).flow
    assert (people.opened, people.consented) == (2, 0)
    assert abs(people.opened_since - datetime.now(UTC).date()) <= timedelta(days=1)


def test_days_are_those_of_utc_and_kinds_are_counted_apart(
    opened: Database, counters: tuple[Arrivals, Arrivals]
) -> None:
    late = datetime(2026, 1, 3, 1, 0, tzinfo=timezone(timedelta(hours=9)))  # still the second in Greenwich
    for kind, at in (("human", late), ("human", late + timedelta(days=3)), ("simulated", late)):
        counters[0].add("demo", kind, at)
    with opened.reading() as session:
        rows = {(row.observer_kind, row.day): row.opened for row in session.query(Arrival)}
    assert rows == {("human", TODAY): 1, ("human", date(2026, 1, 5)): 1, ("simulated", TODAY): 1}
    assert counted(opened) == {"human": Arrived(2, TODAY), "simulated": Arrived(1, TODAY)}


def test_before_consent_nothing_is_stored_but_the_sum(served: Flask, opened: Database) -> None:
    before = stored(opened)
    assert open_page(served, **{"User-Agent": "marked", "Cookie": "discern-token=marked", "Referer": "marked"}) == 200
    after = stored(opened)
    with opened.reading() as session:
        (row,) = session.query(Arrival)
    assert before.pop("arrival") == []
    (sum_,) = after.pop("arrival")
    assert after == before
    assert (row.observer_kind, row.opened) == ("human", 1)
    assert "marked" not in sum_
    assert {column.name for column in Arrival.__table__.columns} == {"study_id", "observer_kind", "day", "opened"}


@pytest.mark.parametrize("kind", ["machine", "", "x" * 500])
def test_a_kind_that_cannot_join_is_not_counted(served: Flask, opened: Database, kind: str) -> None:
    assert open_page(served, **{"Discern-Observer-Kind": kind}) == 200
    assert counted(opened) == {}


def test_somebody_known_and_a_study_that_is_not_there_are_no_arrivals(served: Flask, opened: Database) -> None:
    person = enrol(opened)
    client = served.test_client()
    client.set_cookie("discern-token", person.token, path="/s/demo")
    assert client.get("/s/demo", buffered=True).status_code == 303
    assert client.get("/s/none", buffered=True).status_code == 404
    assert counted(opened) == {}


def test_a_busy_database_delays_no_page_and_the_count_follows(served: Flask, opened: Database, caplog) -> None:
    open_page(served)
    with opened.writing() as busy:
        busy.execute(text("UPDATE arrival SET opened = opened"))  # holds SQLite's lock, and the row of PostgreSQL
        begin = time.monotonic()
        assert open_page(served) == 200
        assert time.monotonic() - begin < BUSY_TIMEOUT_S, "less than an answer would wait"
        busy.rollback()
    assert "opened first pages wait to be counted" in caplog.text
    assert counted(opened)["human"].opened == 1
    open_page(served)
    assert counted(opened)["human"].opened == 3


def test_a_page_opens_where_nothing_can_be_counted(served: Flask, opened: Database, caplog) -> None:
    with opened.writing() as session:
        session.execute(text("DROP TABLE arrival"))
        session.commit()
    assert open_page(served) == 200
    assert "opened first pages wait to be counted" in caplog.text


def test_a_withdrawal_leaves_the_sum_as_it_was(served: Flask, opened: Database) -> None:
    open_page(served)
    person = enrol(opened)
    with opened.writing() as session:
        withdraw(session, person.token, NOW)
        session.commit()
    assert counted(opened)["human"].opened == 1


def test_the_table_comes_with_an_upgrade_and_goes_with_a_downgrade(opened: Database) -> None:
    enrol(opened)
    before = stored(opened)
    migrate(opened, "0004")
    assert "arrival" not in stored(opened)
    migrate(opened, "head")
    assert stored(opened) == before
