"""Withdrawing erases what somebody gave, keeps a tombstone in the audit log, and frees the places."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import inspect, text

from analysis.data.exclusions import apply_exclusions
from analysis.reading.load import load
from study.conduct.progress import progress
from study.database import audit
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import (
    AuditEntry,
    Comprehension,
    Demographic,
    Event,
    ExternalIdentity,
    Participant,
    Response,
    Trial,
)
from study.errors import StudyFullError, UnknownError
from study.export.files import export_study
from study.taking_part.withdrawal import ACTION, FORGOTTEN, withdraw, withdraw_by_code, withdrawals
from tests.study.samples import NOW, answer, document, enrol, open_sample, ratings, seeing, trials_of
from tests.study.visitor import hidden_fields, join


@pytest.fixture
def opened(any_database: Database, tmp_path: Path) -> Database:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=2, k=1)))
    return any_database


def test_everything_of_the_one_goes_and_everything_of_the_others_stays(opened: Database) -> None:
    """The oracle searches every cell of every table for what belongs to the person."""
    leaving, staying = enrol(opened, 0), enrol(opened, 1)
    for person in (leaving, staying):
        for trial in trials_of(opened, person):
            answer(opened, person, trial)
    with opened.writing() as session:
        for person in (leaving, staying):
            session.add(Event(trial_id=trials_of(opened, person)[0].id, event="blur", time=1.0))
            session.add(Demographic(participant_id=person.id, question="age", answer="42"))
            session.add(
                Comprehension(participant_id=person.id, task="seeing", attempt=1, answers=[], passed=True, at=NOW)
            )
        session.commit()
        withdraw(session, leaving.token, NOW)
        session.commit()
    with opened.reading() as session:
        kinds = (Participant, Trial, Response, Event, ExternalIdentity, Demographic, Comprehension)
        assert [session.query(kind).count() for kind in kinds] == [1, 2, 2, 1, 1, 1, 1]
        tables = [name for name in inspect(session.get_bind()).get_table_names() if name != "audit_entry"]
        cells = "".join(str(session.execute(text(f"SELECT * FROM {name}")).all()) for name in tables)
    marks = (leaving.token, leaving.public_id, leaving.recruitment_hash, leaving.withdrawal_code)
    assert not [mark for mark in marks if mark in cells]
    assert ratings(opened)["seeing", 1] == 2


def test_withdrawals_of_a_study_are_counted_by_kind_of_observer(database: Database) -> None:
    """An entry that names no kind is of a person."""
    told = [
        (ACTION, {"slug": "demo"}),
        (ACTION, {"slug": "demo", "observer_kind": "human"}),
        (FORGOTTEN, {"slug": "demo", "observer_kind": "simulated"}),
        (ACTION, {"slug": "other", "observer_kind": "human"}),
        ("excluded", {"slug": "demo", "observer_kind": "human"}),
    ]
    with database.writing() as session:
        for action, detail in told:
            audit.append(session, "participant", action, detail, NOW)
        assert withdrawals(session, "demo") == {"human": 2, "simulated": 1}


def test_the_audit_log_keeps_that_it_happened(opened: Database) -> None:
    person = enrol(opened)
    answer(opened, person, trials_of(opened, person)[0])
    with opened.writing() as session:
        withdraw_by_code(session, "demo", f" {person.withdrawal_code.lower()} ", NOW)
        session.commit()
        (entry,) = session.query(AuditEntry).filter_by(action=ACTION)
        about = {"participant": person.public_id, "observer_kind": "human"}
        assert entry.detail == {"slug": "demo", "answers": 1} | about
        audit.verify(session)


def test_the_proof_of_consent_is_kept_where_the_law_asks_for_it(open_app, database: Database) -> None:
    sample = document(seeing(images=2, k=9))
    sample["study"] |= {"keep_consent": True, "consent_version": "1.2"}
    sample["study"]["consents"] = [{"name": "sharing", "text": {"en": "My data may be published."}, "required": False}]
    visitor = join(open_app(sample), **{"agree-sharing": "yes"})
    assert "We also keep the proof of your consent" in visitor.client.get(f"/p/{visitor.token}/withdraw").text
    with database.writing() as session:
        person = session.query(Participant).one()
        withdraw(session, visitor.token, NOW)
        session.commit()
        (entry,) = session.query(AuditEntry).filter_by(action=ACTION)
        assert entry.detail["consent"] == {
            "at": person.consented_at.isoformat(),
            "version": "1.2",
            "language": "en",
            "definition_sha256": person.definition_sha256,
            "boxes": {"sharing": True},
        }
        audit.verify(session)


def test_the_places_are_free_again(opened: Database) -> None:
    people = [enrol(opened, seed) for seed in range(8)]
    with pytest.raises(StudyFullError):
        enrol(opened, 9)
    with opened.writing() as session:
        withdraw(session, people[3].token, NOW)
        session.commit()
    enrol(opened, 9)


@pytest.mark.parametrize("code", ["", "ABCDEFGH", "' OR 1=1", "\0", "A" * 99])
def test_a_wrong_code_deletes_nothing(opened: Database, code: str) -> None:
    enrol(opened)
    with opened.writing() as session, pytest.raises(UnknownError, match="no data has"):
        withdraw_by_code(session, "demo", code, NOW)


def test_a_code_is_good_in_its_own_study_only(opened: Database) -> None:
    person = enrol(opened)
    with opened.writing() as session, pytest.raises(UnknownError):
        withdraw_by_code(session, "another", person.withdrawal_code, NOW)


def test_somebody_stops_in_the_middle(app: Flask) -> None:
    visitor = join(app)
    visitor.send(visitor.plan()["trials"][0])
    path = f"/p/{visitor.token}/withdraw"
    assert f'href="{path}"' in visitor.client.get(f"/p/{visitor.token}/study").text
    form = hidden_fields(visitor.client.get(path).text)
    assert visitor.client.post(path, data=form).status_code == 400, "the box was not ticked"
    assert visitor.client.post(path, data={"confirmed": "yes"}).status_code == 400, "no token"
    reply = visitor.client.post(path, data=form | {"confirmed": "yes"})
    assert "have been deleted" in visitor.client.get(reply.headers["Location"]).text
    assert visitor.client.get(f"/p/{visitor.token}/plan").status_code == 404
    assert visitor.client.get("/s/demo").status_code == 200, "the cookie leads nowhere any more"


def test_somebody_changes_their_mind_after_the_end(app: Flask, database: Database) -> None:
    visitor = join(app)
    visitor.finish()
    page = visitor.client.get(f"/p/{visitor.token}/finish").text
    code = re.search(r'id="withdrawal-code">([A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4})<', page)[1]
    assert "/s/demo/withdraw" in page
    client = app.test_client()
    form = hidden_fields(client.get("/s/demo/withdraw").text) | {"confirmed": "yes", "code": code}
    assert client.post("/s/demo/withdraw", data=form).status_code == 303
    assert client.post("/s/demo/withdraw", data=form).status_code == 404
    with database.reading() as session:
        assert session.query(Participant).count() == 0


def test_the_funnel_and_the_flow_of_the_report_tell_how_many_withdrew(opened: Database, tmp_path: Path) -> None:
    leaving, staying = enrol(opened, 0), enrol(opened, 1)
    with opened.writing() as session:
        withdraw(session, leaving.token, NOW)
        session.commit()
    with opened.reading() as session:
        shown = progress(session, find_study(session, "demo"), NOW).flow
    assert (shown.consented, shown.withdrew, shown.in_progress, shown.left) == (2, 1, 1, 0)
    answer(opened, staying, trials_of(opened, staying)[0])
    with opened.snapshot() as session:
        export = load(export_study(session, "demo", tmp_path / "export")).of("human")
    flow = apply_exclusions(export, export.config.exclusions).flow
    assert flow[["participants_out", "participants_left"]].values.tolist()[:2] == [[0, 2], [1, 1]]
    assert "Withdrew" in str(flow["step"][1])
