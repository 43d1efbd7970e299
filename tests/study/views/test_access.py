"""A researcher with whom one study was shared finds no other by any address, changes none, and loses it at once."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

import manage
from study.conduct.access import end_sharing, share
from study.conduct.admins import create_admin
from study.conduct.study_deletion import delete_study, doomed
from study.database import audit
from study.database.db import Database
from study.database.schema import ROLES, Admin, AuditEntry, Study, StudyAccess
from study.errors import AdminError
from tests.study.researcher import PASSWORD, log_in
from tests.study.samples import NOW, SECRET, document, open_sample, seeing
from tests.study.views.test_roles import path_of, researchers_rules
from tests.study.visitor import hidden_fields

OF_ALL = {"dashboard.show_server"}  # addresses without a study that need all


@pytest.fixture
def two(app: Flask, database: Database, tmp_path: Path) -> Flask:
    """Beside `demo` there is the study `secret-plan`."""
    with database.writing() as session:
        open_sample(session, tmp_path / "other", document(seeing(images=2, k=1), slug="secret-plan"))
    return app


def make(database: Database, role: str = "owner", *slugs: str) -> None:
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW, role, sees_all=False)
        for slug in slugs:
            share(session, slug, "ada", "root", NOW)
        session.commit()


@pytest.mark.parametrize("role", ROLES)
def test_each_address_of_another_study_is_as_if_there_were_none(two: Flask, database: Database, role: str) -> None:
    make(database, role, "secret-plan")
    client = two.test_client()
    log_in(client)
    index = client.get("/researcher/").text
    assert "secret-plan" in index
    assert "/studies/demo" not in index
    assert 'href="/researcher/server"' not in index
    form = hidden_fields(index)
    rules = researchers_rules(two)
    assert {rule.endpoint for rule in rules if "<slug>" not in rule.rule} == {"researcher.index"} | OF_ALL
    for rule in rules:
        for method in rule.methods - {"OPTIONS"}:
            reply = client.open(path_of(rule), method=method, data=form if method == "POST" else None)
            if rule.endpoint != "researcher.index":
                assert reply.status_code == (403 if rule.endpoint in OF_ALL else 404), rule
                assert "What did the network see" not in reply.text
    assert client.get("/researcher/studies/secret-plan").status_code == 200
    no_study = client.get("/researcher/studies/none").text
    assert client.get("/researcher/studies/demo").text.replace("demo", "none") == no_study
    with database.reading() as session:
        assert session.query(AuditEntry).filter(AuditEntry.action.in_(("export", "export-begun"))).count() == 0
        assert {study.state for study in session.query(Study)} == {"open"}


def test_sharing_holds_from_the_next_request_on(two: Flask, database: Database) -> None:
    make(database)
    client = two.test_client()
    log_in(client)
    seen = [client.get("/researcher/studies/demo").status_code]
    for act in (share, end_sharing):
        with database.writing() as session:
            act(session, "demo", "ada", "root", NOW)
            session.commit()
        seen.append(client.get("/researcher/studies/demo").status_code)
    assert seen == [404, 200, 404]
    with database.snapshot() as session:
        audit.verify(session)


def test_accounts_from_before_see_all(two: Flask, database: Database) -> None:
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW)
        session.commit()
        with pytest.raises(AdminError, match="sees all studies"):
            share(session, "demo", "ada", "root", NOW)
    client = two.test_client()
    log_in(client)
    assert all(f"/studies/{slug}" in client.get("/researcher/").text for slug in ("demo", "secret-plan"))
    assert client.get("/researcher/server").status_code == 200


def test_a_deleted_study_takes_its_sharing_along(two: Flask, database: Database) -> None:
    make(database, "owner", "demo", "secret-plan")
    with database.writing() as session:
        session.query(Study).filter_by(slug="demo").update({"state": "closed"})
        audit.append(session, "root", "backup", {}, NOW)
        delete_study(session, doomed(session, "demo"), "root", NOW)
        session.commit()
        assert session.query(StudyAccess).count() == 1
        assert session.query(Admin).count() == 1


def test_the_commands_share(two: Flask, database: Database, sqlite_url: str, tmp_path: Path) -> None:
    for slug in ("demo", "secret-plan"):
        (tmp_path / f"{slug}.toml").write_text(f'[study]\nslug = "{slug}"\n')
    environment = {"DISCERN_DATABASE_URL": sqlite_url, "DISCERN_SECRET_KEY": SECRET}

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(manage.cli, arguments, env=environment)
        return f"{done.exit_code} {done.output}"

    demo, secret = (str(tmp_path / f"{slug}.toml") for slug in ("demo", "secret-plan"))
    assert run("add-researcher", "bo", "--study", demo).startswith("0")
    assert "sees study 'secret-plan'" in run("share-study", "--study", secret, "bo")
    assert "sees study 'secret-plan' already" in run("share-study", "--study", secret, "bo")
    assert "no longer sees study 'demo'" in run("share-study", "--study", demo, "bo", "--end")
    assert "does not see study 'demo'" in run("share-study", "--study", demo, "bo", "--end")
    assert "there is no researcher named 'cy'" in run("share-study", "--study", demo, "cy")
    assert "changes no studies" in run("add-researcher", "bo", "--new-password", "--study", demo)
    with database.reading() as session:
        assert [row.study_id for row in session.query(StudyAccess)] == [2]
