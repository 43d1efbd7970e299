"""Recruitment platforms: who comes, how they are known again, where they go at the end."""

import html
import re

import pytest
from flask import Flask

from study.schema import ExternalIdentity, Participant
from tests.study.samples import document, seeing
from tests.study.visitor import consent, join

PROLIFIC = "?PROLIFIC_PID=5f0c1e2d3a4b&STUDY_ID=65aa&SESSION_ID=77bb"


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
