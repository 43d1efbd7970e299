"""The driver's own way to the tables: SQLAlchemy's values both ways, its errors, and nothing left on the connection."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, insert, select, text, update
from sqlalchemy.exc import OperationalError, TimeoutError

from study.conduct.actions import extend
from study.database.db import Database, connect
from study.database.driver import Driver
from study.database.schema import Event, Participant, Response, Study, Trial
from study.errors import AnswerConflictError
from study.taking_part import answer_statements as statements
from study.taking_part.answers import record_answer
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of


@pytest.fixture
def opened(any_database: Database, tmp_path: Path) -> Database:
    with any_database.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=2, k=1)))
        session.commit()
    return any_database


@pytest.mark.parametrize("table", [Study.__table__, Participant.__table__, Trial.__table__, Response.__table__])
def test_what_the_driver_reads_is_what_sqlalchemy_reads(opened: Database, table: Table) -> None:
    person = enrol(opened)
    answer(opened, person, trials_of(opened, person)[0])
    everything = select(table).order_by(*table.primary_key)
    with opened.engine.connect() as connection:
        expected = connection.execute(everything).first()
    with opened.answering() as driver:
        assert driver.row(everything)._asdict() == expected._asdict()


def test_what_the_driver_stores_sqlalchemy_reads_as_it_was(opened: Database) -> None:
    trial = trials_of(opened, enrol(opened))[0]
    values = {
        "trial_id": trial.id,
        "question": "response",
        "response": "개",
        "rt": None,
        "rt_missing": "too-long",
        "time_elapsed": 0.1 + 0.2,
        "body_sha256": "'; DROP TABLE response; --",
        "answered_at": NOW + timedelta(microseconds=1),
    }
    with opened.answering() as driver:
        assert driver.change(insert(Response.__table__), **values) == 1
    with opened.engine.connect() as connection:
        assert connection.execute(select(Response.__table__)).one()._asdict() == values


def test_an_answer_is_stored_with_its_events_or_not_at_all(opened: Database) -> None:
    person = enrol(opened)
    trial = trials_of(opened, person)[0]
    events = [{"event": "blur", "time": 1.5}, {"event": "focus", "time": 2.0}]
    body = {"response": trial.option_order[1], "rt": 900, "time_elapsed": 5000, "trial_index": 0, "events": events}
    record_answer(opened, person.token, trial.trial_token, json.dumps(body).encode(), NOW)
    with opened.reading() as session:
        stored = session.scalars(select(Event).order_by(Event.id)).all()
        assert [(event.trial_id, event.event, event.time) for event in stored] == [
            (trial.id, "blur", 1.5),
            (trial.id, "focus", 2.0),
        ]
    body["events"] = [{"event": "resize", "time": 3.0}]
    with pytest.raises(AnswerConflictError):
        record_answer(opened, person.token, trial.trial_token, json.dumps(body).encode(), NOW)
    with opened.reading() as session:
        assert len(session.scalars(select(Event)).all()) == 2


def test_an_error_of_the_driver_is_sqlalchemys_and_its_connection_is_not_used_again(opened: Database) -> None:
    enrol(opened)
    used = []

    def store_an_unknown_state() -> None:
        with opened.answering() as driver:
            used.append(driver.connection)
            driver.change(update(Trial.__table__).values(state="no such state"))

    with pytest.raises(OperationalError, match="state_known"):
        store_an_unknown_state()
    with opened.answering() as driver:
        assert driver.connection not in used
        assert driver.row(select(Trial.__table__)).state == "open"


def test_what_raises_in_the_block_stores_nothing_on_sqlite(database: Database, tmp_path: Path) -> None:
    with database.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=2, k=1)))
    enrol(database)

    def change_and_raise() -> None:
        with database.answering() as driver:
            driver.change(update(Trial.__table__).values(state="released"))
            raise KeyError

    with pytest.raises(KeyError):
        change_and_raise()
    assert states(database) == {"open"}


def test_a_connection_that_has_answered_still_rolls_back_for_others(opened: Database) -> None:
    """On PostgreSQL an answer's statements are committed one by one; a session's never are."""
    enrol(opened)
    with opened.answering() as driver:
        used = driver.connection
    with opened.writing() as session:
        if opened.engine.dialect.name == "postgresql":  # on SQLite answers have a connection of their own
            assert session.connection().connection.dbapi_connection is used
        session.execute(update(Trial).values(state="released"))
        session.rollback()
    assert states(opened) == {"open"}


def states(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(Trial.state)))


def test_a_server_that_is_not_there_is_an_error_of_sqlalchemys() -> None:
    with pytest.raises(OperationalError), connect("postgresql+psycopg://nobody@127.0.0.1:1/none").answering():
        pass


def test_a_late_answer_that_cannot_be_stored_is_an_error_of_sqlalchemys(
    opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes through a session's connection; its sender is told to try again, and then it is stored."""
    person = enrol(opened)
    trial = trials_of(opened, person)[0]
    with opened.writing() as session:
        session.execute(update(Trial).values(state="released"))
        session.commit()
    with monkeypatch.context() as patch:
        fails = text("INSERT INTO response (trial_id) VALUES (0)")
        patch.setattr(statements, "_STORE", dict.fromkeys(statements._STORE, fails))
        patch.setattr(statements, "_ANSWER_TRIAL", fails)
        with pytest.raises(OperationalError, match=r"(?i)not.null"):
            answer(opened, person, trial)
    assert answer(opened, person, trial).next_index == 1
    assert trials_of(opened, person)[0].state == "answered"


def test_a_study_extended_while_an_answer_is_read_takes_it(
    postgresql: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The definition that the trial's row names is then the study's no longer."""
    with postgresql.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=2, k=1)))
    person = enrol(postgresql)
    monkeypatch.setattr(statements, "_definitions", {})
    read = statements.read

    def read_and_extend(driver: Driver, *names: str) -> Any:
        trial = read(driver, *names)
        with postgresql.writing() as session:
            extend(session, "demo", "seeing", 2, "a second wave", "tester", NOW)
            session.commit()
        return trial

    monkeypatch.setattr(statements, "read", read_and_extend)
    assert answer(postgresql, person, trials_of(postgresql, person)[0]).next_index == 1


def test_reading_forgets_no_prepared_statement(postgresql: Database, tmp_path: Path) -> None:
    """A browser fetches pictures between two answers; a rollback would have the next one prepared anew."""
    with postgresql.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=2, k=1)))
    enrol(postgresql)
    with postgresql.answering() as driver:
        used = driver.connection
        for _ in range(used.prepare_threshold + 1):
            driver.row(select(Trial.__table__))
    with postgresql.reading() as session:
        assert session.connection().connection.dbapi_connection is used
        session.scalars(select(Trial)).all()
    with postgresql.answering() as driver:
        assert driver.connection is used
        prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%FROM trial%%'"
        assert used.execute(prepared).fetchone()[0] >= 1


def test_what_could_not_be_stored_is_not_acknowledged(opened: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the quick way nor the one that holds all locks says "stored" when the database changed no row."""
    person = enrol(opened)
    monkeypatch.setattr(statements, "store", lambda *_: False)
    with pytest.raises(TimeoutError, match="nothing may be acknowledged"):
        answer(opened, person, trials_of(opened, person)[0])
    monkeypatch.undo()
    assert answer(opened, person, trials_of(opened, person)[0]).next_index == 1
