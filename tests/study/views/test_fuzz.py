"""Whatever is sent to whichever address: no reply is a 500, and no page holds what was sent as markup.

`DISCERN_FUZZ=23 pytest -s tests/study/views/test_fuzz.py` draws 23 times as many examples, others each time, and counts the requests.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule
from werkzeug.test import create_environ, run_wsgi_app

from study import close_app, create_app
from study.conduct.admins import create_admin
from study.database.db import Database
from study.database.schema import Login, Participant, Stimulus, Study
from study.security import new_token
from study.taking_part.arrivals import KIND_HEADER
from study.views.participant.forms import form_token
from tests.study.samples import NOW, SECRET, document, open_sample, seeing
from tests.study.visitor import Visitor, hidden_fields, join

pytestmark = pytest.mark.slow

TIMES = int(os.environ.get("DISCERN_FUZZ", "1"))
MARKUP = ["<b id=x>", "<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "<svg/onload=alert(1)>"]
ODD = ["\0", "\ud800", "'; DROP TABLE trial;--", "../" * 9, "A" * 22, "demo", "{{7*7}}", "%(x)s", "\r\nX: y"]
TEXT = st.text(max_size=40) | st.sampled_from(ODD) | st.sampled_from(MARKUP)
# What a header can hold: bytes, which a server hands on as latin-1.
HEADER = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=80)
HOST = (
    st.sampled_from(["localhost", "a" * 64, "", ".x", "a..b", "[::1]", "[::1", "x:0", "x:99999", "xn--a", "*"]) | HEADER
)
HEADERS = ("Host", "Accept-Language", "Cookie", "Content-Type", "X-Forwarded-For", "Sec-Fetch-Site", KIND_HEADER)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
ANSWER_KEYS = ("response", "rt", "time_elapsed", "trial_index", "events")
FORM_KEYS = ("consent", "language", "observer_kind", "visit", "name", "password", "next", "PROLIFIC_PID")
fuzzed = settings(
    max_examples=20 * TIMES,
    derandomize=TIMES == 1,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


sent = 0


@pytest.fixture(autouse=True, scope="module")
def _counted() -> Iterator[None]:
    yield
    print(f"\n{sent} requests")


def watched(app: Flask) -> Flask:
    """The application, of which every reply is looked at, those to a test's preparations too."""
    inner = app.wsgi_app

    def look(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        global sent
        sent += 1
        told: list[Any] = []
        body = inner(environ, lambda *about: told.append(about) or start_response(*about))
        content = b"".join(body)  # a streamed reply may fail while it is read
        if hasattr(body, "close"):
            body.close()
        (status, headers, *_), asked = told[0], f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        assert status < "500", asked
        if dict(headers).get("Content-Type", "").startswith("text/html"):
            assert not [text for text in MARKUP if text.encode() in content], asked
        return [content]

    app.wsgi_app = look
    return app


@pytest.fixture
def any_app(any_database: Database, tmp_path: Path) -> Iterator[Flask]:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=2, k=100 * TIMES)))
    url = any_database.engine.url.render_as_string(hide_password=False)
    app = watched(create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "PROPAGATE_EXCEPTIONS": False}))
    yield app
    close_app(app)


def encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="/.")


@fuzzed
@given(data=st.data())
def test_no_address_fails(any_app: Flask, data: st.DataObject) -> None:
    rules = [rule for rule in any_app.url_map.iter_rules() if rule.endpoint != "static"]
    rule = data.draw(st.sampled_from(rules))
    path = rule.rule
    for argument in rule.arguments:
        path = path.replace(f"<{argument}>", encoded(data.draw(TEXT)))
    method = data.draw(st.sampled_from(["GET", "POST", "HEAD", "PUT"]))
    client = any_app.test_client()
    client.set_cookie("discern-token", data.draw(st.sampled_from(["x", "A" * 22, "%00"])))
    query = {data.draw(st.sampled_from(FORM_KEYS)): data.draw(TEXT).encode("utf-8", "replace").decode()}
    with client.open(path, method=method, query_string=query) as reply:
        assert reply.status_code < 500, f"{method} {path}"


@fuzzed
@given(name=st.sampled_from(HEADERS), value=HEADER | st.sampled_from(MARKUP), host=HOST)
def test_no_header_fails(any_app: Flask, name: str, value: str, host: str) -> None:
    for method, path in (("GET", "/s/demo"), ("GET", "/p/x/plan"), ("GET", "/researcher"), ("POST", "/s/demo/consent")):
        environ = create_environ(path, method=method, headers={"Host": host} | {name: value})
        run_wsgi_app(any_app.wsgi_app, environ)  # Flask's client would read odd hosts itself, and fail


@fuzzed
@given(data=st.data())
def test_no_answer_fails(any_app: Flask, data: st.DataObject) -> None:
    visitor = join(any_app)
    trial = visitor.plan()["trials"][0]
    answer = {
        "response": trial["questions"][0]["options"][0]["value"],
        "rt": 1,
        "time_elapsed": 1,
        "trial_index": trial["index"],
    }
    answer |= {key: data.draw(JSON) for key in data.draw(st.sets(st.sampled_from(ANSWER_KEYS), min_size=1))}
    body = data.draw(st.just(answer) | JSON)
    url = f"/p/{visitor.token}/trials/{trial['trial_token']}"
    for _ in range(2):
        reply = visitor.client.post(url, data=json.dumps(body).encode("utf-8"), content_type="application/json")
        assert reply.status_code in (200, 400), body


@fuzzed
@given(form=st.dictionaries(st.sampled_from(FORM_KEYS), TEXT), page=st.sampled_from(["/s/demo", "/researcher/login"]))
def test_no_form_fails(any_app: Flask, form: dict[str, str], page: str) -> None:
    client = any_app.test_client()
    fields = hidden_fields(client.get(page).text) | {k: v.encode("utf-8", "replace").decode() for k, v in form.items()}
    target = "/s/demo/consent" if page == "/s/demo" else page
    assert client.post(target, data=fields).status_code < 500


# ---- somebody inside: an owner who is logged in and a participant's true token, forms with the tokens they want ----

PASSWORD = "a long password for tests"
PURPOSES = {  # what the tokens of participants' forms are made for
    "participant.switch_language": ("language", "demo"),
    "about.tell": ("about", "demo"),
    "about.comment": ("comment", "demo"),
    "leaving.give_up": ("leave", "demo"),
    "leaving.take_up_again": ("return", "demo"),
    "withdrawal.erase": ("withdraw", "demo"),
    "withdrawal.erase_by_code": ("withdraw", "demo"),
}
FIELDS = {
    "confirmed": "yes",
    "consent": "yes",
    "language": "en",
    "observer_kind": "human",
    "about-job": "-2",
    "comment": "=1+1",
    "agree-age": "yes",
    "state": "paused",
    "task": "seeing",
    "ratings_per_item": f"{150 * TIMES}",
    "limit": f"{150 * TIMES}",
    "minutes": "9",
    "title.en": "=1+1",
    "reason": "a second wave",
    "code": "ABCDEFGH",
    "name": "ada",
    "password": PASSWORD,
    "next": "/researcher/",
    "before": "9",
    "outcome": "stopped",
}
BODIES = {
    "protocol.answer": {
        "response": "dog",
        "rt": 1,
        "time_elapsed": 1,
        "trial_index": 0,
        "question": "confidence",
        "events": [],
    },
    "protocol.check_comprehension": {"attempt": 1, "answers": [0, 0]},
    "device.report": {
        **dict.fromkeys(("width", "height", "screen_width", "screen_height", "pixel_ratio"), 9),
        **{"touch": False, "pointer": "fine", "fullscreen": False, "problems": []},
    },
}


def mostly(true: object, other: st.SearchStrategy) -> st.SearchStrategy:
    return st.sampled_from([True, True, True, False]).flatmap(lambda is_true: st.just(true) if is_true else other)


@pytest.fixture
def inside(any_database: Database, tmp_path: Path) -> Iterator[tuple[Flask, str]]:
    """The application, and the cookie of an owner."""
    sample = document(seeing(images=4, k=100 * TIMES, trials=2, practice=1, attention_checks=1, comprehension=True))
    sample["study"]["demographics"] = [{"name": "job", "label": {"en": "Your job"}}]
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", sample)
        create_admin(session, "ada", PASSWORD, NOW)
        session.commit()
    url = any_database.engine.url.render_as_string(hide_password=False)
    settings_of_app = {"SECRET_KEY": SECRET, "PROPAGATE_EXCEPTIONS": False, "WTF_CSRF_ENABLED": False}
    app = watched(create_app({"DATABASE_URL": url} | settings_of_app))
    client = app.test_client()
    assert client.post("/researcher/login", data={"name": "ada", "password": PASSWORD}).status_code == 303
    yield app, client.get_cookie("discern-session").value
    close_app(app)


def test_no_endpoint_fails_for_somebody_inside(inside, any_database: Database) -> None:
    """Each address with each of its methods, whatever chance draws for the others."""
    app, owners_cookie = inside
    with any_database.reading() as session:
        login = session.query(Login).one()
    for rule in app.url_map.iter_rules():
        for method in rule.methods & {"GET", "POST"}:
            asking(app, owners_cookie, login, any_database, rule, method)()


def asking(
    app: Flask, owners_cookie: str, login: Login, database: Database, rule: Rule, method: str
) -> Callable[[], None]:
    @settings(fuzzed, max_examples=3 * TIMES)
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        with database.writing() as session:
            session.query(Study).update({"state": "open"})  # an earlier example may have closed it
            session.merge(login)  # or logged out
            session.commit()
        visitor = join(app)
        visitor.client.set_cookie("discern-session", owners_cookie)
        path = rule.rule.replace("path:", "")
        for argument, true in arguments_of(visitor, database).items():
            path = path.replace(f"<{argument}>", encoded(data.draw(mostly(true, TEXT))))
        with visitor.client.open(path, method=method, **body_of(app, rule.endpoint, method, data)) as reply:
            assert reply.data is not None, "a streamed reply may fail while it is read"
            assert reply.status_code < 500, f"{method} {path}"

    return ask


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/researcher/studies/%00/extend"), ("GET", "/researcher/studies/demo/participants/%00")],
)
def test_what_no_database_can_hold_is_refused(inside, method: str, path: str) -> None:
    """PostgreSQL's texts have no NUL."""
    app, owners_cookie = inside
    client = app.test_client()
    client.set_cookie("discern-session", owners_cookie)
    fields = {key: FIELDS[key] for key in ("confirmed", "task", "ratings_per_item", "reason")}
    assert client.open(path, method=method, data=fields).status_code in (400, 404)


def arguments_of(visitor: Visitor, database: Database) -> dict[str, str]:
    """What addresses contain, with the true values of this participant."""
    trial = visitor.plan()["trials"][0]
    with database.reading() as session:
        return {
            "slug": "demo",
            "token": visitor.token,
            "trial_token": trial["trial_token"],
            "image_token": trial["images"][0]["url"].rsplit("/", 1)[-1],
            "task": "seeing",
            "public_id": session.query(Participant.public_id).filter_by(token=visitor.token).scalar(),
            "stimulus_id": session.query(Stimulus.stimulus_id).limit(1).scalar(),
            "name": "jspsych.js",
            "filename": "base.css",
        }


def body_of(app: Flask, endpoint: str, method: str, data: st.DataObject) -> dict[str, Any]:
    """A body that would be taken, with something in it exchanged."""
    if endpoint in BODIES and method == "POST":
        exchanged = data.draw(st.sets(st.sampled_from(sorted(BODIES[endpoint])), max_size=1))
        body = BODIES[endpoint] | {key: data.draw(JSON) for key in exchanged}
        return {"data": json.dumps(body).encode(), "content_type": "application/json"}
    fields = {key: data.draw(mostly(value, TEXT)).encode("utf-8", "replace").decode() for key, value in FIELDS.items()}
    fields["visit"] = new_token()
    with app.test_request_context():
        fields["csrf_token"] = form_token(*PURPOSES.get(endpoint, ("demo", fields["visit"])))
    return {"data" if method == "POST" else "query_string": fields}
