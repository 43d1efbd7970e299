"""Several questions of one item: each answer is stored and acknowledged by itself, in order; ratings count whole items."""

import json
import re
import tempfile
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import func, select, text

from analysis.reading.load import load
from analysis.report.write import analyze
from contracts.tasks import LONGEST_REASON
from study.database.db import Database, alembic_config, connect, upgrade
from study.database.schema import Participant, Response, Trial
from study.errors import AnswerConflictError, MalformedAnswerError
from study.export.files import export_study
from study.taking_part.answers import Receipt, record_answer
from tests.study.samples import NOW, document, enrol, open_sample, ratings, seeing, trials_of
from tests.study.visitor import join

LATER = NOW + timedelta(minutes=11)


@pytest.fixture
def asking(any_database: Database, tmp_path: Path) -> Database:
    """Two images × two categories × four methods, one rating each, with a question on confidence behind each."""
    with any_database.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=2, k=1, confidence=True), lease_minutes=10))
    return any_database


def give(database: Database, person: Participant, trial: Trial, question: str, now=NOW, **changes: Any) -> Receipt:
    response = trial.option_order[0] if question == "response" else "3"
    body = {"question": question, "response": response, "rt": 9, "time_elapsed": 99, "trial_index": trial.position}
    return record_answer(database, person.token, trial.trial_token, json.dumps(body | changes).encode(), now)


def whole(database: Database, person: Participant, trial: Trial, now=NOW) -> Receipt:
    give(database, person, trial, "response", now)
    return give(database, person, trial, "confidence", now)


def test_each_answer_is_stored_and_the_item_counts_with_the_last(asking: Database) -> None:
    person = enrol(asking)
    first, second = trials_of(asking, person)
    assert give(asking, person, first, "response") == Receipt(0, "confidence")
    assert (trials_of(asking, person)[0].state, trials_of(asking, person)[0].questions_answered) == ("open", 1)
    assert ratings(asking)["seeing", 1] == 0
    assert give(asking, person, first, "confidence") == Receipt(1)
    assert ratings(asking)["seeing", 1] == 1
    give(asking, person, second, "response")
    with asking.reading() as session:
        assert session.get_one(Participant, person.id).completion_code is None, "the last question is not answered"
    assert give(asking, person, second, "confidence").done
    with asking.reading() as session:
        assert session.get_one(Participant, person.id).completion_code
        stored = session.scalars(select(Response).order_by(Response.trial_id, Response.question)).all()
    assert [(r.question, r.response) for r in stored] == [
        ("confidence", "3"),
        ("response", first.option_order[0]),
        ("confidence", "3"),
        ("response", second.option_order[0]),
    ]


def test_the_same_answer_again_gets_the_same_reply_and_another_one_a_refusal(asking: Database) -> None:
    person = enrol(asking)
    first, second = trials_of(asking, person)
    replies = [give(asking, person, first, question) for question in ("response", "confidence")]
    give(asking, person, second, "response")
    assert [give(asking, person, first, question) for question in ("response", "confidence")] == replies
    for question in ("response", "confidence"):
        with pytest.raises(AnswerConflictError, match="already-answered"):
            give(asking, person, first, question, rt=1)


def test_questions_out_of_order_are_refused(asking: Database) -> None:
    person = enrol(asking)
    first, second = trials_of(asking, person)
    with pytest.raises(AnswerConflictError, match="not-expected"):
        give(asking, person, first, "confidence")
    give(asking, person, first, "response")
    with pytest.raises(AnswerConflictError, match="not-expected"):
        give(asking, person, second, "response")
    with pytest.raises(
        MalformedAnswerError, match="question: 'mood' is not asked in this task; response, confidence is"
    ):
        give(asking, person, first, "mood")


def test_somebody_who_was_away_between_two_questions_goes_on_where_the_place_is_free(asking: Database) -> None:
    late = enrol(asking, 0)
    first, _ = trials_of(asking, late)
    give(asking, late, first, "response")
    enrol(asking, 1, now=LATER, observer_kind="simulated")  # releases the places, and takes no human's
    assert trials_of(asking, late)[0].state == "released"
    give(asking, late, first, "confidence", LATER)
    assert [(t.state, t.is_overflow) for t in trials_of(asking, late)] == [("answered", False), ("open", False)]


def test_somebody_whose_place_was_taken_between_two_questions_still_loses_no_answer(asking: Database) -> None:
    late = enrol(asking, 0)
    first, second = trials_of(asking, late)
    give(asking, late, first, "response")
    others = [enrol(asking, seed, now=LATER) for seed in range(1, 9)]
    give(asking, late, first, "confidence", LATER)
    assert whole(asking, late, second, LATER).done
    assert [(t.state, t.is_overflow) for t in trials_of(asking, late)] == [("answered", True)] * 2
    for person in others:
        for trial in trials_of(asking, person):
            whole(asking, person, trial, LATER)
    assert ratings(asking) == {("seeing", 1): 16}


def test_a_page_opened_between_two_questions_knows_the_first_answer(open_app) -> None:
    visitor = join(open_app(document(seeing(confidence=True))))
    trial = visitor.plan()["trials"][0]
    assert trial["answered"] == []
    reply = visitor.send(trial).get_json()
    assert (reply["next_index"], reply["next_question"]) == (0, "confidence")
    again = visitor.plan()["trials"]
    assert (len(again), again[0]["answered"]) == (4, [trial["questions"][0]["options"][0]["value"]])
    assert [t["answered"] for t in again[1:]] == [[], [], []]


def test_the_export_holds_whole_items_in_trials_and_every_further_answer_in_a_table(asking, tmp_path: Path) -> None:
    person = enrol(asking)
    first, second = trials_of(asking, person)
    whole(asking, person, first)
    give(asking, person, second, "response")
    with asking.snapshot() as session:
        export = load(export_study(session, "demo", tmp_path / "export"))
    assert export.trials["confidence"].tolist()[:1] == [3]
    assert export.trials["state"].tolist() == ["answered", "open"]
    assert export.trials["response"].isna().tolist() == [False, True]
    assert export.answers[["trial_id", "question", "response", "rt"]].values.tolist() == [
        [str(first.id), "confidence", "3", 9.0]
    ]


def test_a_database_of_the_version_before_keeps_every_answer(any_url: str) -> None:
    """Migrated up with data, down and up again: answers, confidence and order are as they were."""
    upgrade(any_url)
    database = connect(any_url)
    config = alembic_config

    def migrate(to: str) -> None:
        with database.engine.execution_options(discern_writes=True).connect() as connection:
            (command.downgrade if to == "0006" else command.upgrade)(config(connection), to)
            connection.commit()

    def everything() -> list[tuple[Any, ...]]:
        with database.engine.connect() as connection:
            columns = "trial_id, question, response, rt, time_elapsed, body_sha256"
            return [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM response ORDER BY 1, 2"))]

    with tempfile.TemporaryDirectory() as scratch:
        with database.writing() as session:
            open_sample(session, Path(scratch), document(seeing(images=2, k=1, confidence=True)))
        person = enrol(database)
        for trial in trials_of(database, person):
            whole(database, person, trial)
        before = everything()
        migrate("0006")
        with database.engine.connect() as connection:
            earlier = connection.execute(text("SELECT response, confidence FROM response ORDER BY trial_id")).all()
        assert [row.confidence for row in earlier] == [3, 3]
        migrate("0007")
        after = everything()
        # Of the further answers the earlier version kept neither a time nor a hash of their own.
        assert [row for row in after if row[1] == "response"] == [row for row in before if row[1] == "response"]
        assert [row[:3] for row in after] == [row[:3] for row in before]
        with database.reading() as session:
            assert session.scalars(select(Trial.questions_answered)).all() == [2, 2]
            assert session.scalar(select(func.count()).select_from(Response)) == 4
    database.engine.dispose()


def test_an_answer_without_a_question_is_one_to_the_first(app: Flask) -> None:
    """As pages sent it that were open while the server was upgraded."""
    visitor = join(app)
    trial = visitor.plan()["trials"][0]
    body = {"response": trial["questions"][0]["options"][0]["value"], "rt": 1, "time_elapsed": 1, "trial_index": 0}
    reply = visitor.client.post(f"/p/{visitor.token}/trials/{trial['trial_token']}", json=body)
    assert reply.get_json()["next_index"] == 1


@pytest.fixture
def reasoning(any_database: Database, tmp_path: Path) -> Database:
    with any_database.writing() as session:
        task = seeing(images=4, k=1, trials=2, attention_checks=1, confidence=True, reasons="required")
        open_sample(session, tmp_path, document(task))
    return any_database


def test_a_reason_is_stored_as_it_was_written_and_quoted(reasoning: Database, tmp_path: Path, monkeypatch) -> None:
    """A formula is one as text only; a check asks for no reason."""
    person = enrol(reasoning)
    written = ["=1+1, \n“weil” 바퀴 🚲", "x" * LONGEST_REASON]
    for trial in trials_of(reasoning, person):
        receipt = give(reasoning, person, trial, "response")
        if trial.purpose == "main":
            give(reasoning, person, trial, "confidence")
            for faulty, fault in (
                (" ", "^response: this question needs a text$"),
                ("a\0b", "^response: .* hold a NUL character$"),
                ("x" * (LONGEST_REASON + 1), "at most"),
            ):
                with pytest.raises(MalformedAnswerError, match=fault):
                    give(reasoning, person, trial, "reason", response=faulty)
            receipt = give(reasoning, person, trial, "reason", response=written[0])
            assert give(reasoning, person, trial, "reason", response=written.pop(0)) == receipt
            with pytest.raises(AnswerConflictError, match="already-answered"):
                give(reasoning, person, trial, "reason", response="another")
    assert receipt.done
    with reasoning.snapshot() as session:
        folder = export_study(session, "demo", tmp_path / "export")
    export = load(folder)
    reasons = export.answers[export.answers["question"] == "reason"]["response"]
    assert list(reasons) == ["'=1+1, \n“weil” 바퀴 🚲", "x" * LONGEST_REASON]
    figures = {"flow": (), "multiverse": (), "task seeing": (), "quality seeing": ()}
    monkeypatch.setattr("analysis.report.write._figures", lambda *_: figures)
    report = analyze(folder, tmp_path / "report").parent
    quoted = re.findall("<q>(.*?)</q>", (report / "supplement.html").read_text(encoding="utf-8"), re.DOTALL)
    assert sorted(map(unescape, quoted)) == sorted(reasons), "in the supplement, and nowhere else"
    assert "바퀴" not in (report / "report.html").read_text(encoding="utf-8")
    words = (report / "supplement.html").read_text(encoding="utf-8").split('id="words-title"')[1]
    for asked in (
        "Which of the two object categories is depicted",
        "How sure are you?",
        "Why did you choose this answer?",
    ):
        assert asked in words


def test_a_reason_that_is_optional_may_be_empty(database: Database, tmp_path: Path) -> None:
    with database.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=2, k=1, reasons="optional")))
    person = enrol(database)
    trial = trials_of(database, person)[0]
    give(database, person, trial, "response")
    assert give(database, person, trial, "reason", response="") == Receipt(1)
