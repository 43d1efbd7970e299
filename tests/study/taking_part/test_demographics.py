"""Questions about oneself: asked where the definition has them, optional, capped, escaped and kept apart."""

import csv
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from study.config import StudyConfig
from study.database.db import Database
from study.database.schema import Demographic
from study.export.files import export_study
from tests.study.samples import document
from tests.study.visitor import consent, join

QUESTIONS = [
    {"name": "age", "label": {"en": "How old are you?"}},
    {"name": "vision", "label": {"en": "Do you see <well>?"}, "options": {"yes": {"en": "Yes"}, "no": {"en": "No"}}},
]


def asking() -> dict:
    sample = document()
    sample["study"]["demographics"] = QUESTIONS
    return sample


def test_what_is_answered_is_stored_and_exported_and_the_rest_left_out(open_app, database: Database, tmp_path: Path):
    app = open_app(asking())
    assert "Do you see &lt;well&gt;?" in app.test_client().get("/s/demo").text
    for about in ({"about-age": " =1+1 ", "about-vision": "no"}, {"about-vision": ""}, {"about-other": "x"}):
        join(app, **about)
    with database.snapshot() as session:
        folder = export_study(session, "demo", tmp_path / "export")
    with (folder / "data/study-demo_description-participants_data.csv").open(newline="") as file:
        cells = [row["demographics"] for row in csv.DictReader(file)]
    assert json.loads(cells[0]) == {"age": "=1+1", "vision": "no"}
    assert cells[0][0] == "{", "no spreadsheet runs it"
    assert cells[1:] == ["", ""]


def test_typed_answers_are_capped_and_chosen_ones_are_of_the_options(open_app, database: Database) -> None:
    app = open_app(asking())
    join(app, **{"about-age": "9" * 3000})
    with database.reading() as session:
        assert len(session.query(Demographic).one().answer) == 500
    assert consent(app, **{"about-vision": "perhaps"})[1].status_code == 400


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
