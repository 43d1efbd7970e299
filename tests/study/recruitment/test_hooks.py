"""Prolific's webhooks, signed here by Prolific's own example: what they tell is stored, and nothing else is believed."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from study import close_app, create_app
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import AuditEntry, ExternalIdentity, Participant, Trial
from study.recruitment.reported import all_reported
from study.taking_part.withdrawal import withdraw
from tests.study.recruitment.accounts import Recruit
from tests.study.recruitment.prolific_stand_in import HOOK_SECRET
from tests.study.samples import SECRET, document, enrol, open_sample, seeing

SENT = datetime.now(UTC)
Tell = Callable[..., TestResponse]


@pytest.fixture
def taking(any_database: Database, tmp_path) -> Database:
    """Person p1 came with submission s1; p2 with s2."""
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=2, k=20), provider="prolific"))
    for n in (1, 2):
        person = enrol(any_database, n, key=f"p{n}", provider="prolific")
        with any_database.writing() as session:
            session.get_one(ExternalIdentity, person.id).parameters = {"PROLIFIC_PID": f"p{n}", "SESSION_ID": f"s{n}"}
            session.commit()
    return any_database


@pytest.fixture
def client(taking: Database) -> FlaskClient:
    url = taking.engine.url.render_as_string(hide_password=False)
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "PROLIFIC_HOOK_SECRET": HOOK_SECRET})
    yield app.test_client()
    close_app(app)


@pytest.fixture
def tell(client: FlaskClient) -> Tell:
    def send(status: str, n: int = 1, at: datetime = SENT, secret: str = HOOK_SECRET, **changes: Any) -> TestResponse:
        event = {"resource_id": f"s{n}", "participant_id": f"p{n}", "status": status}
        event |= {"event_type": "submission.status.change"}
        return posted(client, json.dumps(event | changes.pop("event", {})), at, secret, **changes)

    return send


def posted(
    client: FlaskClient, body: str, at: datetime, secret: str, sent_at: datetime | None = None, **headers: str
) -> TestResponse:
    """As in the example of docs.prolific.com, "Verifying"."""
    timestamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), str.encode(timestamp + body), hashlib.sha256).digest()
    signed = {
        "X-Prolific-Request-Signature": base64.b64encode(digest).decode(),
        "X-Prolific-Request-Timestamp": timestamp,
    }
    sent = {"X-Timestamp": str(int((sent_at or at).timestamp()))}
    return client.post("/hooks/prolific", data=body, headers=signed | sent | headers, content_type="application/json")


def counts(database: Database) -> dict[str, int]:
    with database.reading() as session:
        told = all_reported(session, find_study(session, "demo"))
        return {label: n for one in told for label, n in one.counts if n}


def states(database: Database, n: int) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(Trial.state).where(Trial.participant_id == n)))


def test_a_person_who_returns_it_frees_their_places_at_once(tell: Tell, taking: Database) -> None:
    assert tell("ACTIVE").status_code == 204
    assert counts(taking) == {"Working": 1}
    assert states(taking, 1) == {"open"}
    assert tell("RETURNED", at=SENT + timedelta(seconds=9)).status_code == 204
    assert tell("TIMED-OUT", n=2).status_code == 204
    assert counts(taking) == {"Returned": 1, "Timed out": 1}
    assert (states(taking, 1), states(taking, 2)) == ({"released"}, {"released"})
    with taking.reading() as session:
        freed = session.scalars(select(AuditEntry).where(AuditEntry.action == "place-released")).all()
        assert [entry.actor for entry in freed] == ["prolific", "prolific"]
        assert not any(raw in str(entry.detail) for entry in freed for raw in ("'p1'", "'s1'"))


def test_before_the_platform_was_asked_places_and_cost_are_not_known(tell: Tell, taking: Database) -> None:
    tell("ACTIVE")
    with taking.reading() as session:
        (told,) = all_reported(session, find_study(session, "demo"))
    assert (told.platform, told.places, told.taken, told.spent) == ("Prolific", None, None, None)


def test_what_comes_late_or_again_changes_nothing(tell: Tell, taking: Database) -> None:
    """Prolific delivers at least once, and in no certain order."""
    for _ in range(2):
        assert tell("AWAITING REVIEW").status_code == 204
    assert tell("RETURNED", at=SENT - timedelta(hours=1)).status_code == 204
    assert tell("RETURNED", at=SENT + timedelta(minutes=1), sent_at=SENT - timedelta(hours=1)).status_code == 204
    assert counts(taking) == {"Awaiting review": 1}
    assert states(taking, 1) == {"open"}
    assert tell("AWAITING_REVIEW", at=SENT + timedelta(minutes=2)).status_code == 204
    assert counts(taking) == {"Awaiting review": 1}, "the other way to write it"


def test_an_old_submission_of_somebody_who_is_back_frees_nothing(tell: Tell, taking: Database) -> None:
    assert tell("TIMED-OUT", event={"resource_id": "s0"}).status_code == 204
    assert states(taking, 1) == {"open"}
    assert tell("ACTIVE", event={"resource_id": "s9", "participant_id": "nobody"}).status_code == 204
    assert counts(taking) == {}, "neither is known here"


REFUSED = {
    "signed with another secret": {"secret": "x"},
    "signed by nobody": {"X-Prolific-Request-Signature": ""},
    "of another body": {"X-Prolific-Request-Signature": "QUJD"},
    "of another time": {"X-Prolific-Request-Timestamp": str(int(SENT.timestamp()) + 1)},
    "too old": {"at": SENT - timedelta(hours=26)},
    "of the future": {"at": SENT + timedelta(days=1)},  # SENT is when the tests were loaded
    "without a person": {"event": {"participant_id": None}},
    "with numbers in place of ids": {"event": {"resource_id": 1}},
}


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED)
def test_what_proves_nothing_is_refused_and_reaches_no_table(tell: Tell, taking: Database, wrong: dict) -> None:
    refused = tell("RETURNED", **wrong)
    assert refused.status_code == 400
    assert refused.is_json
    assert counts(taking) == {}
    assert states(taking, 1) == {"open"}


def test_other_events_are_taken_and_forgotten(client: FlaskClient, tell: Tell, taking: Database) -> None:
    assert tell("ACTIVE", event={"event_type": "study.status.change"}).status_code == 204
    assert posted(client, "{}", SENT, HOOK_SECRET).status_code == 400
    assert posted(client, "no JSON", SENT, HOOK_SECRET).status_code == 400
    assert counts(taking) == {}


def test_without_a_secret_nothing_is_there(app) -> None:
    assert app.test_client().post("/hooks/prolific", data=b"{}").status_code == 404


@pytest.mark.parametrize("account", ["prolific"], indirect=True)
def test_prolific_is_asked_once_to_tell_and_the_subscription_confirmed(opened, recruit: Recruit, account) -> None:
    webhook = ("webhook", "--address", "https://lab.example/")
    assert "Nothing was done" in recruit(*webhook).output
    assert account.api.subscriptions == []
    for begun in ("Prolific tells https://lab.example/hooks/prolific", "Prolific told already"):
        told = recruit(*webhook, "--confirm")
        assert told.exit_code == 0, told.output
        assert begun in told.output
        assert f"DISCERN_PROLIFIC_HOOK_SECRET={HOOK_SECRET}" in told.output
    (made,) = account.api.subscriptions
    assert (made["is_enabled"], made["event_type"]) == (True, "submission.status.change")
    assert account.server.times("POST /hooks/secrets/") == 1, "another would take the place of the first"
    account.api.workspaces = ("w1", "w2")
    assert "set DISCERN_PROLIFIC_WORKSPACE" in recruit(*webhook, "--confirm").output


@pytest.mark.parametrize("account", ["mturk"], indirect=True)
def test_mechanical_turk_has_no_such_thing(opened, recruit: Recruit, account) -> None:
    assert "run `recruit status`" in recruit("webhook", "--address", "https://lab.example", "--confirm").output


def test_the_person_who_is_forgotten_is_gone_from_what_was_told(tell: Tell, taking: Database) -> None:
    tell("ACTIVE")
    with taking.writing() as session:
        withdraw(session, session.get_one(Participant, 1).token, SENT)
        session.commit()
    assert counts(taking) == {}
    assert tell("RETURNED", at=SENT + timedelta(seconds=5)).status_code == 204
    assert counts(taking) == {}, "nobody is here whom it is about"
