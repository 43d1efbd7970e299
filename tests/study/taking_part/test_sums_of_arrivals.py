"""Sums of opened first pages, row by row."""

from datetime import date

from sqlalchemy import select

from study.database.find import find_study
from study.database.schema import Arrival
from study.taking_part.arrivals import Arrivals, Arrived, arrived, store_arrivals
from tests.study.samples import NOW, document, open_sample, seeing

DAY, NEXT = date(2026, 1, 2), date(2026, 1, 3)


def opened(database, folder, slug="demo"):
    with database.writing() as session:
        open_sample(session, folder / slug, document(seeing(), slug=slug))


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
    counter = Arrivals(database.engine.url.render_as_string(hide_password=False), wait_s=5)

    def refuse(*_):
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
        assert arrived(session, find_study(session, "demo")) == {"human": Arrived(2, DAY), "simulated": Arrived(1, DAY)}
