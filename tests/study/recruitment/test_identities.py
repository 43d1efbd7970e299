"""Prolific's signed links, signed here as Prolific documents it: who comes is who the link says, or nobody comes."""

import hmac
import html
import json
import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from flask.testing import FlaskClient

from study import close_app, create_app
from study.database.schema import Participant
from study.errors import ConfigurationError, RecruitmentError
from study.recruitment.identities import Identities
from tests.study.samples import SECRET, document, seeing
from tests.study.visitor import join

KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
SERVER = "https://study.example.org"
LINK = {"PROLIFIC_PID": "5f0c1e2d3a4b", "STUDY_ID": "65aa", "SESSION_ID": "77bb"}


def query(**changes: str) -> str:
    return "?" + "&".join(f"{name}={value}" for name, value in (LINK | changes).items())


def signed(key: Any = KEY, kid: str = "k1", algorithm: str = "RS256", **changes: object) -> str:
    """What Prolific vouches for; None leaves a claim out."""
    claims = {
        "iss": "https://www.prolific.com",
        "sub": LINK["SESSION_ID"],
        "aud": f"{SERVER}/s/demo{query()}",
        "exp": datetime.now(UTC) + timedelta(minutes=2),
        "prolific": {"workspace_id": "w1"},
    } | changes
    claims = {name: claim for name, claim in claims.items() if claim is not None}
    if key is PUBLIC:  # PyJWT would refuse to sign with it
        head, body, _ = jwt.encode(claims, "k" * 32, headers={"kid": kid}).split(".")
        mac = hmac.digest(PUBLIC, f"{head}.{body}".encode(), "sha256")
        return f"{head}.{body}.{urlsafe_b64encode(mac).decode().rstrip('=')}"
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


@pytest.fixture
def keys(tmp_path: Path) -> str:
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public | {"kid": "k1", "alg": "RS256", "use": "sig"}]}))
    return str(tmp_path / "jwks.json")


@pytest.fixture
def checking(request: pytest.FixtureRequest, open_app, sqlite_url: str, keys: str):
    definition = document(seeing(), provider=getattr(request, "param", "prolific"))
    texts = {name: definition["study"][name] for name in ("title", "consent", "debriefing")}
    definition["study"] |= {name: text | {"ko": text["en"]} for name, text in texts.items()}
    open_app(definition | {"study": definition["study"] | {"languages": ["en", "ko"]}})
    settings = {"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "PROLIFIC_JWKS": keys, "PROLIFIC_AUDIENCE": SERVER}
    app = create_app(settings)
    yield app
    close_app(app)


@pytest.fixture
def client(checking: Flask) -> FlaskClient:
    return checking.test_client()


def test_a_link_as_prolific_signs_it_lets_the_person_in(checking: Flask, database) -> None:
    join(checking, f"{query()}&prolific_token={signed()}")
    with database.reading() as session:
        assert session.query(Participant).count() == 1


@pytest.mark.parametrize("audience", [f"{SERVER}/s/demo", f"{SERVER.upper()}:443/", [SERVER, "https://x.example"]])
def test_of_the_audience_the_server_counts(client: FlaskClient, audience: object) -> None:
    assert client.get(f"/s/demo{query()}&prolific_token={signed(aud=audience)}").status_code == 303


def test_the_payload_of_the_newer_document_is_taken(client: FlaskClient) -> None:
    """It holds each parameter of the address, and the workspace with its organisation."""
    payload = LINK | {"workspace_id": "507f1f77bcf86cd799439011", "organisation_id": "507f191e810c19729de860ea"}
    assert client.get(f"/s/demo{query()}&prolific_token={signed(prolific=payload)}").status_code == 303


def test_a_placeholder_that_prolific_did_not_fill_in_vouches_for_nothing(client: FlaskClient) -> None:
    audience = f"{SERVER}/s/demo?PROLIFIC_PID={{{{%PROLIFIC_PID%}}}}"
    assert client.get(f"/s/demo{query()}&prolific_token={signed(aud=audience)}").status_code == 303


FORGED = {
    "another participant's": {"aud": f"{SERVER}/s/demo{query(PROLIFIC_PID='6f0c')}"},
    "of another study": {"aud": f"{SERVER}/s/demo{query(STUDY_ID='66bb')}"},
    "of another session": {"sub": "88cc"},
    "another participant's by its payload": {"prolific": {"participant_id": "6f0c"}},
    "another participant's by its parameters": {"prolific": LINK | {"PROLIFIC_PID": "6f0c"}},
    "of another session by its parameters": {"prolific": LINK | {"SESSION_ID": "88cc"}},
    "of nobody": {"sub": None},
    "expired": {"exp": datetime(2026, 1, 1, tzinfo=UTC)},
    "for ever": {"exp": None},
    "for another server": {"aud": f"https://elsewhere.example/s/demo{query()}"},
    "for an insecure server": {"aud": f"http://study.example.org/s/demo{query()}"},
    "for any server": {"aud": None},
    "for no address": {"aud": "https://[x"},
    "by another issuer": {"iss": "https://www.prolific.example"},
    "by nobody": {"iss": None},
    "by another key": {"key": OTHER_KEY},
    "by an unknown key": {"kid": "k2"},
    "a shared secret": {"key": "k" * 32, "algorithm": "HS256"},
    "our public key as a shared secret": {"key": PUBLIC, "algorithm": "HS256"},
    "not signed at all": {"key": None, "algorithm": "none"},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_signature_that_proves_nothing_is_refused(client: FlaskClient, forged: dict[str, Any]) -> None:
    """Each is signed now and right but for this: one made earlier could be refused for its age instead."""
    assert client.get(f"/s/demo{query()}&prolific_token={signed(**forged)}").status_code == 400
    assert client.get(f"/s/demo{query()}&prolific_token={signed()}").status_code == 303


@pytest.mark.parametrize("end", ["", "&prolific_token=", "&prolific_token=garbage", "&verified=garbage"])
def test_without_a_token_of_prolific_s_nobody_comes_in(client: FlaskClient, end: str) -> None:
    refused = client.get(f"/s/demo{query()}{end}")
    assert refused.status_code == 400
    assert "open the study on Prolific" in refused.text


def test_the_sheet_can_be_read_in_the_other_language_after_the_signature_has_expired(client: FlaskClient) -> None:
    arrived = client.get(f"/s/demo{query()}&prolific_token={signed()}").headers["Location"]
    assert "prolific_token" not in arrived
    sheet = html.unescape(client.get(arrived).text)
    other, *_ = re.findall(r'href="(/s/demo\?[^"]*language=ko[^"]*)"', sheet)
    assert client.get(other).status_code == 200
    declined = re.search(r'href="(/s/demo/declined[^"]*)"', sheet)[1]
    back = re.search(r'href="(/s/demo\?[^"]*)"', html.unescape(client.get(declined).text))[1]
    assert client.get(back).status_code == 200
    assert client.get(back.replace("5f0c1e2d3a4b", "6f0c")).status_code == 400, "the mark is one person's"


@pytest.mark.parametrize("checking", ["plain"], indirect=True)
def test_studies_that_recruit_elsewhere_need_no_signature(client: FlaskClient) -> None:
    assert client.get("/s/demo").status_code == 200


def test_while_prolific_is_asked_for_its_keys_no_connection_to_the_database_is_held(checking: Flask) -> None:
    """Slow keys must not use up the connections that answers need."""
    pool = checking.extensions["discern-database"].engine.pool
    held: list[int] = []

    class Slow:
        def check(self, parameters: object) -> None:
            held.append(pool.checkedout())

    checking.extensions["discern-identities"] = Slow()
    assert checking.test_client().get(f"/s/demo{query()}").status_code == 303
    assert held == [0]


def test_keys_that_cannot_be_used_stop_the_server(tmp_path: Path, keys: str) -> None:
    (tmp_path / "text").write_text("x")
    unusable = [(str(tmp_path / "text"), SERVER), (str(tmp_path / "none"), SERVER), (keys, ""), (keys, "lab.example")]
    for source, audience in unusable:
        with pytest.raises(ConfigurationError, match="DISCERN_PROLIFIC_"):
            Identities(source, audience)


def test_keys_out_of_reach_are_told_as_such() -> None:
    identities = Identities("https://127.0.0.1:1/jwks.json", SERVER)
    with pytest.raises(RecruitmentError, match="cannot be reached at the moment"):
        identities.check({"prolific_token": signed()} | LINK)
