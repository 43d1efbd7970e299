"""Nothing is acknowledged that is not stored: killed servers, full disks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, text

from bench.crash import crash
from study import close_app, create_app
from study.database import db
from study.database.db import Database
from study.database.schema import Event, Response
from tests.study.samples import SECRET, open_sample
from tests.study.visitor import consent, join

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_killed_servers_lose_and_double_nothing(any_url: str, tmp_path: Path) -> None:
    """A short run of bench/crash.py: two workers, everything, another worker."""
    outcome = crash(any_url, tmp_path, at_once=4, kills=4, seconds=60)
    assert outcome.problems == ()
    assert outcome.kills > 0
    assert 0 < outcome.acknowledged <= outcome.stored


def full_from_now_on(database: Database) -> Database:
    """The same file, which may not grow."""
    full = db.connect(str(database.engine.url), busy_timeout_s=0.5)

    @event.listens_for(full.engine, "connect")
    def _stop_growing(connection, _record) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    return full


def test_a_database_that_closes_every_connection_at_once_is_one_to_wait_for(postgresql: Database, tmp_path) -> None:
    """As a proxy does before a dead server: each connection succeeds, and is closed before it is used."""
    with postgresql.writing() as session:
        open_sample(session, tmp_path)
    url = postgresql.engine.url.render_as_string(hide_password=False)
    app = create_app({"SECRET_KEY": SECRET, "DATABASE_URL": url, "TESTING": True})
    visitor = join(app)
    trial = visitor.plan()["trials"][0]
    engine = app.extensions["discern-database"].engine
    engine.dispose()
    event.listen(engine, "connect", cut := lambda connection, _record: connection.close())
    for reply in (visitor.send(trial), visitor.client.get(f"/p/{visitor.token}/plan"), visitor.client.get("/s/demo")):
        assert reply.status_code == 503
    event.remove(engine, "connect", cut)
    assert visitor.send(trial).status_code == 200
    close_app(app)


def test_while_the_disk_is_full_nothing_is_acknowledged(app: Flask, database: Database, monkeypatch) -> None:
    visitors = [join(app) for _ in range(4)]
    events = [{"event": "focus", "time": float(n)} for n in range(500)]  # enough to need another page
    with monkeypatch.context() as patch:
        full = full_from_now_on(database)
        patch.setitem(app.extensions, "discern-database", full)
        for visitor in visitors:
            reply = visitor.send(visitor.plan()["trials"][0], events=events)
            assert (reply.status_code, reply.get_json()["error"]) == (503, "unavailable")
            assert int(reply.headers["Retry-After"]) > 0
        assert consent(app)[1].status_code == 503
        full.engine.dispose()
    with database.reading() as session:
        assert session.query(Response).count() == 0
        assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    for visitor in visitors:
        assert visitor.send(visitor.plan()["trials"][0], events=events).status_code == 200


ANSWER_WHILE_FILES_MAY_NOT_GROW = """
import json, resource, sys
from pathlib import Path
from study import create_app
from tests.study.samples import SECRET
from tests.study.visitor import join

app = create_app({"DATABASE_URL": sys.argv[1], "SECRET_KEY": SECRET})
visitor = join(app)
first, second, *_ = visitor.plan()["trials"]
events = [{"event": "focus", "time": float(n)} for n in range(500)]
statuses = [visitor.send(first).status_code]
log = Path(sys.argv[2], "discern.db-wal").stat().st_size
for limit in (log + 9000, resource.RLIM_INFINITY):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    statuses.append(visitor.send(second, events=events).status_code)
print(json.dumps(statuses))
"""


def test_when_the_system_refuses_to_write_the_answer_is_kept_out_whole_and_taken_later(
    app: Flask, sqlite_url: str, database: Database, tmp_path: Path
) -> None:
    """RLIMIT_FSIZE: the operating system's own refusal, in the middle of a write."""
    command = [sys.executable, "-c", ANSWER_WHILE_FILES_MAY_NOT_GROW, sqlite_url, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [200, 503, 200]
    with database.reading() as session:
        assert session.query(Response).count() == 2
        assert session.query(Event).count() == 500
        assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
