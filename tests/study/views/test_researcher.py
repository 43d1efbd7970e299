"""Researchers' pages: only after a login, which is throttled; counts; the data as a zip."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from click.testing import CliRunner
from flask import Flask
from werkzeug.security import generate_password_hash

import manage
from study.conduct.admins import create_admin, set_password
from study.conduct.progress import progress, summaries
from study.database import audit
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import Admin, AuditEntry
from study.errors import AdminError, AuditError
from tests.study.researcher import PASSWORD, log_in
from tests.study.samples import NOW, answer, enrol, trials_of
from tests.study.visitor import hidden_fields, join


@pytest.fixture
def ada(app: Flask, database: Database) -> Flask:
    """The application, with a researcher named ada."""
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW)
        session.commit()
    return app


@pytest.mark.parametrize("path", ["/researcher/", "/researcher/studies/demo"])
def test_pages_are_for_researchers_only(ada: Flask, path: str) -> None:
    reply = ada.test_client().get(path)
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/researcher/login?next={path}")


def test_the_data_are_for_researchers_only(ada: Flask) -> None:
    client = ada.test_client()
    form = hidden_fields(client.get("/researcher/login").text)
    reply = client.post("/researcher/studies/demo/export", data=form)
    assert (reply.status_code, reply.mimetype) == (303, "text/html")


def test_methods_are_called_as_the_study_calls_them(ada: Flask, database: Database) -> None:
    join(ada).finish()
    with database.writing() as session:
        study = find_study(session, "demo")
        study.document = study.document | {"methods": {"guided-grad-cam": {"name": {"en": "Map of Ada"}}}}
        session.commit()
    client = ada.test_client()
    log_in(client)
    page = client.get("/researcher/studies/demo").text
    assert "Map of Ada" in page
    assert "Guided Grad-CAM" not in page
    assert "Guided Backpropagation" in page


def test_a_researcher_logs_in_looks_and_takes_the_data_home(ada: Flask, database: Database) -> None:
    join(ada).finish()
    client = ada.test_client()
    assert log_in(client).headers["Location"] == "/researcher/"
    assert "What did the network see?" in client.get("/researcher/").text
    page = client.get("/researcher/studies/demo")
    assert page.status_code == 200
    reply = client.post("/researcher/studies/demo/export", data=hidden_fields(page.text))
    assert reply.mimetype == "application/zip"
    names = zipfile.ZipFile(io.BytesIO(reply.data)).namelist()
    assert "discern-demo/data/study-demo_description-trials_data.csv" in names
    reply.close()
    with database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="export", actor="ada").count() == 1
    assert client.get("/researcher/studies/none").status_code == 404


def test_logging_out_ends_it(ada: Flask) -> None:
    client = ada.test_client()
    log_in(client)
    copied, elsewhere = client.get_cookie("discern-session").value, ada.test_client()
    log_in(elsewhere)
    client.post("/researcher/logout", data=hidden_fields(client.get("/researcher/").text))
    assert client.get("/researcher/").status_code == 303
    client.set_cookie("discern-session", copied)
    assert client.get("/researcher/").status_code == 303, "nor does a copy of the cookie go on"
    assert elsewhere.get("/researcher/").status_code == 200, "another browser's login does"


def test_the_session_is_another_one_after_the_login(ada: Flask) -> None:
    client = ada.test_client()
    before = hidden_fields(client.get("/researcher/login").text)["csrf_token"]
    old_cookie = client.get_cookie("discern-session").value
    log_in(client)
    stranger = ada.test_client()
    stranger.set_cookie("discern-session", old_cookie)
    assert stranger.get("/researcher/").status_code == 303
    reply = client.post("/researcher/logout", data={"csrf_token": before})
    assert reply.status_code == 400, "a form from before the login is void"


def test_a_new_password_ends_older_logins(ada: Flask, database: Database) -> None:
    client = ada.test_client()
    log_in(client)
    with database.writing() as session:
        set_password(session, "ada", "another password", NOW)
        session.commit()
    assert client.get("/researcher/").status_code == 303
    assert log_in(client, "another password").status_code == 303


def test_a_forgotten_password_is_replaced_from_the_command_line(ada: Flask, database: Database, monkeypatch) -> None:
    monkeypatch.setenv("DISCERN_DATABASE_URL", database.engine.url.render_as_string(hide_password=False))
    taken = CliRunner().invoke(manage.cli, ["add-researcher", "ada"])
    assert (taken.exit_code, "--new-password gives" in taken.output) == (1, True)
    done = CliRunner().invoke(manage.cli, ["add-researcher", "ada", "--new-password"])
    assert "'ada' (owner)" in done.output, done.output
    assert log_in(ada.test_client()).status_code == 401
    assert log_in(ada.test_client(), re.search(r"password (\S+)", done.output)[1]).status_code == 303


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong"), ("ada", ""), ("bob", PASSWORD), ("", ""), ("<b>", "x")]
)
def test_a_wrong_name_or_password_says_the_same(ada: Flask, name: str, password: str) -> None:
    reply = log_in(ada.test_client(), password, name=name)
    assert reply.status_code == 401
    assert "Name or password is wrong." in reply.text
    assert "<b>" not in reply.text.replace("<body>", "")


@pytest.mark.parametrize(
    "following", ["https://evil.example/", "//evil.example/", "/\\evil.example", "/s/demo", "javascript:x"]
)
def test_a_login_leads_nowhere_else(ada: Flask, following: str) -> None:
    assert log_in(ada.test_client(), following=following).headers["Location"] == "/researcher/"


def test_a_login_leads_back_to_the_page_that_asked_for_it(ada: Flask) -> None:
    reply = log_in(ada.test_client(), following="/researcher/studies/demo")
    assert reply.headers["Location"] == "/researcher/studies/demo"


@pytest.mark.parametrize("path", ["/researcher/login", "/researcher/logout", "/researcher/studies/demo/export"])
def test_forms_from_elsewhere_are_refused(ada: Flask, path: str) -> None:
    client = ada.test_client()
    log_in(client)
    assert client.post(path, data={"name": "ada", "password": PASSWORD}).status_code == 400


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [("a b", PASSWORD, "cannot be a name"), ("", PASSWORD, "cannot be a name"), ("bob", "short", "use at least 12")],
)
def test_odd_names_and_short_passwords_are_refused(database, name, password, words):
    with database.writing() as session, pytest.raises(AdminError, match=words):
        create_admin(session, name, password, NOW)


def test_a_name_is_given_once_and_its_password_is_not_stored(database: Database, monkeypatch) -> None:
    monkeypatch.setattr("study.conduct.admins.generate_password_hash", generate_password_hash)  # not the tests' own
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW)
        with pytest.raises(AdminError, match="'ada' already"):
            create_admin(session, "ada", PASSWORD, NOW)
        with pytest.raises(AdminError, match="no researcher named 'bob'"):
            set_password(session, "bob", PASSWORD, NOW)
        session.commit()
        stored = session.query(Admin).one().password_hash
    assert re.match(r"scrypt:32768:8:1\$", stored)
    assert PASSWORD not in stored


def test_progress_counts_each_kind_of_observer_apart(app: Flask, database: Database) -> None:
    for seed, kind, answers in ((0, "human", 7), (1, "human", 3), (2, "simulated", 7)):
        participant = enrol(database, seed, observer_kind=kind)
        for trial in trials_of(database, participant)[:answers]:
            answer(database, participant, trial)
    with database.reading() as session:
        study = find_study(session, "demo")
        now, later = (progress(session, study, at) for at in (NOW, NOW + timedelta(hours=2)))
        simulated = progress(session, study, NOW, "simulated").flow
        (summary,) = summaries(session)
    human = now.flow
    assert now.consented == {"human": 2, "simulated": 1}
    assert (human.consented, human.finished, human.in_progress, human.left, human.answers) == (2, 1, 1, 0, 10)
    assert (simulated.consented, simulated.finished, simulated.answers) == (1, 1, 7)
    assert (later.flow.in_progress, later.flow.left) == (0, 1)
    seeing = next(t for t in now.tasks if t.task == "seeing")
    assert (seeing.items, seeing.ratings_per_item, seeing.ratings, seeing.ratings_wanted) == (32, 2, 7, 64)
    assert [n for n, _ in seeing.histogram] == [0, 1, 2]
    assert sum(n * items for n, items in seeing.histogram) == 7
    assert (summary.ratings, summary.ratings_wanted, summary.finished) == (10, 64 + 6 * 4, 1)


def test_the_audit_log_shows_every_later_change(any_database: Database) -> None:
    with any_database.writing() as session:
        for n in range(3):
            audit.append(session, "ada", "export", {"n": n}, NOW)
        session.commit()
        assert audit.verify(session) == 3
        session.query(AuditEntry).filter_by(id=2).update({"detail": {"n": 7}})
        with pytest.raises(AuditError, match="audit entry 2"):
            audit.verify(session)
        session.rollback()
        session.query(AuditEntry).filter_by(id=2).delete()
        with pytest.raises(AuditError, match="audit entry 3"):
            audit.verify(session)
