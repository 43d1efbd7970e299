"""Mechanical Turk's frame, SONA's credit link, Prolific's codes by outcome."""

import html

import pytest
from flask import Flask
from sqlalchemy import func, select

from study.conduct.admins import create_admin
from study.database.schema import Base, Participant, Study
from tests.study.researcher import PASSWORD, log_in
from tests.study.samples import NOW, document, seeing
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


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_who_comes_too_late_is_sent_back_with_a_code_before_consent(open_app, database, state: str) -> None:
    app = open_app(document(seeing(), provider="prolific"))
    with database.writing() as session:
        study = session.scalars(select(Study)).one()
        study.state, code = state, study.outcome_codes["no-place"]
        session.commit()
    page = html.unescape(app.test_client().get(f"/s/demo{PROLIFIC}").text)
    assert f"https://app.prolific.com/submissions/complete?cc={code}" in page


def test_who_comes_from_a_sandbox_is_no_person(mturk: Flask, database) -> None:
    join(mturk, MTURK)
    join(mturk, MTURK.replace("W1", "W2").replace("www.mturk", "workersandbox.mturk"))
    with database.reading() as session:
        assert list(session.scalars(select(Participant.observer_kind).order_by(Participant.id))) == [
            "human",
            "simulated",
        ]


def test_researchers_see_the_code_of_each_ending(open_app, database) -> None:
    client = open_app(document(seeing(), provider="prolific")).test_client()
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW)
        session.commit()
        codes = session.scalars(select(Study.outcome_codes)).one()
    log_in(client)
    page = client.get("/researcher/studies/demo").text
    assert "Does not want to take part" in page
    assert all(f"<code>{code}</code>: " in page for code in codes.values())
