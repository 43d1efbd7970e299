"""What programs ask: is the server alive and ready, what is its icon, may it be indexed."""

import io
import logging
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.robotparser import RobotFileParser

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from study.conduct.readiness import why_not_ready
from study.database.db import Database, connect
from study.database.schema import Arrival, AuditEntry, Study
from tests.study.samples import SECRET


def change(database: Database, statement: str) -> None:
    with closing(sqlite3.connect(str(database.engine.url.database))) as file:
        file.execute(statement)
        file.commit()


def test_a_server_that_can_take_participants_is_alive_and_ready(app: Flask) -> None:
    client = app.test_client()
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    app.config["TRUSTED_HOSTS"] = ["study.example.org"]
    assert client.get("/s/demo").status_code == 400
    assert client.get("/readyz", headers={"Host": "10.1.2.3:8000"}).status_code == 200, "balancers ask by address"


def test_a_probe_is_no_visit(app: Flask, database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = app.test_client()
    for path in ("/healthz", "/readyz") * 200:
        reply = client.get(path)
        assert reply.status_code == 200, "never throttled"
        assert "Set-Cookie" not in reply.headers
        assert reply.headers["Cache-Control"] == "no-store"
    with database.reading() as session:
        assert not session.scalars(select(Arrival)).all()
        assert {entry.action for entry in session.scalars(select(AuditEntry))} == {"study-opened"}
    assert not [record for record in caplog.records if record.name.startswith(("study", "flask"))]


def test_missing_pictures_of_an_open_study_are_told_without_its_place(app: Flask, database: Database) -> None:
    with database.reading() as session:
        folder = Path(session.scalars(select(Study)).one().stimuli_folder)
    shutil.rmtree(folder)
    reply = app.test_client().get("/readyz")
    assert reply.status_code == 503
    assert reply.text == "pictures of an open study are missing\n"
    change(database, "UPDATE study SET state = 'closed'")
    assert app.test_client().get("/readyz").status_code == 200, "nobody needs them any more"


@pytest.mark.parametrize(
    "statement",
    ["UPDATE alembic_version SET version_num = 'other'", "DROP TABLE alembic_version", "ALTER TABLE study RENAME TO x"],
)
def test_a_database_that_is_not_ready_is_told_without_its_place(app: Flask, database: Database, statement: str) -> None:
    change(database, statement)
    reply = app.test_client().get("/readyz")
    assert (reply.status_code, "database" in reply.text) == (503, True)
    assert not any(secret in reply.text for secret in (str(database.engine.url), "sqlite", "/", SECRET))
    assert app.test_client().get("/healthz").status_code == 200


def test_a_database_that_is_gone_is_told(app: Flask, database: Database) -> None:
    Path(str(database.engine.url.database)).unlink()
    assert app.test_client().get("/readyz").status_code == 503


def test_nothing_is_indexed(app: Flask) -> None:
    client = app.test_client()
    rules = RobotFileParser()
    rules.parse(client.get("/robots.txt").text.splitlines())
    assert not rules.can_fetch("Googlebot", "/s/demo")
    assert client.get("/s/demo").headers["X-Robots-Tag"] == "noindex, nofollow"


def test_the_icon_is_a_picture(app: Flask) -> None:
    reply = app.test_client().get("/favicon.ico", buffered=True)
    with Image.open(io.BytesIO(reply.data)) as icon:
        assert icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
    assert reply.headers["Content-Type"] in ("image/x-icon", "image/vnd.microsoft.icon")


def test_a_server_of_the_database_that_is_away_is_told_without_its_address() -> None:
    database = connect("postgresql://somebody:secret@127.0.0.1:1/study")
    assert why_not_ready(database) == "the database is unreachable or of another version"
    database.engine.dispose()
