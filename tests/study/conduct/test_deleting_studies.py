"""Recruitment ids and whole studies are deleted when nobody needs them, and nothing of another study is."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update

from study.conduct.actions import set_state
from study.conduct.deletions import deletions
from study.database import audit
from study.database.db import Database
from study.database.schema import Base, ExternalIdentity, Participant, Study, TurnedAway
from study.errors import ConductError, OpeningError
from study.export.proof import record_export
from study.taking_part.chain import check_chains
from tests.study.conduct.erased import found_in
from tests.study.samples import (
    NOW,
    answer,
    assert_loads_fit,
    document,
    enrol,
    open_sample,
    seeing,
    trials_of,
)

LATER = NOW + timedelta(days=1)
RAW = "5f3a9c0badcafe012345678{}"


@pytest.fixture
def closed(any_database: Database, tmp_path: Path) -> Database:
    """Study `demo` is closed: 0 finished and is paid, 1 finished and is not, 2 left long ago; study `other` runs."""
    for slug in ("demo", "other"):
        with any_database.writing() as session:
            sample = document(seeing(images=2, k=1), slug=slug, provider="prolific")
            open_sample(session, tmp_path / slug, sample)
        for n in range(3):
            person = enrol(any_database, n, key=RAW.format(n), slug=slug, provider="prolific")
            for trial in trials_of(any_database, person)[: 1 if n == 2 else 2]:
                answer(any_database, person, trial)
            with any_database.writing() as session:
                session.get(ExternalIdentity, person.id).parameters = {"PROLIFIC_PID": RAW.format(n)}
                session.commit()
            if n == 0:
                _note(any_database, "recruit-done", slug=slug, what="approval", participant=person.public_id)
    with any_database.writing() as session:
        away = {"study_id": 1, "token": "t" * 22, "observer_kind": "human", "why": "answer", "what": "eyes", "at": NOW}
        session.add(TurnedAway(recruitment_hash="a" * 64, **away))
        set_state(session, "demo", "closed", "ada", LATER)
        session.commit()
    return any_database


def _note(database: Database, action: str, **detail: object) -> None:
    with database.writing() as session:
        audit.append(session, "ada", action, detail, LATER + timedelta(hours=1))
        session.commit()


def rows(database: Database) -> dict[str, int]:
    with database.reading() as session:
        tables = (table for table in Base.metadata.sorted_tables if table.name != "audit_entry")
        return {t.name: session.scalar(text(f'SELECT count(*) FROM "{t.name}"')) for t in tables}


def test_ids_go_when_people_are_paid_and_answers_stay(closed: Database, command, tmp_path: Path) -> None:
    before = rows(closed)
    told = command("delete-recruitment-ids").output
    assert "Would be deleted:\n  2 in participant\n  1 in turned_away\n" in told
    assert "Kept: the ids of 1 people who finished and whose payment is not recorded" in told
    assert rows(closed) == before
    assert command("delete-recruitment-ids", "--confirm").exit_code == 0
    assert rows(closed) == before | {"external_identity": before["external_identity"] - 2}
    with closed.reading() as session:
        kept = [json.dumps(one.parameters) for one in session.query(ExternalIdentity)]
        assert sum(RAW.format(1) in one for one in kept) == 2, "who is not paid here, and in the other study"
        hashes = [person.recruitment_hash for person in session.query(Participant).order_by(Participant.id)]
        assert [one.startswith("deleted:") for one in hashes] == [True, False, True, False, False, False]
        assert session.query(TurnedAway).one().recruitment_hash.startswith("deleted:")
    with closed.snapshot() as session:
        assert check_chains(session).broken == ()
    assert_loads_fit(closed)
    rest = command("delete-recruitment-ids", "--all-paid", "--confirm").output
    assert "  1 in participant" in rest
    assert "Kept" not in rest
    assert "Deleted:\n" in rest
    with closed.writing() as session, pytest.raises(ConductError, match="would not be recognised"):
        set_state(session, "demo", "open", "ada", LATER)


def test_no_byte_of_deleted_ids_is_left(closed: Database, command) -> None:
    with closed.writing() as session:
        session.query(ExternalIdentity).filter(ExternalIdentity.participant_id > 3).delete()
        session.execute(update(Participant).where(Participant.id > 3).values(recruitment_hash=Participant.token))
        session.commit()
        hashes = [one.recruitment_hash for one in session.query(Participant).filter(Participant.id <= 3)]
    assert all(found_in(closed, mark) for mark in (RAW.format(0), RAW.format(1), *hashes))
    assert command("delete-recruitment-ids", "--all-paid", "--confirm").exit_code == 0
    assert not any(found_in(closed, mark) for mark in (RAW.format(0), RAW.format(1), *hashes))


def test_ids_of_people_who_can_finish_stay(closed: Database, command) -> None:
    with closed.writing() as session:
        far = NOW + timedelta(days=36_500)
        session.execute(update(Participant).where(Participant.id == 3).values(lease_until=far))
        session.commit()
    told = command("delete-recruitment-ids", "--all-paid", "--confirm").output
    assert "  2 in participant" in told
    assert "1 people who can still finish" in told


def test_a_study_that_runs_keeps_everything(closed: Database, command) -> None:
    with closed.writing() as session:
        set_state(session, "demo", "open", "ada", LATER)
        session.commit()
    for name in ("delete-recruitment-ids", "delete-study"):
        told = command(name)
        assert told.exit_code == 1
        assert "close it first" in told.output


def test_a_study_is_deleted_when_it_is_kept_elsewhere_and_its_name_is_typed(
    closed: Database, command, tmp_path: Path
) -> None:
    before = rows(closed)
    refused = command("delete-study", "--confirm", "demo")
    assert refused.exit_code == 1
    assert "no export and no backup" in refused.output
    with closed.writing() as session:
        record_export(session, "ada", "other", {}, LATER + timedelta(hours=2))
        record_export(session, "ada", "demo", {}, NOW - timedelta(days=1))
        session.commit()
    assert command("delete-study", "--confirm", "demo").exit_code == 1, "of another study, and from before"
    _note(closed, "backup", file="monday.backup")
    told = command("delete-study").output
    assert "Nothing was deleted. --confirm demo" in told
    assert "The last backup was made at 2026-01-03 04:04 UTC" in told
    assert "is not the slug" in command("delete-study", "--confirm", "other").output
    assert rows(closed) == before
    with closed.reading() as session:
        person = session.query(Participant).first()
    assert found_in(closed, person.token)
    done = command("delete-study", "--confirm", "demo")
    assert done.exit_code == 0, done.output
    assert not found_in(closed, person.token)
    after = {table: n for table, n in rows(closed).items() if n}
    halved = ("study", "stimulus", "item", "participant", "external_identity", "trial", "response", "load")
    assert after == {table: before[table] // 2 for table in halved}
    assert_loads_fit(closed)
    with closed.snapshot() as session:
        assert check_chains(session).checked == 3
        assert check_chains(session).broken == ()
        audit.verify(session)
        assert session.query(Study).one().slug == "other"
        assert [one.words for one in deletions(session)] == ["everything, with 3 participants"]
    with closed.writing() as session, pytest.raises(OpeningError, match="another slug"):
        open_sample(session, tmp_path / "demo", document(seeing(images=2, k=1), provider="prolific"))
