"""What the server refuses, and what it tells browsers."""

import re
import secrets
from pathlib import Path

import pytest
from flask import Flask

from study import close_app, create_app
from study.database.db import Database
from study.errors import ConfigurationError, DatabaseNotReadyError
from study.security import is_token, new_completion_code, new_token, new_withdrawal_code, recruitment_hash
from tests.study.samples import SECRET
from tests.study.visitor import consent, join


@pytest.mark.parametrize("secret", [None, "", "short", "a" * 64, "abcabcabc" * 10, "changeme" * 8])
def test_a_missing_or_weak_secret_stops_the_server(secret: str | None, sqlite_url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"DISCERN_SECRET_KEY is (not set|weak).*make one with"):
        create_app({"SECRET_KEY": secret, "DATABASE_URL": sqlite_url})


def test_the_suggested_secret_is_accepted(database: Database, sqlite_url: str) -> None:
    app = create_app({"SECRET_KEY": secrets.token_urlsafe(32), "DATABASE_URL": sqlite_url})
    close_app(app)


def test_the_server_reads_its_settings_from_the_environment(database, sqlite_url, monkeypatch) -> None:
    monkeypatch.setenv("DISCERN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("DISCERN_SECRET_KEY", SECRET)
    monkeypatch.setenv("DISCERN_PRODUCTION", "1")
    monkeypatch.setenv("DISCERN_TRUSTED_HOSTS", "localhost")
    app = create_app()
    assert app.config["SESSION_COOKIE_SECURE"]
    close_app(app)


def test_debugging_in_production_stops_the_server(database: Database, sqlite_url: str) -> None:
    settings = {"SECRET_KEY": SECRET, "DATABASE_URL": sqlite_url, "PRODUCTION": "1", "TRUSTED_HOSTS": "localhost"}
    with pytest.raises(ConfigurationError, match="debugger"):
        create_app(settings | {"DEBUG": True})


@pytest.mark.parametrize("hosts", [None, "", " , "])
def test_production_without_the_servers_own_name_stops_the_server(database, sqlite_url, hosts) -> None:
    with pytest.raises(ConfigurationError, match="DISCERN_TRUSTED_HOSTS"):
        create_app({"SECRET_KEY": SECRET, "DATABASE_URL": sqlite_url, "PRODUCTION": "1", "TRUSTED_HOSTS": hosts})


def test_a_missing_database_stops_the_server(tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotReadyError, match=r"run `./manage\.py db upgrade`"):
        create_app({"SECRET_KEY": SECRET, "DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}"})


@pytest.mark.parametrize("path", ["/s/demo", "/p/unknown", "/researcher/login", "/nothing", "/static/base.css"])
def test_every_reply_carries_the_guards(app: Flask, path: str) -> None:
    with app.test_client().get(path) as reply:
        headers = reply.headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_pages_need_nothing_that_the_policy_forbids(app: Flask) -> None:
    visitor = join(app)
    pages = [app.test_client().get(path) for path in ("/s/demo", "/researcher/login", "/nothing")]
    pages += [visitor.client.get(f"/p/{visitor.token}/study")]
    visitor.finish()
    pages += [visitor.client.get(f"/p/{visitor.token}/finish")]
    for page in pages:
        # The server's own address may be printed: the last page tells where to withdraw later.
        assert not re.search(
            r"<script(?![^>]* src=)|<style| style=| on[a-z]+=|https?://(?!app\.prolific|localhost/)", page.text
        )


def test_personal_replies_are_never_cached(app: Flask) -> None:
    visitor = join(app)
    for page in ("/plan", "/study"):
        assert visitor.client.get(f"/p/{visitor.token}{page}").headers["Cache-Control"] == "no-store"


def test_the_cookie_that_remembers_is_out_of_reach_for_scripts_and_other_sites(app: Flask) -> None:
    cookie = consent(app)[1].headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/s/demo" in cookie


def test_in_production_cookies_travel_over_https_only(app: Flask, sqlite_url: str) -> None:
    production = create_app(
        {"SECRET_KEY": SECRET, "DATABASE_URL": sqlite_url, "PRODUCTION": "1", "TRUSTED_HOSTS": "localhost"}
    )
    reply = production.test_client().get("/researcher/login", base_url="https://localhost")
    assert "Secure" in reply.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in reply.headers
    close_app(production)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_in_production_no_link_is_http_whatever_the_proxy_says(app: Flask, sqlite_url: str, scheme: str) -> None:
    """Behind a proxy whose word is not believed, the last page gave an http:// address to withdraw at."""
    production = create_app(
        {"SECRET_KEY": SECRET, "DATABASE_URL": sqlite_url, "PRODUCTION": "1", "TRUSTED_HOSTS": "localhost"}
    )
    visitor = join(production)
    visitor.finish()
    page = visitor.client.get(f"/p/{visitor.token}/finish", base_url=f"{scheme}://localhost").text
    assert "https://localhost/s/demo/withdraw" in page
    assert "http://" not in page
    close_app(production)


def test_text_in_the_address_is_shown_as_text(app: Flask) -> None:
    """Server-side template injection and reflected scripts, as other platforms had them."""
    for text in ("{{7*7}}", "<script>alert(1)</script>"):
        page = app.test_client().get(f"/s/{text}")
        assert page.status_code == 404
        assert "49" not in re.sub(r"/static/v-\w+/", "", page.text), "the version of the files may have it"
        assert "<script>alert" not in page.text


@pytest.mark.parametrize("path", ["/static/../settings.py", "/static/%2e%2e/settings.py", "/vendor/..%2fpackage.json"])
def test_no_path_leads_out_of_the_served_folders(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 404


@pytest.mark.parametrize("path", ["/p/{token}/trials/{trial}", "/s/demo/consent", "/researcher/studies/demo/export"])
def test_nothing_is_changed_by_get(app: Flask, path: str) -> None:
    visitor = join(app)
    trial = visitor.plan()["trials"][0]["trial_token"]
    assert visitor.client.get(path.format(token=visitor.token, trial=trial)).status_code == 405


def test_a_refused_method_is_told_with_those_that_are_not(app: Flask) -> None:
    """RFC 9110, 15.5.6: a 405 must name them."""
    cases = {"/s/demo": {"GET", "HEAD", "OPTIONS"}, "/s/demo/consent": {"POST", "OPTIONS"}}
    for path, methods in cases.items():
        reply = app.test_client().put(path)
        assert reply.status_code == 405
        assert reply.allow == methods


def test_tokens_are_128_bits_and_safe_in_addresses() -> None:
    tokens = {new_token() for _ in range(2000)}
    assert len(tokens) == 2000
    assert all(is_token(token) and re.fullmatch(r"[A-Za-z0-9_-]{22}", token) for token in tokens)
    assert not is_token(new_token() + "\n")


def test_codes_are_easy_to_type() -> None:
    assert not set("IO01") & set("".join(new_completion_code() + new_withdrawal_code() for _ in range(500)))


def test_nobody_finds_a_withdrawal_code_by_trying() -> None:
    """A thousand participants, a thousand tries a second: ten thousand years to one in three."""
    codes = [new_withdrawal_code() for _ in range(2000)]
    possible = len(set("".join(codes))) ** len(codes[0])
    assert possible / 1000 / 1000 > 3 * 10_000 * 365 * 86_400


def test_recruitment_hashes_depend_on_the_secret_the_provider_and_the_id() -> None:
    cases = [
        (SECRET, "prolific", "a"),
        (SECRET, "prolific", "b"),
        (SECRET, "plain", "a"),
        (SECRET + "x", "prolific", "a"),
    ]
    assert len({recruitment_hash(*case) for case in cases}) == 4
    assert recruitment_hash(*cases[0]) == recruitment_hash(*cases[0])


def test_while_the_database_is_locked_nothing_is_acknowledged_and_the_browser_is_told_to_retry(
    app: Flask, database: Database, monkeypatch
) -> None:
    from study.database import db

    visitor = join(app)
    trial = visitor.plan()["trials"][0]
    impatient = db.connect(str(database.engine.url), busy_timeout_s=0.05)
    monkeypatch.setitem(app.extensions, "discern-database", impatient)
    with database.writing() as holder:
        holder.connection()
        reply = visitor.send(trial)
        assert (reply.status_code, reply.get_json()["error"]) == (503, "unavailable")
        assert int(reply.headers["Retry-After"]) > 0
        page = consent(app)[1]
        assert page.status_code == 503
    assert visitor.plan()["next_index"] == 0
    assert visitor.send(trial).status_code == 200
    impatient.engine.dispose()


def test_every_promise_of_the_security_page_names_a_test_that_exists() -> None:
    root = Path(__file__).parents[3]
    page = (root / "docs" / "reference" / "security.md").read_text(encoding="utf-8")
    file, named = None, 0
    for in_file, test in re.findall(r"`([\w/]*test_\w+\.py)?(?:::(test_\w+)…?)?`", page):
        file = in_file or file
        (path,) = [root / file] if file.startswith("tests/") else (root / "tests" / "study").rglob(file)
        assert path.is_file(), file
        assert not test or f"def {test}" in path.read_text(encoding="utf-8"), test
        named += bool(test)
    assert named > 30
