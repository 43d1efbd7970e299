"""Recruitment platforms: who comes, how they are known again, where they go at the end."""

import html
import re

import pytest
from flask import Flask

from study.database.schema import ExternalIdentity, Participant, Study
from study.recruitment.providers import PROVIDERS
from tests.study.samples import document, seeing
from tests.study.visitor import consent, hidden_fields, join

PROLIFIC = "?PROLIFIC_PID=5f0c1e2d3a4b&STUDY_ID=65aa&SESSION_ID=77bb"
MTURK = "?assignmentId={}&hitId=H1&workerId=W1&turkSubmitTo=https%3A%2F%2Fwww.mturk.com"


@pytest.fixture
def prolific(open_app) -> Flask:
    return open_app(document(seeing(), provider="prolific"))


def test_a_prolific_participant_returns_to_prolific_with_the_studys_code(prolific: Flask) -> None:
    visitor = join(prolific, PROLIFIC)
    code = visitor.finish()
    page = html.unescape(visitor.client.get(f"/p/{visitor.token}/finish").text)
    assert f'href="https://app.prolific.com/submissions/complete?cc={code}"' in page
    assert join(prolific, PROLIFIC.replace("5f0c", "6f0c")).finish() == code


def test_a_prolific_participant_is_known_again_on_another_device_and_in_another_session(prolific: Flask) -> None:
    visitor = join(prolific, PROLIFIC)
    reply = prolific.test_client().get("/s/demo" + PROLIFIC.replace("77bb", "88cc"))
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/p/{visitor.token}")


def test_two_people_at_one_browser_are_two_participants(prolific: Flask) -> None:
    first = join(prolific, PROLIFIC)
    page = first.client.get("/s/demo" + PROLIFIC.replace("5f0c", "6f0c"))
    assert page.status_code == 200
    assert 'value="6f0c1e2d3a4b"' in page.text


def test_the_raw_id_is_stored_apart_and_can_be_deleted_alone(prolific: Flask, database) -> None:
    visitor = join(prolific, PROLIFIC)
    with database.writing() as session:
        participant = session.query(Participant).one()
        assert "5f0c1e2d3a4b" not in str(vars(participant))
        assert session.get_one(ExternalIdentity, participant.id).parameters["PROLIFIC_PID"] == "5f0c1e2d3a4b"
        session.query(ExternalIdentity).delete()
        session.commit()
    reply = prolific.test_client().get("/s/demo" + PROLIFIC)
    assert reply.headers["Location"] == f"/p/{visitor.token}"


@pytest.mark.parametrize(
    "query", ["", "?STUDY_ID=1", "?PROLIFIC_PID=", "?PROLIFIC_PID=../../x", "?PROLIFIC_PID={{7*7}}"]
)
def test_without_a_usable_prolific_id_the_page_says_where_to_come_from(prolific: Flask, query: str) -> None:
    reply = prolific.test_client().get(f"/s/demo{query}")
    assert reply.status_code == 400
    assert "come through the link on Prolific" in reply.text


def test_a_consent_form_without_the_prolific_id_is_refused(prolific: Flask) -> None:
    assert consent(prolific, PROLIFIC, PROLIFIC_PID="")[1].status_code == 400


def test_participants_of_a_plain_link_get_codes_of_their_own(app: Flask) -> None:
    codes = {join(app).finish() for _ in range(3)}
    assert len(codes) == 3
    assert all(re.fullmatch(r"[A-HJ-NP-Z2-9]{8}", code) for code in codes)


@pytest.mark.parametrize("state", ["open", "paused", "closed"])
def test_a_worker_who_returned_one_assignment_and_accepted_another_hands_the_second_in(
    open_app, database, state: str
) -> None:
    """Mechanical Turk takes nothing for an assignment that was returned: the work would not be paid."""
    app = open_app(document(seeing(), provider="mturk"))
    visitor = join(app, MTURK.format("A1"))
    first, *_ = visitor.plan()["trials"]
    visitor.send(first)
    with database.writing() as session:
        session.query(Study).update({"state": state})
        session.commit()
    client, reply = consent(app, MTURK.format("A2"))
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/p/{visitor.token}")
    again = client.get("/s/demo" + MTURK.format("A2"))
    assert again.headers["Location"] == f"/p/{visitor.token}", "the same assignment leads straight on"
    assert visitor.plan()["next_index"] == 1
    visitor.finish()
    handed_in = hidden_fields(visitor.client.get(f"/p/{visitor.token}/finish").text)
    assert handed_in["assignmentId"] == "A2"
    with database.reading() as session:
        assert session.query(Participant).count() == 1


def test_a_worker_who_has_finished_hands_the_work_in_once(open_app) -> None:
    app = open_app(document(seeing(), provider="mturk"))
    visitor = join(app, MTURK.format("A1"))
    visitor.finish()
    assert app.test_client().get("/s/demo" + MTURK.format("A2")).headers["Location"] == f"/p/{visitor.token}"
    assert hidden_fields(visitor.client.get(f"/p/{visitor.token}/finish").text)["assignmentId"] == "A1"


def test_every_providers_name_fits_its_column() -> None:
    """SQLite would take a longer one, PostgreSQL would not."""
    assert max(map(len, PROVIDERS)) <= ExternalIdentity.provider.type.length
