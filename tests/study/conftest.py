"""Real databases: a SQLite file for each test and, where it can be had, a real PostgreSQL for the whole run."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import make_url

from study import close_app, create_app
from study.conduct.admins import create_admin
from study.database.db import Database, connect, upgrade
from tests.postgresql import WANTED, Cluster, drop_database, new_database, programs
from tests.study.researcher import PASSWORD, log_in, quick_passwords
from tests.study.samples import NOW, SECRET, open_sample


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a server: TEST_DATABASE_URL, else one started from Debian's or PyPI's programs on a socket in a temporary folder."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    if not programs():
        pytest.skip(f"{WANTED}, or set TEST_DATABASE_URL")
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="discern-postgresql-")), is_durable=False)
    cluster.create()
    yield cluster.url
    cluster.stop()
    shutil.rmtree(cluster.folder)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """URL of an empty database."""
    url = new_database(postgresql_server)
    yield url
    drop_database(url, postgresql_server)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of a file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'discern.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_url(request: pytest.FixtureRequest) -> str:
    """Each test that takes this runs on both databases."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables; tests take copies of it."""
    file = tmp_path_factory.mktemp("migrated") / "discern.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: str) -> Iterator[str]:
    """Name of a database with all tables; tests take copies of it."""
    url = new_database(postgresql_server)
    upgrade(url)
    yield str(make_url(url).database)
    drop_database(url, postgresql_server)


@pytest.fixture(scope="session")
def sample_folder(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in which the sample study is open, and its stimuli; tests take copies of both."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copy(migrated_sqlite, folder)
    database = connect(f"sqlite:///{folder / 'discern.db'}")
    with database.writing() as session:
        open_sample(session, folder / "stimuli")
    database.engine.dispose()
    return folder


@pytest.fixture
def database(migrated_sqlite: Path, tmp_path: Path, sqlite_url: str) -> Iterator[Database]:
    shutil.copy(migrated_sqlite, tmp_path)
    database = connect(sqlite_url)
    yield database
    database.engine.dispose()


@pytest.fixture
def postgresql(postgresql_server: str, migrated_postgresql: str) -> Iterator[Database]:
    url = new_database(postgresql_server, migrated_postgresql)
    database = connect(url)
    yield database
    database.engine.dispose()
    drop_database(url, postgresql_server)


@pytest.fixture(
    params=["database", pytest.param("postgresql", marks=pytest.mark.postgres)], ids=["sqlite", "postgresql"]
)
def any_database(request: pytest.FixtureRequest) -> Database:
    """Each test that takes this runs on both databases."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def app(database: Database, sample_folder: Path, sqlite_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application with the sample study open."""
    shutil.copytree(sample_folder / "stimuli", tmp_path / "stimuli")
    with (
        closing(sqlite3.connect(sample_folder / "discern.db")) as sample,
        closing(sqlite3.connect(tmp_path / "discern.db")) as file,
    ):
        sample.backup(file)
        file.execute("UPDATE study SET stimuli_folder = ?", [str(tmp_path / "stimuli")])
        file.commit()
    app = create_app({"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "TESTING": True})
    yield app
    close_app(app)


@pytest.fixture
def open_app(database: Database, sqlite_url: str, tmp_path: Path) -> Iterator[Callable[[dict[str, Any]], Flask]]:
    """Opens a study of the test's own definition, and gives the application."""
    apps = []

    def build(definition: dict[str, Any]) -> Flask:
        with database.writing() as session:
            open_sample(session, tmp_path / "stimuli", definition)
        apps.append(create_app({"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "TESTING": True}))
        return apps[-1]

    yield build
    for app in apps:
        close_app(app)


@pytest.fixture(scope="session", autouse=True)
def _remembered(remembered: None) -> None:
    """Every test has an application of its own."""


@pytest.fixture(scope="session", autouse=True)
def with_quick_passwords() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest.fixture
def ada(app: Flask, database: Database) -> FlaskClient:
    """A browser in which the researcher ada is logged in."""
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW)
        session.commit()
    client = app.test_client()
    log_in(client)
    return client
