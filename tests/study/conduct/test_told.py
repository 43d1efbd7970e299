"""What participants tell of themselves can be read: chosen answers are counted, their own words are shown as they are."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from study.conduct.admins import create_admin
from study.conduct.told import COMMENT, comments, questions, told_by
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import Demographic, Participant
from tests.study.researcher import PASSWORD, log_in
from tests.study.samples import NOW, document, enrol

ABOUT = [
    {"name": "age", "label": {"en": "Your age"}, "options": {"young": {"en": "under 30"}, "old": {"en": "30 or more"}}},
    {"name": "job", "label": {"en": "Your job"}},
]
PAGE = "/researcher/studies/demo"


@pytest.fixture
def told(open_app, database: Database) -> tuple[Flask, list[Participant]]:
    """Three people and a simulated one have answered, each something else."""
    definition = document()
    definition["study"]["demographics"] = ABOUT
    app = open_app(definition)
    people = [enrol(database, seed, observer_kind=kind) for seed, kind in enumerate(("human",) * 3 + ("simulated",))]
    given = ({"age": "old", "job": "<b>smith</b>"}, {"age": "old"}, {}, {"age": "young"})
    with database.writing() as session:
        for person, answers in zip(people, given, strict=True):
            rows = (Demographic(participant_id=person.id, question=name, answer=a) for name, a in answers.items())
            session.add_all(rows)
        session.get_one(Participant, people[1].id).comment = "Two\nlines <i>"
        create_admin(session, "ada", PASSWORD, NOW)
        session.commit()
    return app, people


def test_answers_are_counted_in_words_and_kinds_are_never_mixed(told, database: Database) -> None:
    _, people = told
    with database.reading() as session:
        study = find_study(session, "demo")
        age, job = questions(session, study, "human")
        simulated, _ = questions(session, study, "simulated")
        first, second, third = (told_by(session, study, person.id) for person in people[:3])
        written = comments(session, study, "human")
    assert (age.label, age.answers, age.options, age.texts) == ("Your age", 2, (("under 30", 0), ("30 or more", 2)), ())
    assert [(answer.public_id, answer.text) for answer in job.texts] == [(people[0].public_id, "<b>smith</b>")]
    assert simulated.options == (("under 30", 1), ("30 or more", 0))
    assert (first, third) == ((("Your age", "30 or more"), ("Your job", "<b>smith</b>")), ())
    assert second == (("Your age", "30 or more"), (COMMENT, "Two\nlines <i>"))
    assert [comment.text for comment in written] == ["Two\nlines <i>"]


def test_the_pages_show_them_as_text(told) -> None:
    app, people = told
    client: FlaskClient = app.test_client()
    log_in(client)
    page = client.get(f"{PAGE}/answers").text
    assert "&lt;b&gt;smith&lt;/b&gt;" in page
    assert "Two\nlines &lt;i&gt;" in page
    assert f'href="{PAGE}/participants/{people[1].public_id}"' in page
    assert "smith" not in client.get(f"{PAGE}/answers?kind=simulated").text
    assert "Two\nlines &lt;i&gt;" in client.get(f"{PAGE}/participants/{people[1].public_id}").text
