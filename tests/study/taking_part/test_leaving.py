"""People who do not consent, cannot take part or stop are told how to go back, and hold no place any more."""

import html
import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from study import clock
from study.conduct.failures import Failures
from study.conduct.health import health
from study.conduct.people import Asked, listing
from study.conduct.progress import progress
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import AuditEntry, Base, Participant, Trial
from study.recruitment.outcomes import FAILED_CHECKS, INCOMPATIBLE_DEVICE, NO_CONSENT, OUTCOMES, STOPPED, WITHDRAWN
from study.recruitment.places import release_places
from study.taking_part.leaving import come_back, leave
from tests.study.samples import NOW, SECRET, answer, document, enrol, open_sample, seeing, trials_of
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


def test_people_who_do_not_consent_return_with_that_code_and_leave_no_trace(
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


def test_people_who_stop_return_with_that_code_and_the_place_is_free(prolific, codes, database: Database) -> None:
    visitor = join(prolific, PROLIFIC)
    visitor.send(visitor.plan()["trials"][0])
    assert code_in(leaves(visitor)) == codes[STOPPED]
    assert states(database) == ["answered"] + ["released"] * 5
    with database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="place-released").count() == 1
    assert visitor.finish() == codes["completed"], "somebody who comes back may finish"


def test_people_with_an_unfit_device_return_with_that_code(prolific, codes, database: Database) -> None:
    visitor = join(prolific, PROLIFIC)
    report(visitor, problems=["phone"])
    assert code_in(leaves(visitor)) == codes[INCOMPATIBLE_DEVICE]
    assert set(states(database)) == {"released"}


def test_people_who_withdraw_return_with_that_code(prolific, codes, database: Database) -> None:
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


def test_people_who_have_finished_cannot_stop_any_more(prolific: Flask, codes: dict[str, str]) -> None:
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


def test_people_who_stop_count_as_gone_at_once_and_are_asked_on_coming_back(app: Flask, database: Database) -> None:
    visitor = join(app)
    visitor.send(visitor.plan()["trials"][0])
    leaves(visitor)
    now = clock.now()
    with database.reading() as session:
        study = find_study(session, "demo")
        counted, (listed,) = progress(session, study, now).flow, listing(session, study, Asked(), now).lines
        served = health(session, Failures(now), now)
    assert (counted.in_progress, counted.stopped, counted.stops) == (0, 1, (("0", 0), ("1", 1)))
    assert (listed.state, served.taking_part) == ("stopped", 0)

    asked = visitor.client.get("/s/demo", follow_redirects=True)
    assert asked.request.path == f"/p/{visitor.token}/return"
    assert "released" in states(database), "opening the page changes nothing"
    visitor.client.post(asked.request.path, data=hidden_fields(asked.text.split("</form>")[0]))
    assert "released" not in states(database)
    assert visitor.client.get(f"/p/{visitor.token}/study").status_code == 200
    assert visitor.client.get(asked.request.path).status_code == 303, "somebody who takes part is not asked"
    with database.reading() as session:
        counted = progress(session, find_study(session, "demo"), now).flow
    assert (counted.in_progress, counted.left) == (1, 0)


def test_who_comes_back_gets_the_places_that_nobody_took_and_an_answer_on_its_way_only_its_own(
    any_database: Database, tmp_path: Path
) -> None:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=4, k=1, trials=4)))
    stopping = enrol(any_database)
    first, *_others = trials_of(any_database, stopping)
    with any_database.writing() as session:
        assert leave(session, stopping.token, NOW) == STOPPED
        session.commit()
    answer(any_database, stopping, first)
    assert [trial.state for trial in trials_of(any_database, stopping)] == ["answered"] + ["released"] * 3
    takers = [enrol(any_database, seed) for seed in range(1, 8)]
    taken = {trial.item_id for person in takers for trial in trials_of(any_database, person)}
    with any_database.writing() as session:
        come_back(session, stopping.token, NOW)
        session.commit()
    mine = trials_of(any_database, stopping)[1:]
    assert [trial.state for trial in mine] == ["released" if trial.item_id in taken else "open" for trial in mine]


def test_people_whom_the_platform_reports_as_returned_are_asked_too(prolific: Flask, database: Database) -> None:
    visitor = join(prolific, PROLIFIC)
    with database.writing() as session:
        assert release_places(session, "demo", "prolific", ["5f0c1e2d3a4b"], SECRET, "ada", NOW) == 1
        assert release_places(session, "demo", "prolific", ["5f0c1e2d3a4b"], SECRET, "ada", NOW) == 0
        session.commit()
    assert visitor.client.get(f"/p/{visitor.token}/study").location == f"/p/{visitor.token}/return"


@pytest.mark.parametrize(
    ("state", "limit", "k", "words"),
    [
        ("paused", None, 2, "This study is paused"),
        ("closed", None, 2, "This study has ended"),
        ("open", 1, 2, "This study is full"),
        ("open", None, 1, "This study is full"),
    ],
)
@pytest.mark.parametrize(
    ("provider", "query", "back"),
    [("plain", "", "You can close this page."), ("sona", "?id=54321", "Please return the task or submission")],
)
def test_without_a_place_people_learn_it_before_they_are_asked_for_consent(
    open_app,
    database: Database,
    state: str,
    limit: int | None,
    k: int,
    words: str,
    provider: str,
    query: str,
    back: str,
) -> None:
    app = open_app(document(seeing(images=1, k=k, trials=1), provider=provider, limit=limit))
    opened_before, form = app.test_client(), {}
    form = hidden_fields(opened_before.get(f"/s/demo{query}").text) | {"consent": "yes", "language": "en"}
    for seed in range(8):
        if limit is None or seed < limit:
            enrol(database, seed, clock.now())
    with database.writing() as session:
        find_study(session, "demo").state = state
        session.commit()
    late = app.test_client().get(f"/s/demo{query}")
    for reply in (late, opened_before.post("/s/demo/consent", data=form)):
        assert (words in reply.text, back in reply.text) == (True, True)
        assert reply.status_code == (200 if state == "paused" else 409), "a pause is no error"
        assert "someone@example.org" in reply.text
        assert 'name="consent"' not in reply.text


def test_a_place_whose_lease_has_run_out_is_no_reason_to_turn_people_away(open_app, database: Database) -> None:
    app = open_app(document(seeing(images=1, k=1, trials=1), limit=8))
    for seed in range(8):
        enrol(database, seed, NOW)  # long ago
    assert app.test_client().get("/s/demo").status_code == 200
