"""Guessing is slowed down by name and origin: who guesses waits ever longer, the researcher elsewhere logs in."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from study import close_app, create_app
from study.conduct import logins
from study.conduct.admins import create_admin
from study.conduct.logins import FREE_FAILURES, LONGEST_DELAY, delay, record_failure
from study.database.db import Database
from study.database.schema import Admin, AuditEntry, FailedLogin, Login
from study.errors import ConfigurationError, LoginThrottledError
from tests.study.researcher import PASSWORD, log_in
from tests.study.samples import NOW, SECRET


@pytest.fixture
def app(app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Its clock stands still: a delay does not run out while a busy machine hashes passwords."""
    monkeypatch.setattr("study.clock.now", lambda: NOW)
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW)
        session.commit()
    return app


def browser(app: Flask, address: str, forwarded: str | None = None) -> FlaskClient:
    client = app.test_client()
    client.environ_base |= {"REMOTE_ADDR": address} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    return client


def guess_all(client: FlaskClient) -> None:
    assert [log_in(client, "guess").status_code for _ in range(FREE_FAILURES)] == [401] * FREE_FAILURES
    assert log_in(client).status_code == 429, "even the right password"


def test_who_guesses_waits_and_the_researcher_elsewhere_does_not(app: Flask) -> None:
    """Five wrong guesses by anybody locked the researcher out."""
    guess_all(browser(app, "203.0.113.7"))
    assert log_in(browser(app, "203.0.113.7"), "guess", name="bob").status_code == 401, "one name of one origin"
    assert log_in(browser(app, "203.0.113.8")).status_code == 303


def test_behind_the_proxy_visitors_are_told_apart_by_its_word_and_no_other(app: Flask) -> None:
    guess_all(browser(app, "127.0.0.1", "198.51.100.1, 203.0.113.7"))
    assert log_in(browser(app, "127.0.0.1", "203.0.113.7")).status_code == 429, (
        "the last address is the proxy's own word"
    )
    assert log_in(browser(app, "127.0.0.1", "203.0.113.8")).status_code == 303
    guess_all(browser(app, "192.0.2.1", "203.0.113.10"))
    assert log_in(browser(app, "192.0.2.1", "203.0.113.11")).status_code == 429, "a visitor's own header says nothing"


def test_the_addresses_of_one_ipv6_network_are_one_origin(app: Flask) -> None:
    guess_all(browser(app, "2001:db8:1:2::1"))
    assert log_in(browser(app, "2001:db8:1:2:ffff::9")).status_code == 429
    assert log_in(browser(app, "2001:db8:1:3::1")).status_code == 303


@pytest.mark.parametrize(("proxies", "status"), [("10.0.0.5", 303), ("10.0.0.0/24,127.0.0.1", 303), ("127.0.0.1", 429)])
def test_a_proxy_on_another_machine_is_named_in_the_settings(app: Flask, sqlite_url, proxies: str, status: int) -> None:
    served = create_app({"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "PROXIES": proxies})
    guess_all(browser(served, "10.0.0.5", "203.0.113.7"))
    assert log_in(browser(served, "10.0.0.5", "203.0.113.8")).status_code == status
    close_app(served)


def test_proxies_that_are_no_addresses_stop_the_server(sqlite_url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"DISCERN_PROXIES: 'proxy.example' does not appear .* e.g. 10.0.0.5"):
        create_app({"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "PROXIES": "proxy.example"})


def test_delays_grow_to_a_quarter_of_an_hour() -> None:
    waits = [delay(n).total_seconds() for n in range(FREE_FAILURES - 1, FREE_FAILURES + 9)]
    assert waits == [0, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert delay(10**9) == LONGEST_DELAY


def test_waiting_is_enough_and_a_login_forgets_the_failures(any_database: Database) -> None:
    with any_database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW)
        for _ in range(FREE_FAILURES):
            record_failure(session, "k", "ada", NOW)
        session.commit()
    with any_database.writing() as session:
        with pytest.raises(LoginThrottledError, match="from here; wait 4 seconds"):
            logins.authenticate(session, "k", "ada", PASSWORD, NOW + timedelta(seconds=6))
        later = NOW + timedelta(seconds=10)
        admin = logins.authenticate(session, "k", "ada", PASSWORD, later)
        mark = logins.record_login(session, "k", admin, later)
        session.commit()
        assert session.query(FailedLogin).count() == 0
        assert logins.researcher(session, mark, later + timedelta(hours=11)).name == "ada"
        assert logins.researcher(session, mark, later + timedelta(hours=12)) is None
        assert mark not in str([vars(row) for row in session.query(Login)])


def test_guesses_made_all_at_once_are_told_no_more_than_guesses_one_by_one(app: Flask) -> None:
    """A thousand passwords sent before the first is judged are answered no more often than those sent in turn."""
    clients = [app.test_client() for _ in range(4 * FREE_FAILURES)]
    with ThreadPoolExecutor(len(clients)) as pool:
        statuses = Counter(pool.map(lambda client: log_in(client, "guess").status_code, clients))
    assert statuses == {401: FREE_FAILURES, 429: len(clients) - FREE_FAILURES}
    assert log_in(app.test_client()).status_code == 429


def test_failed_logins_fill_neither_the_audit_log_nor_the_table(any_database: Database, monkeypatch) -> None:
    monkeypatch.setattr(logins, "MOST_REMEMBERED", 20)
    with any_database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW)
        for n in range(60):
            name = "ada" if n % 3 == 0 else f"nobody-{n}"
            record_failure(session, f"key-{n}", name, NOW + timedelta(minutes=n))
        session.commit()
        noted = Counter(entry.actor for entry in session.query(AuditEntry).filter_by(action="login-failed"))
        assert noted == {"ada": 1, "?": 1}
        record_failure(session, "key", "ada", NOW + timedelta(minutes=61))
        assert session.query(AuditEntry).filter_by(action="login-failed", actor="ada").count() == 2
        assert session.query(FailedLogin).count() == 20
        record_failure(session, "later", "ada", NOW + timedelta(days=2))
        assert session.query(FailedLogin).count() == 1
        assert session.query(Admin).count() == 1
