"""A database of each earlier version, whose rows the code of that version wrote, upgrades and loses nothing.

`earlier/make.py` made the rows. After a new migration, make those of the version before it.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Boolean, MetaData, Table, select, text

from study import close_app, create_app
from study.database.db import Database, alembic_config, connect, migration_scripts, require_ready, upgrade
from study.database.schema import Participant, Response, Trial
from tests.study.samples import SECRET
from tests.study.visitor import Visitor

KEPT = sorted((Path(__file__).parent / "earlier").glob("*.json"))


def put(database: Database, version: str, kept: dict[str, list[dict[str, Any]]]) -> None:
    """The tables as they were in that version, with these rows."""
    if database.engine.url.get_backend_name() == "sqlite":
        Path(str(database.engine.url.database)).touch()
    with database.engine.execution_options(discern_writes=True).connect() as connection:
        command.upgrade(alembic_config(connection), version)
        connection.commit()
        there = MetaData()
        there.reflect(connection)
        for table in there.sorted_tables:
            for row in kept.get(table.name, []) if table.name != "alembic_version" else []:
                _insert(connection, table, row)
        connection.commit()


def _insert(connection: Any, table: Table, row: dict[str, Any]) -> None:
    """Past SQLAlchemy's types: the texts of times and JSON are those that SQLite had."""
    yes_or_no = {column.name for column in table.c if isinstance(column.type, Boolean)}
    values = {name: bool(value) if name in yes_or_no and value is not None else value for name, value in row.items()}
    names = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table.name} ({names}) VALUES ({places})"), values)


def test_there_are_rows_of_the_versions_that_can_be_upgraded() -> None:
    known = [script.revision for script in migration_scripts().walk_revisions()]
    assert len(KEPT) >= 24
    assert {file.stem for file in KEPT} <= set(known)


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_a_database_of_an_earlier_version_upgrades_with_its_data(file: Path, any_url: str, tmp_path: Path) -> None:
    """And the person who was in the middle of it goes on."""
    kept = json.loads(file.read_text(encoding="utf-8"))
    database = connect(any_url)
    put(database, file.stem, kept)
    upgrade(any_url)
    require_ready(database)
    with database.reading() as session:
        now = session.execute(select(Response.trial_id, Response.response, Response.rt).order_by(Response.trial_id))
        before = sorted(kept["response"], key=lambda row: row["trial_id"])
        assert [tuple(row) for row in now] == [(row["trial_id"], row["response"], row["rt"]) for row in before]
        codes = session.execute(select(Participant.token, Participant.completion_code).order_by(Participant.id)).all()
        assert [tuple(row) for row in codes] == [(one["token"], one["completion_code"]) for one in kept["participant"]]
        tokens = session.scalars(select(Trial.trial_token).order_by(Trial.id)).all()
        assert tokens == [row["trial_token"] for row in kept["trial"]]
    goes_on(any_url, str(kept["participant"][1]["token"]))
    database.engine.dispose()


def goes_on(url: str, token: str) -> None:
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    visitor = Visitor(app.test_client(), token)
    following = visitor.plan()["trials"][0]  # what is open
    value = following["questions"][0]["options"][0]["value"]
    assert visitor.send(following, value).status_code == 200
    close_app(app)
