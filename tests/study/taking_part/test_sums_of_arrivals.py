"""Sums of opened first pages, row by row."""

import time
from datetime import UTC, date, datetime
from threading import Thread

from sqlalchemy import select

from study.database.find import find_study
from study.database.schema import Arrival
from study.taking_part.arrivals import Arrivals, Arrived, arrived, store_arrivals
from tests.study.samples import NOW, document, open_sample, seeing

DAY, NEXT = date(2026, 1, 2), date(2026, 1, 3)


def opened(database, folder, slug="demo"):
    with database.writing() as session:
        open_sample(session, folder / slug, document(seeing(), slug=slug))


def url_of(database):
    return database.engine.url.render_as_string(hide_password=False)


def test_arrivals_add_up_by_study_kind_and_day(database, tmp_path):
    for slug in ("demo", "other"):
        opened(database, tmp_path, slug)
    with database.writing() as session:
        store_arrivals(session, {("demo", "human", NEXT): 2, ("demo", "simulated", DAY): 1, ("none", "human", DAY): 9})
        store_arrivals(session, {("demo", "human", NEXT): 3, ("demo", "human", DAY): 1, ("other", "human", DAY): 7})
        session.commit()
        rows = {(row.study_id, row.observer_kind, row.day): row.opened for row in session.scalars(select(Arrival))}
        demo, other = find_study(session, "demo"), find_study(session, "other")
        assert rows == {
            (demo.id, "human", NEXT): 5,
            (demo.id, "human", DAY): 1,
            (demo.id, "simulated", DAY): 1,
            (other.id, "human", DAY): 7,
        }
        assert arrived(session, demo) == {"human": Arrived(6, DAY), "simulated": Arrived(1, DAY)}
        assert arrived(session, other) == {"human": Arrived(7, DAY)}


def test_what_could_not_be_stored_waits_for_the_next(database, tmp_path, caplog, monkeypatch):
    opened(database, tmp_path)
    counter = Arrivals(url_of(database), wait_s=5)

    def refuse(*_):
        counter._waiting["demo", "human", DAY] += 1  # another thread counts meanwhile
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("study.taking_part.arrivals.store_arrivals", refuse)
        counter.add("demo", "human", NOW)
        counter.add("demo", "simulated", NOW)
    assert [record.getMessage() for record in caplog.records] == [
        "opened first pages wait to be counted: the disk is full"
    ] * 2
    counter.add("demo", "human", NOW)
    counter.close()
    with database.reading() as session:
        assert arrived(session, find_study(session, "demo")) == {"human": Arrived(4, DAY), "simulated": Arrived(1, DAY)}


def test_somebody_who_finds_another_storing_does_not_wait_for_them(database, tmp_path):
    opened(database, tmp_path)
    counter = Arrivals(url_of(database), wait_s=5)
    with counter._storing:
        thread = Thread(target=counter.add, args=("demo", "human", NOW), daemon=True)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
    counter.add("demo", "human", NOW)
    counter.close()
    with database.reading() as session:
        assert arrived(session, find_study(session, "demo")) == {"human": Arrived(2, DAY)}


def test_days_are_those_of_utc_wherever_the_server_is(database, tmp_path, monkeypatch):
    opened(database, tmp_path)
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        counter = Arrivals(url_of(database), wait_s=5)
        counter.add("demo", "human", datetime(2026, 1, 2, 23, 59, tzinfo=UTC))
        counter.close()
    finally:
        monkeypatch.undo()
        time.tzset()
    with database.reading() as session:
        assert arrived(session, find_study(session, "demo")) == {"human": Arrived(1, DAY)}
