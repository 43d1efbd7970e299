"""Mechanical Turk's frame, SONA's credit link, Prolific's signed identity and its codes by outcome."""

import html
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from flask import Flask
from sqlalchemy import func, select

from study import close_app, create_app
from study.database.schema import Base, Participant
from study.errors import ConfigurationError, RecruitmentError
from study.recruitment.prolific import Identities
from tests.study.samples import SECRET, document, seeing
from tests.study.visitor import consent, hidden_fields, join

MTURK = "?assignmentId=A1&hitId=H1&workerId=W1&turkSubmitTo=https%3A%2F%2Fwww.mturk.com"
PROLIFIC = "?PROLIFIC_PID=5f0c1e2d3a4b&STUDY_ID=65aa&SESSION_ID=77bb"
SONA_URL = "https://school.sona-systems.com/webstudy_credit.aspx?experiment_id=12&credit_token=ab&survey_code=XXXX"


@pytest.fixture
def mturk(open_app) -> Flask:
    return open_app(document(seeing(), provider="mturk"))


def policy(reply) -> dict[str, str]:
    return dict(part.split(" ", 1) for part in reply.headers["Content-Security-Policy"].split("; "))


def test_a_preview_on_mechanical_turk_writes_nothing_and_offers_no_form(mturk: Flask, database) -> None:
    def rows() -> dict[str, int]:
        with database.reading() as session:
            return {t.name: session.scalar(select(func.count()).select_from(t)) for t in Base.metadata.sorted_tables}

    before = rows()
    # Buffered: what the server does after the page is sent is done, too.
    reply = mturk.test_client().get("/s/demo?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&hitId=H1", buffered=True)
    assert reply.status_code == 200
    assert "accept the task first" in reply.text
    assert "<form" not in reply.text
    assert "Set-Cookie" not in reply.headers
    assert mturk.test_client().post("/s/demo/consent", data={"consent": "yes"}).status_code == 400
    assert rows() == before
    mturk.test_client().get(f"/s/demo{MTURK}", buffered=True)
    assert rows() == before | {"arrival": 1}, "people who have accepted the task are counted"


def test_a_worker_hands_the_assignment_back_to_mechanical_turk(mturk: Flask) -> None:
    visitor = join(mturk, MTURK)
    code = visitor.finish()
    page = visitor.client.get(f"/p/{visitor.token}/finish")
    assert 'method="post" action="https://www.mturk.com/mturk/externalSubmit"' in page.text
    form = page.text[page.text.index("externalSubmit") :].partition("</form>")[0]
    assert hidden_fields(form) == {"assignmentId": "A1", "completion_code": code}
    assert "https://www.mturk.com" in policy(page)["form-action"]


@pytest.mark.parametrize(
    "target", ["https://evil.example", "http://www.mturk.com", "https://www.mturk.com.evil.example", "javascript:x", ""]
)
def test_work_is_handed_to_nobody_but_mechanical_turk(mturk: Flask, target: str) -> None:
    reply = mturk.test_client().get(f"/s/demo?assignmentId=A1&workerId=W1&turkSubmitTo={target}")
    assert reply.status_code == 400


def test_a_whole_participation_needs_no_cookie(mturk: Flask) -> None:
    """Browsers keep the cookies of framed pages back."""
    client = mturk.test_client(use_cookies=False)
    form = hidden_fields(client.get(f"/s/demo{MTURK}").text)
    reply = client.post("/s/demo/consent", data=form | {"consent": "yes"})
    assert reply.status_code == 303
    assert client.get(reply.headers["Location"] + "/plan").status_code == 200


def test_only_mechanical_turk_may_frame_and_only_its_own_studies(mturk: Flask, open_app) -> None:
    visitor = join(mturk, MTURK)
    for path in (f"/s/demo{MTURK.replace('W1', 'W2')}", f"/p/{visitor.token}/study"):
        frames = policy(visitor.client.get(path))["frame-ancestors"].split()
        assert frames == ["https://www.mturk.com", "https://workersandbox.mturk.com", "https://worker.mturk.com"]
    other = open_app(document(seeing(), slug="plain"))
    assert policy(other.test_client().get("/s/plain"))["frame-ancestors"] == "'none'"
    assert policy(mturk.test_client().get("/researcher/login"))["frame-ancestors"] == "'none'"


def test_a_form_made_for_one_id_enrols_no_other(mturk: Flask) -> None:
    assert consent(mturk, MTURK, workerId="W9")[1].status_code == 400


def test_a_form_that_another_site_sends_is_refused(app: Flask) -> None:
    client = app.test_client()
    form = hidden_fields(client.get("/s/demo").text) | {"consent": "yes"}
    for site, status in (("cross-site", 400), ("same-site", 400), ("same-origin", 303)):
        reply = client.post("/s/demo/consent", data=form, headers={"Sec-Fetch-Site": site})
        assert reply.status_code == status


def test_sona_gives_credit_to_the_code_that_came(open_app) -> None:
    app = open_app(document(seeing(), provider="sona", sona_completion_url=SONA_URL))
    visitor = join(app, "?id=54321")
    visitor.finish()
    page = html.unescape(visitor.client.get(f"/p/{visitor.token}/finish").text)
    assert f'href="{SONA_URL.replace("XXXX", "54321")}"' in page
    assert app.test_client().get("/s/demo").status_code == 400


KEY = ed25519.Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()
AUDIENCE = "https://study.example.org"


@pytest.fixture
def keys(tmp_path: Path) -> str:
    public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(KEY.public_key()))
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public | {"kid": "k1", "alg": "EdDSA"}]}))
    return str(tmp_path / "jwks.json")


def claims(**changes: object) -> dict[str, object]:
    """What Prolific vouches for; a changed `prolific` is one of its words, None leaves a claim out."""
    link = {"participant_id": "5f0c1e2d3a4b", "study_id": "65aa", "session_id": "77bb"}
    all_of_them = {"exp": datetime.now(UTC) + timedelta(minutes=5), "aud": AUDIENCE, "prolific": link} | changes
    all_of_them["prolific"] = link | (changes.get("prolific") or {})
    return {name: claim for name, claim in all_of_them.items() if claim is not None}


def signed(key=KEY, kid: str = "k1", algorithm: str = "EdDSA", **changes: object) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": kid})


@pytest.fixture
def checking(open_app, sqlite_url: str, keys: str):
    open_app(document(seeing(), provider="prolific"))
    settings = {"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "PROLIFIC_JWKS": keys, "PROLIFIC_AUDIENCE": AUDIENCE}
    app = create_app(settings)
    yield app
    close_app(app)


def test_a_signed_identity_is_accepted_and_an_unsigned_link_still_is(checking: Flask, database) -> None:
    join(checking, f"{PROLIFIC}&prolific_token={signed()}")
    join(checking, PROLIFIC.replace("5f0c", "6f0c"))
    with database.reading() as session:
        assert session.query(Participant).count() == 2


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"prolific": {"participant_id": "somebodyelse"}}, id="another participant's"),
        pytest.param({"prolific": {"study_id": "66bb"}}, id="of another study"),
        pytest.param({"prolific": {"session_id": "88cc"}}, id="of another session"),
        pytest.param({"prolific": {"participant_id": None}}, id="of nobody"),
        pytest.param({"exp": datetime(2026, 1, 1, tzinfo=UTC)}, id="expired"),
        pytest.param({"exp": None}, id="for ever"),
        pytest.param({"aud": "https://elsewhere.example"}, id="for another server"),
        pytest.param({"aud": None}, id="for any server"),
        pytest.param({"key": ed25519.Ed25519PrivateKey.generate()}, id="by another key"),
        pytest.param({"kid": "k2"}, id="by an unknown key"),
        pytest.param({"key": "k" * 32, "algorithm": "HS256"}, id="a shared secret"),
        pytest.param({"key": PUBLIC, "algorithm": "HS256"}, id="our public key as a shared secret"),
        pytest.param({"key": None, "algorithm": "none"}, id="not signed at all"),
    ],
)
def test_a_signature_that_proves_nothing_is_refused(checking: Flask, forged: dict[str, Any]) -> None:
    """Each is signed now and right but for this: one made earlier could be refused for its age instead."""
    client = checking.test_client()
    assert client.get(f"/s/demo{PROLIFIC}&prolific_token={signed(**forged)}").status_code == 400
    assert client.get(f"/s/demo{PROLIFIC}&prolific_token={signed()}").status_code == 200


def test_what_is_no_token_is_refused(checking: Flask) -> None:
    assert checking.test_client().get(f"/s/demo{PROLIFIC}&prolific_token=garbage").status_code == 400


def test_while_prolific_is_asked_for_its_keys_no_connection_to_the_database_is_held(checking: Flask) -> None:
    """Slow keys must not use up the connections that answers need."""
    pool = checking.extensions["discern-database"].engine.pool
    held: list[int] = []

    class Slow:
        def check(self, parameters: object) -> None:
            held.append(pool.checkedout())

    checking.extensions["discern-identities"] = Slow()
    assert checking.test_client().get(f"/s/demo{PROLIFIC}").status_code == 200
    assert held == [0]


def test_keys_that_cannot_be_used_stop_the_server(tmp_path: Path, keys: str) -> None:
    (tmp_path / "text").write_text("x")
    for source, audience in ((str(tmp_path / "text"), AUDIENCE), (str(tmp_path / "none"), AUDIENCE), (keys, "")):
        with pytest.raises(ConfigurationError, match="DISCERN_PROLIFIC_"):
            Identities(source, audience)


def test_keys_out_of_reach_are_told_as_such() -> None:
    identities = Identities("https://127.0.0.1:1/jwks.json", AUDIENCE)
    with pytest.raises(RecruitmentError, match="cannot be reached at the moment"):
        identities.check({"prolific_token": signed(), "PROLIFIC_PID": "5f0c1e2d3a4b"})
