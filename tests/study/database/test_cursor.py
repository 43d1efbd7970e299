"""A migration changes a column's type while old processes go on: PostgreSQL refuses what they had prepared before."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.errors import FeatureNotSupported
from sqlalchemy import select, text
from sqlalchemy.exc import NotSupportedError

from study.database.db import Database
from study.database.schema import Item, Participant
from tests.study.samples import answer, document, enrol, open_sample, seeing, trials_of

ALTER = "ALTER TABLE {} ALTER COLUMN {} TYPE varchar({})"


def alter(postgresql: Database, table: str, column: str, length: int) -> None:
    with psycopg.connect(postgresql.engine.url.set(drivername="postgresql").render_as_string(False)) as migration:
        migration.execute(ALTER.format(table, column, length))


def test_the_driver_itself_would_fail(postgresql: Database) -> None:
    """The oracle: what this is about is not gone from PostgreSQL or psycopg."""
    address = postgresql.engine.url.set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SELECT foil FROM item", prepare=True)
        alter(postgresql, "item", "foil", 600)
        with pytest.raises(FeatureNotSupported, match="cached plan must not change result type"):
            connection.execute("SELECT foil FROM item")


def by_session(kind: str) -> Callable[[Database, Any], object]:
    def run(database: Database, statement: Any) -> object:
        with getattr(database, kind)() as session:
            found = session.execute(statement).all()
            session.commit()  # a rollback would have psycopg forget what it had prepared
        return found

    return run


def by_driver(database: Database, statement: Any) -> object:
    with database.answering() as driver:
        return driver.row(statement)


@pytest.mark.parametrize("prepared_by", [by_session("reading"), by_driver], ids=["session", "driver"])
@pytest.mark.parametrize(
    "run",
    [*map(by_session, ("reading", "writing", "snapshot")), by_driver],
    ids=["reading", "writing", "snapshot", "answering"],
)
def test_statements_outlive_a_changed_column(postgresql: Database, tmp_path, run, prepared_by) -> None:
    with postgresql.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=2, k=1)))
        session.commit()
    statement = select(Item.foil).order_by(Item.id)
    before = run(postgresql, statement)
    for _ in range(8):
        prepared_by(postgresql, statement)
        run(postgresql, statement)
    alter(postgresql, "item", "foil", 600)
    assert run(postgresql, statement) == before
    assert run(postgresql, statement) == before


def test_people_answer_on_while_columns_change(postgresql: Database, tmp_path) -> None:
    with postgresql.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=12, k=1)))
        session.commit()
    person = enrol(postgresql)
    places = trials_of(postgresql, person)
    for number, place in enumerate(places):
        if number >= len(places) - 4:
            alter(postgresql, "item", "foil", 600 + number)
            alter(postgresql, "participant", "language", 100 + number)
        answer(postgresql, person, place)
    with postgresql.reading() as session:
        assert session.scalar(select(Participant.finished_at)) is not None


def test_what_postgresql_does_not_have_stays_an_error(postgresql: Database) -> None:
    with postgresql.reading() as session, pytest.raises(NotSupportedError, match="not allowed"):
        session.execute(text("SELECT count(*) FROM item FOR UPDATE"))
