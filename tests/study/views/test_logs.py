"""Lines of the log: when, how bad, which request, what; nothing that names a visitor, and never without end."""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from study.security import new_token
from study.views.server.logs import MOST_A_MINUTE, use
from tests.study.samples import document
from tests.study.visitor import join


@pytest.fixture
def written(app: Flask) -> Iterator[io.StringIO]:
    """What the application logs, as the server writes it."""
    stream = io.StringIO()
    handler = use(logging.StreamHandler(stream))
    app.logger.addHandler(handler)
    app.config |= {"TESTING": False, "PROPAGATE_EXCEPTIONS": False}
    yield stream
    app.logger.removeHandler(handler)


def test_a_failure_is_logged_with_its_reference_and_without_the_token(app: Flask, written, monkeypatch) -> None:
    def fails(token: str) -> None:
        raise RuntimeError(f"cannot do it for {token} or /p/{token}")

    monkeypatch.setitem(app.view_functions, "participant.study", fails)
    visitor = join(app)
    page = visitor.client.get(f"/p/{visitor.token}/study?PROLIFIC_PID=secretperson")
    assert page.status_code == 500
    reference = re.search(r"reference: ([0-9a-f]{8})<", page.text)[1]
    line, *trace = written.getvalue().splitlines()
    assert re.fullmatch(
        rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ ERROR {reference} Exception on /p/\(token\)/study \[GET\]", line
    )
    assert trace[-1] == "    RuntimeError: cannot do it for (token) or /p/(token)"
    assert page.headers["X-Request-ID"] == reference
    assert visitor.token not in written.getvalue()
    assert "secretperson" not in written.getvalue()


def test_no_token_of_any_shape_is_written_and_names_of_functions_are(written) -> None:
    log = logging.getLogger("study.any")
    tokens = [new_token() for _ in range(500)]
    for token in tokens:
        log.error("[parameters: ('%s', 3)] token=%s,", token, token)
        logging.getLogger("study.any").handlers.clear()
    assert not [token for token in tokens if token in written.getvalue()]
    log.critical("in a_function_of_22_letters and refuse_wrong_settings_")
    assert "refuse_wrong_settings_" in written.getvalue()


def test_lines_of_one_kind_are_spared_and_others_are_not(app: Flask, written) -> None:
    """Whatever a visitor repeats, the log grows by a bounded number of lines a minute."""
    logs = logging.getLogger("study.any")
    for n in range(5 * MOST_A_MINUTE):
        logs.warning("again %d", n)
    logs.warning("another")
    lines = written.getvalue().splitlines()
    assert MOST_A_MINUTE + 1 <= len(lines) <= 2 * MOST_A_MINUTE + 1, "two minutes at most"
    assert "more such lines of this minute are left out" in written.getvalue()
    assert lines[-1].endswith("WARNING - another")


def test_an_error_of_the_database_is_logged_without_values(app: Flask, written, monkeypatch) -> None:
    visitor = join(app)
    trial = visitor.plan()["trials"][0]
    with app.app_context():
        engine = app.extensions["discern-database"].engine
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE participant RENAME TO mislaid")
    assert visitor.send(trial).status_code == 503
    assert visitor.client.get(f"/p/{visitor.token}/plan").status_code == 503
    assert re.search(r"WARNING [0-9a-f]{8} database unavailable: no such table: participant$", written.getvalue(), re.M)
    assert visitor.token not in written.getvalue()


@contextmanager
def logged_as_json(app: Flask) -> Iterator[io.StringIO]:
    """All that the application logs, down to its requests."""
    stream = io.StringIO()
    handler = use(logging.StreamHandler(stream), "json")
    app.config |= {"TESTING": False, "PROPAGATE_EXCEPTIONS": False}
    app.logger.addHandler(handler)
    app.logger.setLevel("INFO")
    yield stream
    app.logger.removeHandler(handler)
    app.logger.setLevel("WARNING")


@pytest.mark.parametrize("language", ["en", "ko", "de"])
def test_an_error_is_one_line_of_json_with_the_reference_of_its_page(app: Flask, monkeypatch, language: str) -> None:
    def fails(slug: str) -> None:
        raise RuntimeError(f"first line of {slug}\n{new_token()}")

    monkeypatch.setitem(app.view_functions, "participant.landing", fails)
    with logged_as_json(app) as stream:
        page = app.test_client().get("/s/demo", query_string={"language": language})
    reference = page.headers["X-Request-ID"]
    assert reference in page.text, "to be quoted"
    error, asked = map(json.loads, stream.getvalue().splitlines())
    assert (error["level"], error["request"], asked["request"]) == ("ERROR", reference, reference)
    assert error["trace"].endswith("RuntimeError: first line of demo\n(token)")
    assert (asked["level"], asked["rule"], asked["status"]) == ("INFO", "/s/<slug>", 500)
    assert asked["ms"] > 0


GIVEN = [
    ("f3a9c1d05b7e4c2d9a1b6e8f70123456", True),  # nginx
    ("6b1e0b1c-7a4f-4e0d-9a58-3f1d2c4b5a69", True),  # Caddy, Envoy, Traefik
    ("secretperson", False),
    ("abc", False),
    ("0" * 65, False),
    ("0123456789abcdef012345", False),  # of a token's length
    ('0123"><b>', False),
]


@pytest.mark.parametrize(("given", "kept"), GIVEN)
def test_a_well_formed_id_of_our_proxy_alone_is_kept(app: Flask, given: str, kept: bool) -> None:
    client = app.test_client()
    from_proxy = client.get("/", headers={"X-Request-ID": given})
    assert (from_proxy.headers["X-Request-ID"] == given) is kept
    from_elsewhere = client.get("/", headers={"X-Request-ID": given}, environ_base={"REMOTE_ADDR": "203.0.113.7"})
    assert re.fullmatch("[0-9a-f]{8}", from_elsewhere.headers["X-Request-ID"])


def test_the_log_of_a_whole_study_names_nobody(open_app) -> None:
    """Somebody of a platform takes part, errs, finishes and comes to the wrong pages; every request is logged."""
    app = open_app(document(provider="prolific"))
    pid, elsewhere = "5f0c1a2b3d4e5f6071829304", {"X-Forwarded-For": "203.0.113.77"}
    with logged_as_json(app) as stream:
        visitor = join(app, f"?PROLIFIC_PID={pid}&STUDY_ID=study1&SESSION_ID=session1")
        trials = visitor.plan()["trials"]
        assert visitor.send(trials[-1]).status_code == 409
        visitor.finish()
        for path in (f"/p/{visitor.token}/nowhere", f"/s/demo/left?outcome={pid}", f"/s/{pid}", "/researcher/"):
            visitor.client.get(path, headers=elsewhere)
        visitor.client.post("/s/demo/withdraw", data={"code": visitor.token}, headers=elsewhere)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) > len(trials) + 8
    assert {line["status"] for line in lines} >= {200, 303, 400, 404, 409}
    tokens = set(re.findall(r"(?<![\w-])[\w-]{22}(?![\w-])", json.dumps(trials)))
    assert len(tokens) >= 2 * len(trials)
    named = {pid, "203.0.113.77", "127.0.0.1", "study1", "session1", visitor.token, *tokens}
    assert not [name for name in named if name in stream.getvalue()]
