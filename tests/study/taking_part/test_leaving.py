"""Whoever does not consent, cannot take part or stops is told how to go back, and holds no place any more."""

import html
import re

import pytest
from flask import Flask
from sqlalchemy import func, select

from study.database.db import Database
from study.database.find import find_study
from study.database.schema import AuditEntry, Base, Participant, Trial
from study.recruitment.outcomes import FAILED_CHECKS, INCOMPATIBLE_DEVICE, NO_CONSENT, OUTCOMES, STOPPED, WITHDRAWN
from tests.study.samples import document, seeing
from tests.study.taking_part.test_device import report
from tests.study.visitor import Visitor, hidden_fields, join

PROLIFIC = "?PROLIFIC_PID=5f0c1e2d3a4b&STUDY_ID=65aa&SESSION_ID=77bb"


@pytest.fixture
def prolific(open_app) -> Flask:
    return open_app(document(seeing(images=6, k=2, trials=4, attention_checks=2), provider="prolific"))


@pytest.fixture
def codes(prolific: Flask, database: Database) -> dict[str, str]:
    with database.reading() as session:
        study = find_study(session, "demo")
        return study.outcome_codes | {"completed": study.completion_code}


def code_in(page: str) -> str:
    return re.search(r"https://app\.prolific\.com/submissions/complete\?cc=(\w+)", html.unescape(page))[1]


def states(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Trial.state).order_by(Trial.position)))


def leaves(visitor: Visitor) -> str:
    form = hidden_fields(visitor.client.get(f"/p/{visitor.token}/leave").text)
    return visitor.client.post(f"/p/{visitor.token}/leave", data=form, follow_redirects=True).text


def withdraws(visitor: Visitor) -> str:
    address = f"/p/{visitor.token}/withdraw"
    form = hidden_fields(visitor.client.get(address).text) | {"confirmed": "yes"}
    return visitor.client.post(address, data=form, follow_redirects=True).text


def test_every_outcome_has_a_code_of_its_own(codes: dict[str, str]) -> None:
    assert set(codes) == {*OUTCOMES, "completed"}
    assert len(set(codes.values())) == len(codes)


def test_whoever_does_not_consent_returns_with_that_code_and_leaves_no_trace(
    prolific: Flask, codes: dict[str, str], database: Database
) -> None:
    def rows() -> int:
        with database.reading() as session:
            return sum(session.scalar(select(func.count()).select_from(t)) for t in Base.metadata.sorted_tables)

    before, client = rows(), prolific.test_client()
    landing = html.unescape(client.get(f"/s/demo{PROLIFIC}").text)
    declined = client.get(re.search(r'href="(/s/demo/declined[^"]*)"', landing)[1])
    assert code_in(declined.text) == codes[NO_CONSENT]
    assert "Set-Cookie" not in declined.headers
    assert "PROLIFIC_PID=5f0c1e2d3a4b" in re.search(r'href="(/s/demo\?[^"]*)"', html.unescape(declined.text))[1]
    assert rows() == before


def test_whoever_stops_returns_with_that_code_and_the_place_is_free(prolific, codes, database: Database) -> None:
    visitor = join(prolific, PROLIFIC)
    visitor.send(visitor.plan()["trials"][0])
    assert code_in(leaves(visitor)) == codes[STOPPED]
    assert states(database) == ["answered"] + ["released"] * 5
    with database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="place-released").count() == 1
    assert visitor.finish() == codes["completed"], "somebody who comes back may finish"


def test_whoever_has_an_unfit_device_returns_with_that_code(prolific, codes, database: Database) -> None:
    visitor = join(prolific, PROLIFIC)
    report(visitor, problems=["phone"])
    assert code_in(leaves(visitor)) == codes[INCOMPATIBLE_DEVICE]
    assert set(states(database)) == {"released"}


def test_whoever_withdraws_returns_with_that_code(prolific, codes, database: Database) -> None:
    visitor = join(prolific, PROLIFIC)
    assert code_in(withdraws(visitor)) == codes[WITHDRAWN]
    assert states(database) == []


@pytest.mark.parametrize(("failed", "outcome"), [(0, "completed"), (1, "completed"), (2, FAILED_CHECKS)])
def test_two_failed_attention_checks_tell_the_platform_and_one_does_not(
    prolific: Flask, codes: dict[str, str], database: Database, failed: int, outcome: str
) -> None:
    visitor = join(prolific, PROLIFIC)
    with database.reading() as session:
        asked = dict(session.execute(select(Trial.trial_token, Trial.expected_response)).all())
    checks = 0
    for trial in visitor.plan()["trials"]:
        expected = asked[trial["trial_token"]]
        wrong = next(option["value"] for option in trial["questions"][0]["options"] if option["value"] != expected)
        checks += expected is not None
        visitor.send(trial, wrong if expected and checks <= failed else expected)
    page = visitor.client.get(f"/p/{visitor.token}/finish").text
    shown = re.search(r'id="completion-code">(\w+)<', page)[1]
    assert (shown, code_in(page)) == (codes[outcome], codes[outcome])
    with database.reading() as session:
        assert session.scalars(select(Participant.completion_code)).one() == codes["completed"]


def test_whoever_has_finished_cannot_stop_any_more(prolific: Flask, codes: dict[str, str]) -> None:
    visitor = join(prolific, PROLIFIC)
    code = visitor.finish()
    assert code in leaves(visitor)


def test_stopping_needs_the_form_of_our_own_page(prolific: Flask, database: Database) -> None:
    visitor = join(prolific, PROLIFIC)
    assert visitor.client.post(f"/p/{visitor.token}/leave").status_code == 400
    assert set(states(database)) == {"open"}


@pytest.mark.parametrize(
    ("provider", "query", "words"),
    [("plain", "", "You can close this page."), ("sona", "?id=54321", "Please return the task or submission")],
)
def test_where_no_code_is_wanted_the_page_says_what_to_do(open_app, provider: str, query: str, words: str) -> None:
    visitor = join(open_app(document(seeing(), provider=provider)), query)
    assert words in leaves(visitor)
    assert words in visitor.client.get("/s/demo/declined").text


def test_an_unknown_outcome_hands_out_no_code(prolific: Flask, codes: dict[str, str]) -> None:
    for outcome in ("completed", "x", ""):
        assert "prolific.com" not in prolific.test_client().get(f"/s/demo/left?outcome={outcome}").text
