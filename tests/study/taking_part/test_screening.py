"""Screening: who is turned away, before a place is taken; quotas are exact, and of people turned away only why is kept."""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from pydantic import ValidationError
from sqlalchemy import select

from study.conduct.actions import exclude
from study.conduct.progress import progress
from study.conduct.told import told_by
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import Participant, Trial, TurnedAway
from study.errors import ConsentError
from study.export.files import export_study
from study.recruitment.provider import Recruited
from study.screening import ScreeningConfig, problems
from study.security import new_token
from study.taking_part.enrolment import Consent, join
from study.taking_part.leaving import come_back, leave
from study.taking_part.turning_away import screen
from tests.study.samples import NOW, SECRET, answer, document, open_sample, seeing, trials_of
from tests.study.taking_part.test_identical_pairs import migrate
from tests.study.visitor import Visitor, consent, hidden_fields

EYES = {
    "name": "eyes",
    "text": {"en": "Do you see colours?"},
    "options": {"yes": {"en": "Yes"}, "no": {"en": "No"}},
    "admit": ["yes"],
}
HAND = {
    "name": "hand",
    "text": {"en": "Which hand do you write with?"},
    "options": {"left": {"en": "Left"}, "right": {"en": "Right"}},
    "quotas": {"left": 2},
}
DOGS = {
    "name": "dogs",
    "text": {"en": "How many legs has a dog?"},
    "options": {"two": {"en": "2"}, "four": {"en": "4"}},
    "right": "four",
}
FITTING = {"eyes": "yes", "hand": "right", "dogs": "four"}


def screened(*questions: dict, slug: str = "demo", participants: dict[str, Any] | None = None, **keys: Any) -> dict:
    told = {"questions": list(questions or (EYES, HAND, DOGS))} | keys
    return document(seeing(k=9), slug=slug, **participants or {}) | {"screening": told}


def opened(database: Database, folder: Path, definition: dict[str, Any]) -> None:
    with database.writing() as session:
        open_sample(session, folder, definition)


def come(database: Database, now: Any = NOW, key: str | None = None, slug: str = "demo", **answers: str) -> Any:
    """Somebody answers the screening, and joins unless they are turned away."""
    visit = key or new_token()
    given = Consent(Recruited("plain", visit, {"visit": visit}), "en", "human", frozenset(), FITTING | answers)
    with database.writing() as session:
        found = screen(session, slug, given, now, SECRET)
        found = found or join(session, slug, given, now, np.random.default_rng(1), SECRET)
        session.commit()
    return found


def is_in(found: Any) -> bool:
    return isinstance(found, Participant)


@pytest.mark.parametrize(
    ("answers", "why", "what"),
    [({"eyes": "no", "dogs": "two"}, "answer", "eyes"), ({"dogs": "two"}, "test", "")],
)
def test_answers_turn_away_for_good_and_are_not_stored(any_database, tmp_path, answers, why, what) -> None:
    opened(any_database, tmp_path, screened())
    gone = come(any_database, key="a" * 22, **answers)
    assert (gone.why, gone.what) == (why, what)
    assert come(any_database, key="a" * 22).token == gone.token, "other answers later change nothing"
    inside = come(any_database, key="b" * 22)
    assert inside.screening == FITTING
    assert come(any_database, key="b" * 22, eyes="no").token == inside.token, "people who take part go on"
    with any_database.reading() as session:
        assert len(session.scalars(select(Participant)).all()) == 1
        assert not {"no", "two"} & {
            str(value) for row in session.execute(select(TurnedAway.__table__)) for value in row
        }


@pytest.mark.parametrize(("mark", "right", "is_admitted"), [(None, 2, False), (2, 2, True), (2, 1, False)])
def test_the_entry_test_has_a_pass_mark(database, tmp_path, mark, right, is_admitted) -> None:
    test = [DOGS | {"name": name} for name in ("dogs", "cats", "cows")]
    opened(database, tmp_path, screened(*test, pass_mark=mark))
    answers = {question["name"]: "four" if place < right else "two" for place, question in enumerate(test)}
    assert is_in(come(database, **answers)) == is_admitted


def test_people_who_join_at_once_fill_a_quota_exactly(any_database: Database, tmp_path: Path) -> None:
    opened(any_database, tmp_path, screened(HAND))
    with ThreadPoolExecutor(8) as pool:
        left = list(pool.map(lambda _: come(any_database, hand="left"), range(10)))
        right = list(pool.map(lambda _: come(any_database), range(3)))
    assert Counter(map(is_in, left)) == {True: 2, False: 8}
    assert all(map(is_in, right)), "an option without a number has no quota"
    assert {(gone.why, gone.what) for gone in left if not is_in(gone)} == {("quota", "hand = left")}


@pytest.mark.parametrize("end", ["stops", "goes", "excluded"])
def test_a_place_of_a_quota_is_given_again_and_never_twice(any_database: Database, tmp_path: Path, end: str) -> None:
    opened(any_database, tmp_path, screened(HAND))
    gone, stayed = (come(any_database, hand="left") for _ in range(2))
    for trial in trials_of(any_database, stayed):
        answer(any_database, stayed, trial)
    now = NOW + timedelta(minutes=61 if end == "goes" else 1)
    with any_database.writing() as session:
        if end == "stops":
            leave(session, gone.token, now)
        elif end == "excluded":
            exclude(session, "demo", gone.public_id, "a robot", "owner", now)
        session.commit()
    assert [is_in(come(any_database, now, hand="left")) for _ in range(2)] == [True, False]
    with any_database.writing() as session:
        come_back(session, gone.token, now)
        session.commit()
    for trial in trials_of(any_database, gone):  # no answer is lost; none is a rating beyond the quota
        answer(any_database, gone, trial, now)
    if end != "excluded":
        assert {(trial.state, trial.is_overflow) for trial in trials_of(any_database, gone)} == {("answered", True)}
    with any_database.reading() as session:
        found = progress(session, find_study(session, "demo"), now).screened
    assert [(quota.question, quota.option, quota.held, quota.wanted) for quota in found.quotas] == [
        ("hand", "left", 2, 2)
    ]


def test_people_of_an_earlier_study_are_known_by_the_same_hash(database: Database, tmp_path: Path) -> None:
    opened(database, tmp_path / "a", screened(HAND, slug="study-a"))
    opened(database, tmp_path / "b", screened(HAND, not_after=["study-a"]))
    assert is_in(come(database, key="a" * 22, slug="study-a"))
    gone = come(database, key="a" * 22)
    assert (gone.why, gone.what) == ("earlier-study", "study-a")
    assert is_in(come(database, key="b" * 22))
    opened(database, tmp_path / "c", screened(HAND, slug="study-c"))
    come(database, key="c" * 22, slug="study-c")
    assert is_in(come(database, key="c" * 22)), "that study is not named"


def test_somebody_turned_away_from_one_study_may_take_part_in_another(database: Database, tmp_path: Path) -> None:
    for slug in ("study-a", "study-b"):
        opened(database, tmp_path / slug, screened(slug=slug))
    assert not is_in(come(database, key="a" * 22, slug="study-a", eyes="no"))
    assert is_in(come(database, key="a" * 22, slug="study-b"))


def test_of_several_earlier_studies_the_first_is_told(database: Database, tmp_path: Path) -> None:
    for slug in ("study-z", "study-a"):
        opened(database, tmp_path / slug, screened(HAND, slug=slug))
    opened(database, tmp_path / "last", screened(HAND, not_after=["study-a", "study-z"]))
    for slug in ("study-a", "study-z"):
        assert is_in(come(database, key="a" * 22, slug=slug))
    assert come(database, key="a" * 22).what == "study-z"


def test_what_was_turned_away_is_counted_exported_and_seen(database: Database, tmp_path: Path) -> None:
    opened(database, tmp_path, screened())
    for answers in ({"eyes": "no"}, {"eyes": "no"}, {"dogs": "two"}, {}, {"hand": "left"}):
        last = come(database, **answers)
    with database.reading() as session:
        study = find_study(session, "demo")
        found = progress(session, study, NOW).screened
        assert ("Which hand do you write with?", "Left") in told_by(session, study, last.id)
    assert found.reasons == (("answer to “eyes”", 2), ("entry test", 1))
    assert [(quota.held, quota.wanted) for quota in found.quotas] == [(1, 2)]
    with database.snapshot() as session:
        export_study(session, "demo", tmp_path / "export")
    told = json.loads((tmp_path / "export/materials/definition.json").read_text())["turned_away"]
    assert told == [
        {"observer_kind": "human", "why": "answer", "what": "eyes", "people": 2},
        {"observer_kind": "human", "why": "test", "what": "", "people": 1},
    ]
    participants = next((tmp_path / "export/data").glob("*participants_data.csv")).read_text()
    assert '""hand"": ""left""' in participants


# On the pages ------------------------------------------------------------------------------------------------------


def answered(client: FlaskClient, page: str, slug: str = "demo", **answers: str) -> Any:
    given = {f"screening-{name}": option for name, option in (FITTING | answers).items()}
    return client.post(f"/s/{slug}/consent", data=hidden_fields(page) | given)


def test_a_browser_is_asked_after_consent_and_before_anything_is_stored(open_app, database: Database) -> None:
    app = open_app(screened(introduction={"en": "Three short questions."}))
    client, asked = consent(app)
    assert asked.status_code == 200
    assert "Three short questions." in asked.text
    assert re.findall(r'value="(\w+)" required', asked.text) == ["yes", "no", "left", "right", "two", "four"]
    assert not re.search("admit|quota|right</", asked.text)
    with database.reading() as session:
        assert session.scalars(select(Participant.id)).all() == session.scalars(select(TurnedAway.id)).all() == []
    reply = answered(client, asked.text)
    assert reply.status_code == 303
    assert Visitor(client, reply.headers["Location"].rsplit("/", 1)[-1]).finish()
    sent_again = client.post("/s/demo/consent", data=hidden_fields(asked.text))
    assert sent_again.headers["Location"] == reply.headers["Location"], "people who take part are not asked again"


def test_a_browser_that_is_turned_away_is_told_politely_and_stays_away(open_app) -> None:
    app = open_app(screened())
    client, asked = consent(app)
    reply = answered(client, asked.text, eyes="no")
    page = client.get(reply.headers["Location"])
    assert "You cannot take part in this study" in page.text
    assert "Your answers are not stored." in page.text
    assert "You can close this page." in page.text
    again = client.get("/s/demo")
    assert again.headers["Location"] == reply.headers["Location"]
    assert app.test_client().get("/s/demo").status_code == 200, "another browser is another person"
    refused = answered(client, consent(app)[1].text, eyes="maybe")
    assert refused.status_code == 400
    assert "Please go back and answer each question" in refused.text


def test_people_are_led_back_with_the_outcome(open_app) -> None:
    url = "https://panel.example/back?id={pid}&how={outcome}"
    app = open_app(screened(participants={"return_url": url}))
    for pid, answers, outcome in [("p1", {"eyes": "no"}, "screened-out"), ("p2", {"dogs": "two"}, "screened-out")]:
        client, asked = consent(app, f"?pid={pid}")
        page = client.get(answered(client, asked.text, **answers).headers["Location"])
        assert f'href="https://panel.example/back?id={pid}&amp;how={outcome}"' in page.text
        again = app.test_client().get(f"/s/demo?pid={pid}", follow_redirects=True)
        assert f"how={outcome}" in again.text
    for _ in range(3):
        client, asked = consent(app, f"?pid=q{_}")
        reply = answered(client, asked.text, hand="left")
    assert "how=quota-full" in client.get(reply.headers["Location"]).text


def test_an_earlier_study_is_known_before_any_question(open_app, database: Database, tmp_path: Path) -> None:
    opened(database, tmp_path / "a", document(slug="study-a"))
    app = open_app(screened(not_after=["study-a"]))
    consent(app, "?pid=me", slug="study-a")
    client, reply = consent(app, "?pid=me")
    assert "You took part in an earlier study" in client.get(reply.headers["Location"]).text
    assert app.test_client().get("/s/demo").status_code == 400, "without an id nobody would be known again"
    assert consent(app, "?pid=you")[1].status_code == 200


# The definition ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"questions": [EYES | {"admit": ["maybe"]}]}, "there is no option 'maybe'; there are yes, no"),
        ({"questions": [EYES | {"right": "maybe"}]}, "right: there is no option 'maybe'"),
        ({"questions": [EYES | {"quotas": {"no": 3}}]}, "admit leaves 'no' out"),
        ({"questions": [EYES, EYES]}, "two questions are named 'eyes'"),
        ({"questions": [DOGS], "pass_mark": 2}, "there are 1; lower it"),
    ],
)
def test_a_screening_that_contradicts_itself_is_refused(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(words)):
        ScreeningConfig.model_validate(told)


def test_what_the_section_alone_cannot_see() -> None:
    screening = ScreeningConfig.model_validate({"questions": [EYES], "not_after": ["demo"]})
    found = problems(screening, ("en", "ko"), "demo", knows_people=False)
    assert 'screening: question "eyes": text has no text for language ko; add it' in found
    assert any("is this study" in problem for problem in found)
    assert any("nobody would be known again" in problem for problem in found)


def test_answers_must_be_options(database: Database, tmp_path: Path) -> None:
    opened(database, tmp_path, screened())
    with pytest.raises(ConsentError, match="answer each question"):
        come(database, eyes="maybe")


def test_what_was_stored_before_screening_stays_through_the_upgrade(any_database: Database, tmp_path: Path) -> None:
    opened(any_database, tmp_path, document())
    person = come(any_database)
    for trial in trials_of(any_database, person):
        answer(any_database, person, trial)
    migrate(any_database, "0016")
    migrate(any_database, "head")
    with any_database.reading() as session:
        kept = session.get_one(Participant, person.id)
        assert (kept.completion_code is not None, kept.screening) == (True, None)
        assert {trial.state for trial in session.scalars(select(Trial))} == {"answered"}
