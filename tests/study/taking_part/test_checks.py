"""Practice, attention checks, comprehension, confidence: stored like answers, and never counted as ratings."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from pydantic import ValidationError
from sqlalchemy import select

from analysis.reading.load import load
from contracts.export import TABLES
from languages.read import languages
from study.config import TaskConfig
from study.database.db import Database
from study.database.schema import Comprehension, Item, Trial
from study.errors import StudyFullError
from study.export.files import export_study
from study.tasks.wording import category_label
from tests.study.samples import answer, document, enrol, open_sample, ratings, seeing, trials_of, trusting
from tests.study.visitor import join

CHECK = languages()["en"].tasks["kinds"]["class-discrimination"]["comprehension"]
RIGHT, WHY = [q["right"] - 1 for q in CHECK], [q["why"] for q in CHECK]
WRONG = [(right + 1) % 3 for right in RIGHT]


def with_checks(**changes):
    return document(
        seeing(images=8, k=1, trials=4, practice=2, attention_checks=1, comprehension=True, break_every=3, **changes),
        trusting(images=5, k=8, trials=3, practice=1, attention_checks=1),
    )


def test_practice_and_checks_stand_beside_the_ratings_and_show_other_images(any_database, tmp_path: Path) -> None:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", with_checks())
    for seed in range(10):
        trials = trials_of(any_database, enrol(any_database, seed))
        purposes = [trial.purpose for trial in trials]
        assert Counter(purposes) == {"main": 7, "practice": 3, "attention": 2}
        assert purposes[:3] == ["practice", "practice", "main"]
        assert purposes[7:9] == ["practice", "main"]
        for task in ("seeing", "trusting"):
            images = [trial.image_id for trial in trials if trial.task == task]
            assert len(set(images)) == len(images)
        for trial in trials:
            assert (trial.expected_response in trial.option_order) == (trial.purpose == "attention")


def test_ratings_are_exactly_k_whatever_stands_beside_them(any_database: Database, tmp_path: Path) -> None:
    """8 images × 2 categories × 4 methods, 4 trials each: 16 people make exactly one rating of everything."""
    definition = document(seeing(images=8, k=1, trials=4, practice=2, attention_checks=2))
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", definition)
    for seed in range(16):
        person = enrol(any_database, seed)
        for trial in trials_of(any_database, person):
            answer(any_database, person, trial)
    with pytest.raises(StudyFullError):
        enrol(any_database, 99)
    with any_database.reading() as session:
        main = dict.fromkeys(session.scalars(select(Item.id)), 0)
        for item in session.scalars(select(Trial.item_id).where(Trial.purpose == "main")):
            main[item] += 1
    assert set(main.values()) == {1}
    assert sum(n * items for (_, n), items in ratings(any_database).items()) == 16 * 8, "the helper counts all trials"


def test_practice_tells_what_was_right_and_nothing_else_does(open_app, database: Database) -> None:
    visitor = join(open_app(with_checks()))
    with database.reading() as session:
        truth = dict(
            session.execute(select(Trial.trial_token, Item.category).join(Item, Trial.item_id == Item.id)).all()
        )
    for trial in visitor.plan()["trials"]:
        said, again = (visitor.send(trial).get_json()["feedback"] for _ in range(2))
        assert said == again
        if trial["purpose"] != "practice" or trial["kind"] == "trust":
            assert said is None
        else:
            category = truth[trial["trial_token"]]
            assert f"“{category_label(category, 'en')}”" in said
            assert said.startswith("Correct.") == (trial["questions"][0]["options"][0]["value"] == category)


def test_an_attention_check_says_in_its_question_what_to_choose(open_app, database: Database) -> None:
    visitor = join(open_app(with_checks()))
    with database.reading() as session:
        expected = dict(session.execute(select(Trial.trial_token, Trial.expected_response)).all())
    trials = visitor.plan()["trials"]
    assert {trial["purpose"] for trial in trials} == {"practice", "main"}, "no program may tell checks by a flag"
    checks = [trial for trial in trials if expected[trial["trial_token"]]]
    assert len(checks) == 2
    for check in checks:
        label = next(
            o["label"] for o in check["questions"][0]["options"] if o["value"] == expected[check["trial_token"]]
        )
        assert check["questions"][0]["text"] == f"This is an attention check: choose “{label}”."


def test_an_attention_check_asks_for_no_confidence(open_app, database: Database) -> None:
    visitor = join(open_app(with_checks(confidence=True)))
    with database.reading() as session:
        checks = set(session.scalars(select(Trial.trial_token).where(Trial.purpose == "attention")))
    for trial in visitor.plan()["trials"]:
        is_check, is_sure = trial["trial_token"] in checks, trial["task"] == "seeing"
        assert [q["name"] for q in trial["questions"]] == ["response", "confidence"][: 1 if is_check else 1 + is_sure]
        if is_check:
            assert visitor.send(trial, question="confidence", response="3").status_code == 400
            assert visitor.send(trial).get_json()["next_question"] is None
        else:
            assert all(visitor.send(trial, place=place).status_code == 200 for place in range(len(trial["questions"])))


def test_the_export_tells_what_each_trial_was_for_and_the_analysis_takes_ratings_only(open_app, database, tmp_path):
    app = open_app(with_checks(confidence=True))
    visitor = join(app)
    visitor.client.post(f"/p/{visitor.token}/comprehension/seeing", json={"attempt": 1, "answers": RIGHT})
    for trial in visitor.plan()["trials"]:
        for place, chosen in enumerate((None, "3")[: len(trial["questions"])]):
            assert visitor.send(trial, chosen, place).status_code == 200
    with database.snapshot() as session:
        folder = export_study(session, "demo", tmp_path / "export")
        checks = session.scalars(select(Trial).where(Trial.purpose == "attention")).all()
        passed = sum(check.expected_response == check.option_order[0] for check in checks)
    export = load(folder)
    person = export.participants.iloc[0]
    assert (person["attention_checks"], person["attention_checks_passed"], person["comprehension"]) == (2, passed, 1)
    assert (person["trials_planned"], len(export.trials)) == (12, 7)
    assert set(export.trials["purpose"]) == {"main"}
    assert set(export.trials.loc[export.trials["task"] == "seeing", "confidence"]) == {3}
    written = (folder / "data" / "study-demo_description-trials_data.csv").read_text()
    assert (written.count(",practice,"), written.count(",attention,")) == (3, 2)
    assert written.splitlines()[0] == ",".join(TABLES["trials"])


@pytest.mark.parametrize(("confidence", "status"), [(2, 400), ("0", 400), ("5", 400), ("dog", 400), ("4", 200)])
def test_confidence_is_asked_where_the_task_says_so(open_app, confidence, status: int) -> None:
    visitor = join(open_app(document(seeing(confidence=True))))
    trial = visitor.plan()["trials"][0]
    assert [question["name"] for question in trial["questions"]] == ["response", "confidence"]
    assert len(trial["questions"][1]["options"]) == 4
    assert visitor.send(trial).status_code == 200
    assert visitor.send(trial, confidence, place=1).status_code == status


def test_confidence_is_refused_where_it_was_not_asked(app: Flask) -> None:
    visitor = join(app)
    reply = visitor.send(visitor.plan()["trials"][0], question="confidence")
    assert reply.status_code == 400


def check(visitor, attempt: int, answers: list[int]):
    return visitor.client.post(
        f"/p/{visitor.token}/comprehension/seeing", json={"attempt": attempt, "answers": answers}
    )


def test_a_comprehension_check_has_two_tries_and_sends_nobody_away(open_app, database: Database) -> None:
    visitor = join(open_app(with_checks()))
    seen = visitor.plan()["tasks"][0]["comprehension"]
    assert (seen["tries_left"], seen["attempt"]) == (2, 1)
    assert "right" not in json.dumps(seen["questions"])
    for _ in range(2):  # the same try again gets the same reply
        assert check(visitor, 1, WRONG).get_json() == {"passed": False, "tries_left": 1, "wrong": [0, 1], "why": WHY}
    assert check(visitor, 1, RIGHT).status_code == 409
    assert visitor.plan()["tasks"][0]["comprehension"]["attempt"] == 2
    assert check(visitor, 2, [RIGHT[0], WRONG[1]]).get_json() == {
        "passed": False,
        "tries_left": 0,
        "wrong": [1],
        "why": WHY[1:],
    }
    assert visitor.plan()["tasks"][0]["comprehension"] is None
    assert visitor.send(visitor.plan()["trials"][0]).status_code == 200
    with database.reading() as session:
        assert [row.passed for row in session.scalars(select(Comprehension))] == [False, False]


def test_a_passed_check_is_not_asked_again(open_app) -> None:
    visitor = join(open_app(with_checks()))
    assert check(visitor, 1, RIGHT).get_json() == {"passed": True, "tries_left": 0, "wrong": [], "why": []}
    assert visitor.plan()["tasks"][0]["comprehension"] is None
    assert check(visitor, 2, RIGHT).status_code == 409


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("seeing", {"attempt": 2, "answers": RIGHT}, 409),
        ("seeing", {"attempt": 3, "answers": RIGHT}, 400),
        ("seeing", {"attempt": 1, "answers": [1]}, 400),
        ("seeing", {"attempt": 1, "answers": "ab"}, 400),
        ("seeing", [], 400),
        ("trusting", {"attempt": 1, "answers": RIGHT}, 404),
        ("none", {"attempt": 1, "answers": RIGHT}, 404),
    ],
)
def test_odd_tries_are_refused(open_app, path: str, body, status: int) -> None:
    visitor = join(open_app(with_checks()))
    assert visitor.client.post(f"/p/{visitor.token}/comprehension/{path}", json=body).status_code == status


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"practice": 1}, "need as many different images"), ({"practice": -1}, "greater than or equal to 0")],
)
def test_a_task_must_have_images_for_its_checks(changes, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TaskConfig.model_validate(seeing(images=4) | changes)


def test_confidence_is_for_class_discrimination_only() -> None:
    with pytest.raises(ValidationError, match="trust does not ask for confidence"):
        TaskConfig.model_validate(trusting(confidence=True))


def test_an_attention_check_asks_for_the_category_that_is_not_depicted_on_either_side(
    database: Database, tmp_path: Path
) -> None:
    """Somebody who answers what they see, and reads no question, must not pass."""
    with database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=8, k=9, trials=4, attention_checks=2)))
    for seed in range(12):
        enrol(database, seed)
    with database.reading() as session:
        checks = session.scalars(select(Trial).where(Trial.purpose == "attention")).all()
        assert {check.expected_response == check.item.foil for check in checks} == {True}
    assert {check.option_order.index(check.expected_response) for check in checks} == {0, 1}


def test_every_option_of_an_attention_check_is_asked_for_sometimes(any_database: Database, tmp_path: Path) -> None:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(trusting(images=4, k=40, trials=3, attention_checks=1)))
    asked = Counter()
    for seed in range(40):
        trials = trials_of(any_database, enrol(any_database, int(np.random.default_rng(seed).integers(1e6))))
        asked += Counter(trial.expected_response for trial in trials if trial.purpose == "attention")
    assert set(asked) == {"2", "1", "0", "-1", "-2"}
