"""What people say beside their answers: about themselves and at the end. Optional, capped, escaped and kept apart."""

import csv
import json
from pathlib import Path

import pytest
from flask import Flask
from pydantic import ValidationError
from werkzeug.test import TestResponse

from study.config import StudyConfig
from study.database.db import Database
from study.database.find import find_participant
from study.database.schema import Demographic, Participant
from study.export.files import export_study
from study.taking_part.about_oneself import is_asked, record_about
from study.taking_part.withdrawal import withdraw
from tests.study.samples import NOW, document, seeing
from tests.study.visitor import Visitor, hidden_fields, join

QUESTIONS = [
    {"name": "age", "label": {"en": "How old are you?"}},
    {"name": "vision", "label": {"en": "Do you see <well>?"}, "options": {"yes": {"en": "Yes"}, "no": {"en": "No"}}},
]


def asking(**study: str) -> dict:
    sample = document(seeing(images=2, k=9))
    sample["study"] |= {"demographics": QUESTIONS} | study
    return sample


def tells(visitor: Visitor, **about: str) -> TestResponse:
    address = f"/p/{visitor.token}/about"
    form = hidden_fields(visitor.client.get(address).text)
    return visitor.client.post(address, data=form | {f"about-{name}": text for name, text in about.items()})


def exported(database: Database, folder: Path, column: str) -> list[str]:
    with database.snapshot() as session:
        folder = export_study(session, "demo", folder)
    with (folder / "data/study-demo_description-participants_data.csv").open(newline="", encoding="utf-8") as file:
        return [row[column] for row in csv.DictReader(file)]


def test_what_is_answered_is_stored_and_exported_and_the_rest_left_out(open_app, database: Database, tmp_path: Path):
    app = open_app(asking())
    assert "Do you see" not in app.test_client().get("/s/demo").text.split("Your consent")[1], "consent comes first"
    for about in ({"age": " =1+1 ", "vision": "no"}, {"vision": ""}, {"other": "x"}):
        visitor = join(app)
        assert "Do you see &lt;well&gt;?" in visitor.client.get(f"/p/{visitor.token}/about").text
        assert tells(visitor, **about).headers["Location"] == f"/p/{visitor.token}/study"
    cells = exported(database, tmp_path / "export", "demographics")
    assert json.loads(cells[0]) == {"age": "=1+1", "vision": "no"}
    assert cells[0][0] == "{", "no spreadsheet runs it"
    assert cells[1:] == ["", ""]


@pytest.mark.parametrize("place", ["start", "end"])
def test_the_questions_come_once_and_those_at_the_start_before_the_first_answer(open_app, database, place) -> None:
    visitor = join(open_app(asking(demographics_at=place)))

    def asked() -> dict[str, bool]:
        with database.reading() as session:
            participant = find_participant(session, visitor.token)
            return {where: is_asked(session, participant, where) for where in ("start", "end")}

    other = {"start": "end", "end": "start"}[place]
    assert asked() == {place: True, other: False}
    trial = visitor.plan()["trials"][0]
    visitor.send(trial)
    assert asked() == {place: place == "end", other: False}
    with database.writing() as session:
        record_about(session, visitor.token, {"age": "40"})
        session.commit()
    assert asked() == {place: False, other: False}


def test_typed_answers_are_capped_and_chosen_ones_are_of_the_options(open_app, database: Database) -> None:
    visitor = join(open_app(asking()))
    tells(visitor, age=" a\0b \n c " + "d" * 600, vision="yes")
    refusal = tells(visitor, vision="m" * 60)
    assert refusal.status_code == 400
    assert f"Vision: &#39;{'m' * 40}&#39; is not among the options" in refusal.text
    with database.reading() as session:
        stored = {row.question: row.answer for row in session.query(Demographic)}
    assert stored == {"age": ("ab c " + "d" * 600)[:500], "vision": "yes"}, "a refusal leaves what was stored"
    tells(visitor, age="40")
    with database.reading() as session:
        assert {row.question: row.answer for row in session.query(Demographic)} == {"age": "40"}


@pytest.mark.parametrize("place", ["start", "end"])
def test_the_questions_come_once_where_the_definition_has_them(open_app, place: str) -> None:
    visitor = join(open_app(asking(demographics_at=place)))
    about, study, finish = (f"/p/{visitor.token}/{page}" for page in ("about", "study", "finish"))

    def leads(path: str = "") -> str:
        return visitor.client.get(path or f"/p/{visitor.token}").headers.get("Location", "")

    assert leads() == (about if place == "start" else study)
    for trial in visitor.plan()["trials"]:
        visitor.send(trial)
    if place == "end":
        assert leads(finish) == about
        assert tells(visitor).headers["Location"] == f"{finish}?asked=yes"
        assert 'id="completion-code"' in visitor.client.get(f"{finish}?asked=yes").text
        tells(visitor, age="40")
    assert leads() == finish
    assert leads(finish) == ""


def comments(visitor: Visitor, text: str) -> TestResponse:
    page = visitor.client.get(f"/p/{visitor.token}/finish").text
    form = hidden_fields(page.partition('id="comment"')[2].partition("</form>")[0])
    return visitor.client.post(f"/p/{visitor.token}/comment", data=form | {"comment": text})


def test_a_comment_at_the_end_is_stored_exported_and_withdrawn(open_app, database: Database, tmp_path: Path) -> None:
    app: Flask = open_app(asking())
    visitor, other = join(app), join(app)
    visitor.finish(), other.finish()
    assert comments(visitor, "=first").status_code == 303
    comments(visitor, " \0=It was\r\nfine " + "d" * 3000)
    page = visitor.client.get(f"/p/{visitor.token}/finish").text
    assert "=It was\nfine" in page
    assert "Your comment is stored" in page
    cell, nothing = exported(database, tmp_path / "export", "comment")
    assert cell == "'" + ("=It was\nfine " + "d" * 3000)[:2000], "no spreadsheet runs it"
    assert nothing == ""
    with database.writing() as session:
        withdraw(session, visitor.token, NOW)
        session.commit()
        assert [participant.comment for participant in session.query(Participant)] == [None]


def test_a_study_may_ask_for_no_comment(open_app) -> None:
    visitor = join(open_app(asking(comment=False)))
    visitor.finish()
    assert "<textarea" not in visitor.client.get(f"/p/{visitor.token}/finish").text


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        ([{"name": "age", "label": {"ko": "나이"}}], "no text for language en"),
        ([QUESTIONS[0], QUESTIONS[0]], "one name"),
    ],
)
def test_questions_that_cannot_be_asked_are_refused(questions, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        StudyConfig.model_validate(document()["study"] | {"demographics": questions})
