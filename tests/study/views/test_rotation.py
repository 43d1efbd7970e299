"""A new secret: what the old one signed is read for a while, and people whom a platform sends are known as before."""

import secrets
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from study import close_app, create_app
from study.conduct.admins import create_admin
from study.database.db import Database
from study.errors import ConfigurationError
from study.security import identity_key
from tests.study.researcher import PASSWORD, log_in
from tests.study.samples import NOW, SECRET, document
from tests.study.visitor import hidden_fields, join

NEW = secrets.token_urlsafe(32)
QUERY = "?PROLIFIC_PID=5f0c1a2b3d4e5f6071829304&STUDY_ID=s&SESSION_ID=x"
OTHER = QUERY.replace("304", "305")


@pytest.fixture
def restarted(sqlite_url: str) -> Iterator[Callable[..., Flask]]:
    """The application again, with other keys."""
    apps: list[Flask] = []

    def start(**keys: str) -> Flask:
        apps.append(create_app({"DATABASE_URL": sqlite_url, "TESTING": True} | keys))
        return apps[-1]

    yield start
    for app in apps:
        close_app(app)


def moved(client: FlaskClient, app: Flask) -> FlaskClient:
    """The same browser at the server that was started again."""
    browser = app.test_client()
    browser._cookies = client._cookies
    return browser


def test_what_the_old_key_signed_is_read_and_the_new_one_signs(open_app, database: Database, restarted) -> None:
    before = open_app(document(provider="prolific"))
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW)
        session.commit()
    researcher = before.test_client()
    log_in(researcher)
    token_of_forms = hidden_fields(researcher.get("/researcher/").text)["csrf_token"]
    token = join(before, QUERY).token
    form = hidden_fields(before.test_client().get(f"/s/demo{OTHER}").text) | {"consent": "yes", "language": "en"}

    rotating = restarted(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=f"{SECRET},", IDENTITY_KEY=SECRET)
    researcher = moved(researcher, rotating)
    assert researcher.get("/researcher/").status_code == 200
    for state in ("paused", "open"):
        sent = {"csrf_token": token_of_forms, "state": state}
        assert researcher.post("/researcher/studies/demo/state", data=sent).status_code == 303
    assert rotating.test_client().post("/s/demo/consent", data=form).status_code == 303
    known = rotating.test_client().get(f"/s/demo{QUERY}")
    assert known.headers["Location"].endswith(f"/p/{token}")
    fresh = rotating.test_client()
    log_in(fresh)

    after = restarted(SECRET_KEY=NEW, IDENTITY_KEY=SECRET)
    assert after.test_client().get(f"/s/demo{QUERY}").headers["Location"].endswith(f"/p/{token}")
    assert moved(fresh, after).get("/researcher/").status_code == 200, "the new key signed it"
    assert after.test_client().post("/s/demo/consent", data=form).status_code == 400


def test_earlier_keys_without_the_key_of_ids_are_refused(database: Database, restarted) -> None:
    """Everybody whom a platform sends again would be taken for somebody new."""
    with pytest.raises(ConfigurationError, match="set without DISCERN_IDENTITY_KEY"):
        restarted(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=SECRET)


@pytest.mark.parametrize(
    "weak", [{"SECRET_KEY_FALLBACKS": "short", "IDENTITY_KEY": SECRET}, {"IDENTITY_KEY": "a" * 40}]
)
def test_each_key_must_be_strong(database: Database, restarted, weak: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=f"DISCERN_{next(iter(weak))} is weak"):
        restarted(SECRET_KEY=NEW, **weak)


def test_commands_know_people_by_the_same_key() -> None:
    assert identity_key({"DISCERN_SECRET_KEY": NEW}) == NEW
    assert identity_key({"DISCERN_SECRET_KEY": NEW, "DISCERN_IDENTITY_KEY": SECRET}) == SECRET
