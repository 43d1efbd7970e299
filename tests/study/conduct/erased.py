"""What tests of deletions share: the bytes of a database's files, and commands about the study `demo`."""

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from study.database.db import Database


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def files_of(database: Database) -> list[Path]:
    """The files in which the database keeps its rows; PostgreSQL writes them at a checkpoint."""
    url = database.engine.url
    if database.engine.dialect.name == "sqlite":
        file = Path(url.database)
        return [path for path in file.parent.iterdir() if path.name.startswith(file.name)]
    if os.environ.get("TEST_DATABASE_URL"):
        pytest.skip("only of a server of our own are the files known")
    with database.engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))
        oid = connection.scalar(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
    return [path for path in (Path(url.query["host"]) / "data" / "base" / str(oid)).iterdir() if path.is_file()]


def found_in(database: Database, mark: str) -> bool:
    return any(mark.encode() in path.read_bytes() for path in files_of(database))
