"""Lines of the log: when, how bad, which request, what; nothing that names a visitor, and never without end."""

import io
import logging
import re
from collections.abc import Iterator

import pytest
from flask import Flask

from study.security import new_token
from study.views.server.logs import MOST_A_MINUTE, use
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
    assert trace[-1] == "RuntimeError: cannot do it for (token) or /p/(token)"
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
