"""Refused answers are noted in the audit log, with who, where and why, and without their content."""

from pathlib import Path

import pytest
from flask import Flask

from study import close_app, create_app
from study.database import audit
from study.database.db import Database
from study.database.schema import AuditEntry, Participant, Response
from study.taking_part.refusals import ACTION, MOST
from tests.study.samples import SECRET, open_sample
from tests.study.visitor import Visitor, join


@pytest.fixture
def any_app(any_database: Database, tmp_path: Path):
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli")
    url = any_database.engine.url.render_as_string(hide_password=False)
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    yield app
    close_app(app)


def noted(database: Database) -> list[tuple[str, dict]]:
    with database.reading() as session:
        entries = session.query(AuditEntry).filter_by(action=ACTION).order_by(AuditEntry.id)
        return [(entry.actor, entry.detail) for entry in entries]


def public_id(database: Database, visitor: Visitor) -> str:
    with database.reading() as session:
        return session.query(Participant.public_id).filter_by(token=visitor.token).scalar()


def test_a_replay_an_answer_out_of_turn_and_a_foreign_one_are_noted(any_app: Flask, any_database: Database) -> None:
    mine, theirs = join(any_app), join(any_app)
    first, _, third, *_ = mine.plan()["trials"]
    mine.send(first)
    assert mine.send(first, response=first["questions"][0]["options"][1]["value"]).status_code == 409
    assert mine.send(third).status_code == 409
    assert mine.send(theirs.plan()["trials"][0]).status_code == 404
    who = public_id(any_database, mine)
    assert noted(any_database) == [
        (who, {"slug": "demo", "trial_index": 0, "reason": "already-answered"}),
        (who, {"slug": "demo", "trial_index": 2, "reason": "not-expected"}),
        (who, {"slug": "demo", "trial_index": None, "reason": "foreign"}),
    ]
    with any_database.snapshot() as session:
        audit.verify(session)
        assert session.query(Response).count() == 1


def test_what_is_taken_repeated_or_unknown_is_not_noted(app: Flask, database: Database) -> None:
    visitor = join(app)
    trial = visitor.plan()["trials"][0]
    for _ in range(2):
        assert visitor.send(trial).status_code == 200
    assert visitor.send(trial | {"trial_token": "A" * 22}).status_code == 404
    assert Visitor(visitor.client, "A" * 22).send(trial).status_code == 404
    assert Visitor(visitor.client, "short").send(trial).status_code == 404
    assert noted(database) == []


def test_nobody_can_fill_the_log(app: Flask, database: Database) -> None:
    visitor, other = join(app), join(app)
    for _ in range(MOST + 3):
        visitor.send(visitor.plan()["trials"][1])
    assert len(noted(database)) == MOST
    other.send(other.plan()["trials"][1])
    assert len(noted(database)) == MOST + 1
