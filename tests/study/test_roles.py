"""What researchers may do by their role: whatever is not allowed is refused, pages added later too."""

import pytest
from flask import Flask

from study import create_app
from study.admins import create_admin
from study.db import Database
from study.schema import ROLES, AuditEntry, Study
from tests.study.samples import NOW, SECRET
from tests.study.test_researcher import PASSWORD, log_in
from tests.study.visitor import hidden_fields

EXPORT, PAUSE = "/researcher/studies/demo/export", "/researcher/studies/demo/state"
# Logging in and out; and what a preview posts, to which the reply is the same for everybody and nothing is read or stored.
OPEN_TO_ALL = (
    "researcher.login",
    "researcher.log_in",
    "researcher.log_out",
    "conduct.take_preview_answer",
    "conduct.take_preview_check",
)
ALLOWED = {  # role → (looks at participants, exports, pauses the study)
    "owner": (200, 200, 303),
    "analyst": (403, 200, 403),
    "viewer": (200, 403, 403),
}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_what_it_is_for(app: Flask, database: Database, role: str) -> None:
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW, role)
        session.commit()
    client = app.test_client()
    log_in(client)
    page = client.get("/researcher/studies/demo")
    assert page.status_code == 200, "every role sees how far the study is"
    form = hidden_fields(page.text) or hidden_fields(client.get("/researcher/").text)
    looks = client.get("/researcher/studies/demo/participants").status_code
    with client.post(EXPORT, data=form) as reply:
        exports = reply.status_code
    pauses = client.post(PAUSE, data=form | {"state": "paused", "confirmed": "yes"}).status_code
    assert (looks, exports, pauses) == ALLOWED[role]
    with database.reading() as session:
        assert session.query(Study).one().state == ("paused" if role == "owner" else "open")
        assert session.query(AuditEntry).filter_by(action="export").count() == (exports == 200)


def test_no_address_of_the_researchers_is_open_to_a_viewers_changes_or_to_strangers(app: Flask, database) -> None:
    """Read off the routes themselves, so that a new one is covered the day it is added."""
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW, "viewer")
        session.commit()
    client, stranger = app.test_client(), app.test_client()
    log_in(client)
    form = hidden_fields(client.get("/researcher/").text)
    strangers = hidden_fields(stranger.get("/researcher/login").text)
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/researcher") or rule.endpoint in OPEN_TO_ALL:
            continue
        path = rule.rule.replace("<slug>", "demo").replace("<public_id>", "p0").replace("<trial_token>", "0")
        method = "POST" if "POST" in rule.methods else "GET"
        assert stranger.open(path, method=method, data=strangers).status_code == 303, rule
        if method == "POST":
            assert client.open(path, method=method, data=form).status_code == 403, rule


def test_a_request_for_another_host_is_refused(app: Flask, sqlite_url: str, monkeypatch) -> None:
    """A forged Host header must not find its way into addresses that we write."""
    monkeypatch.setenv("DISCERN_TRUSTED_HOSTS", "study.example.org, .lab.example.org")
    monkeypatch.setenv("DISCERN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("DISCERN_SECRET_KEY", SECRET)
    guarded = create_app()
    for host, status in (("study.example.org", 200), ("a.lab.example.org", 200), ("evil.example", 400)):
        assert guarded.test_client().get("/s/demo", base_url=f"http://{host}").status_code == status
    guarded.extensions["discern-database"].engine.dispose()
