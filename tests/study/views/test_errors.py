"""Error pages show what a visitor sent as text, whatever the error; and odd names of the server are the visitor's fault."""

import logging
import re
import sqlite3
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from werkzeug.exceptions import default_exceptions
from werkzeug.test import TestResponse

from study import errors
from study.errors import AnswerConflictError, StudyError
from tests.study.samples import document
from tests.study.visitor import join

MARKUP = "<b id=x>&amp;<script>alert(1)</script>"


def kinds(base: type[StudyError] = StudyError) -> Iterator[type[StudyError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


OWN = [AnswerConflictError(MARKUP, 0), *(kind(MARKUP) for kind in kinds() if kind is not AnswerConflictError)]
HTTPS = [kind(MARKUP) for kind in default_exceptions.values()]
DATABASES = [kind(MARKUP, {}, sqlite3.Error(MARKUP)) for kind in (DataError, IntegrityError, OperationalError)]


def test_markup_in_the_text_of_any_error_is_shown_as_text(app: Flask, monkeypatch) -> None:
    def fails(**_arguments: str) -> None:
        raise error

    monkeypatch.setitem(app.view_functions, "participant.landing", fails)
    monkeypatch.setitem(app.view_functions, "protocol.show_plan", fails)
    client = app.test_client()
    for error in OWN + HTTPS + DATABASES:
        for language in ("en", "ko"):
            page = client.get("/s/demo", query_string={"language": language})
            assert page.status_code >= 400
            assert is_text(page), error
        assert client.get("/p/x/plan").mimetype == "application/json", error


def is_text(page: TestResponse) -> bool:
    """A browser shows JSON as text."""
    return page.mimetype == "application/json" or not re.search("<b id|<script>alert", page.text + str(page.headers))


def test_every_error_of_ours_was_tried() -> None:
    named = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, StudyError)}
    assert named - {StudyError} <= {type(error) for error in OWN}


def test_markup_in_addresses_and_forms_is_shown_as_text(app: Flask, ada: FlaskClient) -> None:
    visitor = join(app)
    home = "/researcher/studies"
    gets = ["/s/{}", "/s/{}/withdraw", "/s/demo/{}", "/p/{}/study", "/p/{}", "/static/{}", "/vendor/{}", "/{}"]
    gets += [
        f"{home}/{{}}",
        f"{home}/demo/participants/{{}}",
        f"{home}/demo/preview/images/{{}}",
        f"{home}/{{}}/quality",
    ]
    gets += [
        f"/p/{visitor.token}/images/{{}}",
        "/s/demo?language={}",
        "/s/demo/left?outcome={}",
        f"{home}/demo?kind={{}}",
    ]
    pages = [ada.get(path.format(MARKUP)) for path in gets]
    form = {"language": MARKUP, "consent": MARKUP, "confirmed": "yes", "code": MARKUP, "observer_kind": MARKUP}
    pages += [ada.post(path, data=form) for path in ("/s/demo/consent", "/s/demo/withdraw", f"{home}/demo/extend")]
    for page in pages:
        assert is_text(page), page.request.path


def test_an_error_page_names_the_study_a_contact_and_what_to_do_but_no_status(open_app) -> None:
    client = open_app(document()).test_client()
    paths = ["/s/none", "/p/nobody", "/nowhere", "/s/demo/consent"]
    pages = [client.get(path) for path in paths]
    for page in pages:
        shown = re.sub(r"<[^>]*>", " ", page.text[page.text.index("<body") :])
        assert "What did the network see?" in shown, "of the only study, too"
        assert "If it does not work, write to" in shown
        assert "someone@example.org" in shown
        assert not re.search(r"\b[45]\d\d\b", shown)
    assert all("Please open the study link you were given." in page.text for page in pages[:3])
    open_app(document(slug="second"))
    assert "What did the network see?" not in client.get("/s/none").text, "whose contact would it be?"
    assert "someone@example.org" in client.post("/s/demo/consent").text


def test_addresses_may_be_typed_in_capitals_and_with_a_slash(open_app) -> None:
    client = open_app(document(provider="prolific")).test_client()
    query = "?PROLIFIC_PID=aB1&STUDY_ID=s&SESSION_ID=x"
    for path in ("/s/demo/", "/s/Demo", "/S/DEMO", "/S/demo/"):
        page = client.get(path + query, follow_redirects=True)
        assert page.status_code == 200, path
        assert 'name="PROLIFIC_PID" value="aB1"' in page.text
    assert client.get("/s/demo/withdraw/").status_code == 200
    root = client.get("/", headers={"Accept-Language": "ko"})
    assert root.status_code == 200
    assert "안내받으신 링크" in root.text
    assert "/s/demo" not in root.text, "a study is for those who were given its link"


HOSTS = [
    "a" * 64 + ".org",
    "a" * 300,
    "",
    ".x.org",
    "a..b",
    "[::1",
    "x y",
    "x:99999",
    "x:y",
    "\xfc.org",
    "\x80",
    "@",
    "*",
]


@pytest.mark.parametrize("trusted", [None, ["localhost", ".example.org"]])
def test_an_odd_host_is_refused_and_noted_nowhere(app: Flask, trusted: list[str] | None, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    app.config["TRUSTED_HOSTS"] = trusted
    client = app.test_client(use_cookies=False)
    for host in HOSTS:
        replies = [
            client.get(path, headers={"Host": host}) for path in ("/s/demo", "/researcher/", "/p/x/plan", "/none")
        ]
        replies.append(client.post("/s/demo/consent", headers={"Host": host}))
        assert {(reply.status_code, reply.mimetype) for reply in replies} == {(400, "text/plain")}, host
    assert not caplog.records
