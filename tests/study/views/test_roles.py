"""What researchers may do by their role: whatever is not allowed is refused, pages added later too."""

import pytest
from flask import Flask
from werkzeug.routing import Rule

from study import close_app, create_app
from study.conduct.admins import create_admin
from study.database.db import Database
from study.database.schema import ROLES, Admin, AuditEntry, Login, Study
from tests.study.researcher import PASSWORD, log_in
from tests.study.samples import NOW, SECRET
from tests.study.visitor import hidden_fields

EXPORT, PAUSE = "/researcher/studies/demo/export", "/researcher/studies/demo/state"
# Logging in and out; and what a preview posts, to which the reply is the same for everybody and nothing is read or stored.
OPEN_TO_ALL = (
    "researcher.login",
    "researcher.log_in",
    "researcher.log_out",
    "conduct.preview-replies.take_answer",
    "conduct.preview-replies.take_check",
    "conduct.preview-replies.take_page",
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
    assert ("To confirm, type" in client.get("/researcher/studies/demo?form=close").text) == (role == "owner")
    form = hidden_fields(page.text)
    looks = client.get("/researcher/studies/demo/participants").status_code
    with client.post(EXPORT, data=form) as reply:
        exports = reply.status_code
        assert reply.data.startswith(b"PK") == (exports == 200)
    pauses = client.post(PAUSE, data=form | {"state": "paused", "confirmed": "yes"}).status_code
    assert (looks, exports, pauses) == ALLOWED[role]
    with database.reading() as session:
        assert session.query(Study).one().state == ("paused" if role == "owner" else "open")
        assert session.query(AuditEntry).filter_by(action="export").count() == (exports == 200)


def test_an_error_page_leads_a_logged_in_researcher_back_and_nobody_else(app: Flask, database: Database) -> None:
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW, "analyst")
        session.commit()
    client = app.test_client()
    addresses = {"/researcher/studies/demo/participants": 403, "/researcher/studies/none": 404, "/nowhere": 404}
    pages = {address: client.get(address, follow_redirects=True).text for address in ("/nowhere", "/p/nobody")}
    assert not any("/researcher" in page for page in pages.values()), "participants are not told of these pages"
    log_in(client)
    for address, status in addresses.items():
        page = client.get(address)
        assert (page.status_code, '<a href="/researcher/">' in page.text) == (status, True)
    korean = client.get("/nowhere", headers={"Accept-Language": "ko"}).text
    assert ">연구자 페이지로 돌아가기</a>" in korean


# endpoint → the roles it is for. A page that is missing here fails the test below, before anybody can forget its guard.
ALL, LOOKERS, EXPORTERS, OWNERS = set(ROLES), {"owner", "viewer"}, {"owner", "analyst"}, {"owner"}
ROUTES = {
    "researcher.index": ALL,
    "researcher.export": EXPORTERS,
    "dashboard.show_progress": ALL,
    "dashboard.show_quality": LOOKERS,
    "dashboard.show_server": LOOKERS,
    "dashboard.show_changes": LOOKERS,
    "people.list_participants": LOOKERS,
    "people.show_participant": LOOKERS,
    "conduct.preview": LOOKERS,
    "conduct.preview_study": LOOKERS,
    "conduct.preview_screening": LOOKERS,
    "conduct.preview_finish": LOOKERS,
    "conduct.show_preview_plan": LOOKERS,
    "conduct.show_preview_image": LOOKERS,
    "conduct.set_state": OWNERS,
    "conduct.extend": OWNERS,
    "conduct.raise_limit": OWNERS,
    "conduct.amend": OWNERS,
    "people.exclude": OWNERS,
    "people.show_answers": LOOKERS,
    "conduct.look_at_estimates": OWNERS,
}


def researchers_rules(app: Flask) -> list[Rule]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/researcher")]
    return [rule for rule in rules if rule.endpoint not in OPEN_TO_ALL]


def path_of(rule: Rule) -> str:
    return rule.rule.replace("<slug>", "demo").replace("<public_id>", "p0").replace("<stimulus_id>", "s0")


def test_every_address_of_the_researchers_has_its_roles_written_down(app: Flask) -> None:
    assert {rule.endpoint for rule in researchers_rules(app)} == set(ROUTES)
    elsewhere = {
        name for name in app.view_functions if name.split(".")[0] in ("researcher", "dashboard", "conduct", "people")
    }
    assert elsewhere == set(ROUTES) | set(OPEN_TO_ALL), "none hides outside /researcher"


@pytest.mark.parametrize("role", [*ROLES, None])
def test_every_address_answers_its_roles_and_refuses_the_others(app: Flask, database: Database, role) -> None:
    """Forms carry a valid token and nothing else, so that a researcher who is let in changes nothing either."""
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW, role or "owner")
        session.commit()
    client = app.test_client()
    if role:
        log_in(client)
    form = hidden_fields(client.get("/researcher/" if role else "/researcher/login").text)
    for rule in researchers_rules(app):
        methods = rule.methods - {"OPTIONS"}
        for method in methods:
            with client.open(path_of(rule), method=method, data=form if method == "POST" else None) as reply:
                status, place = reply.status_code, reply.headers.get("Location", "")
            if role is None:
                assert (status, place.startswith("/researcher/login?next=")) == (303, True), rule
            elif role in ROUTES[rule.endpoint]:
                assert status in (200, 404, 409), (rule, status)
            else:
                assert status == 403, (rule, status)
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - methods:
            assert client.open(path_of(rule), method=method, data=form).status_code == 405, rule
    with database.reading() as session:
        assert session.query(Study).one().state == "open"
        no_change = ("login", "admin-created", "export-begun")
        changes = session.query(AuditEntry).filter(AuditEntry.action.not_in(no_change))
        assert [entry.action for entry in changes] == ["study-opened"]


def test_another_role_holds_from_the_next_request_on(app: Flask, database: Database) -> None:
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW, "owner")
        session.commit()
    client = app.test_client()
    log_in(client)
    form = hidden_fields(client.get("/researcher/").text)
    with database.writing() as session:
        session.query(Admin).update({"role": "viewer"})
        session.commit()
    assert client.post(PAUSE, data=form | {"state": "paused", "confirmed": "yes"}).status_code == 403
    with database.writing() as session:
        session.query(Login).delete()
        session.query(Admin).delete()
        session.commit()
    assert client.get("/researcher/").status_code == 303


def test_a_request_for_another_host_is_refused(app: Flask, sqlite_url: str, monkeypatch) -> None:
    """A forged Host header must not find its way into addresses that we write."""
    monkeypatch.setenv("DISCERN_TRUSTED_HOSTS", "study.example.org, .lab.example.org")
    monkeypatch.setenv("DISCERN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("DISCERN_SECRET_KEY", SECRET)
    guarded = create_app()
    for host, status in (("study.example.org", 200), ("a.lab.example.org", 200), ("evil.example", 400)):
        assert guarded.test_client().get("/s/demo", base_url=f"http://{host}").status_code == status
    close_app(guarded)
