"""Whatever is sent to whichever address, nothing fails inside: no reply is a 500."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from study import create_app
from study.db import Database
from tests.study.samples import SECRET, document, open_sample, seeing
from tests.study.visitor import hidden_fields, join

TEXT = st.text(max_size=40) | st.sampled_from(["\0", "\ud800", "'; DROP TABLE trial;--", "../" * 9, "A" * 22, "demo"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
ANSWER_KEYS = ("response", "rt", "time_elapsed", "trial_index", "events")
FORM_KEYS = ("consent", "language", "observer_kind", "visit", "name", "password", "next", "PROLIFIC_PID")
fuzzed = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def any_app(any_database: Database, tmp_path: Path) -> Iterator[Flask]:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=2, k=100)))
    url = any_database.engine.url.render_as_string(hide_password=False)
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "PROPAGATE_EXCEPTIONS": False})
    yield app
    app.extensions["discern-database"].engine.dispose()


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
@given(data=st.data())
def test_no_answer_fails(any_app: Flask, data: st.DataObject) -> None:
    visitor = join(any_app)
    trial = visitor.plan()["trials"][0]
    answer = {"response": trial["options"][0]["value"], "rt": 1, "time_elapsed": 1, "trial_index": trial["index"]}
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
