"""A person who asks for it is deleted by the id that the platform knows: rows, tallies, and bytes in the files."""

from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text, update

from study import clock
from study.database import audit
from study.database.db import Database, connect
from study.database.erasing import overwrite_deleted
from study.database.gate import WriteGate
from study.database.schema import AuditEntry, ExternalIdentity, Participant, TurnedAway
from study.export.files import export_study
from study.export.proof import hashes, record_export
from study.recruitment.providers import PROVIDERS
from study.security import recruitment_hash
from study.taking_part.chain import check_chains
from study.taking_part.withdrawal import withdrawals
from tests.study.conduct.erased import found_in, url_of
from tests.study.samples import (
    NOW,
    SECRET,
    answer,
    assert_loads_fit,
    document,
    enrol,
    open_sample,
    ratings,
    seeing,
    sha256,
    trials_of,
)

ID, COMMENT = "5f3a9c0badcafe0123456789", "The zebra looked unfinished to me"
LINKS = {
    "plain": {"pid": ID},
    "prolific": {"PROLIFIC_PID": ID},
    "mturk": {"assignmentId": "A1", "workerId": ID, "turkSubmitTo": "https://www.mturk.com"},
    "sona": {"id": ID},
}


@pytest.fixture
def crowd(any_database: Database, tmp_path: Path) -> Database:
    """The person with the id and two others, who all have answered and commented."""
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=2, k=1), provider="prolific"))
    for seed, key in enumerate((ID, "other1", "other2")):
        person = enrol(any_database, seed, key=key, provider="prolific")
        for trial in trials_of(any_database, person):
            answer(any_database, person, trial)
        with any_database.writing() as session:
            comment = COMMENT if key == ID else "Fine."
            session.execute(update(Participant).where(Participant.id == person.id).values(comment=comment))
            session.commit()
    return any_database


def the_person(database: Database) -> Participant:
    with database.reading() as session:
        return session.scalars(select(Participant).where(Participant.comment == COMMENT)).one()


def test_the_id_finds_the_person_and_nothing_is_deleted_unasked(crowd: Database, command) -> None:
    told = command("forget", "--prolific-id", ID)
    person = the_person(crowd)
    assert told.exit_code == 0, told.output
    assert f"{person.public_id}, study 'demo'" in told.output
    assert "Would be deleted:\n  1 in participant\n" in told.output
    assert "  2 in response\n" in told.output
    assert "Nothing was deleted" in told.output
    assert ID not in told.output
    by_code = command("forget", "--participant", person.public_id)
    assert by_code.output == told.output


def test_everything_of_the_person_is_gone_and_all_sums_fit(crowd: Database, command, tmp_path: Path) -> None:
    """The oracles: a search of every cell and of the files' bytes, a count of all trials, the chains."""
    person = the_person(crowd)
    before = export(crowd, tmp_path / "before")
    assert person.public_id in before
    assert all(found_in(crowd, mark) for mark in (ID, COMMENT, person.token)), "the search finds what is there"
    done = command("forget", "--prolific-id", ID, "--confirm")
    assert done.exit_code == 0, done.output
    assert "written anew" in done.output
    for mark in (ID, COMMENT, person.token, person.recruitment_hash, person.withdrawal_code):
        assert not found_in(crowd, mark), mark
    with crowd.snapshot() as session:
        tables = [name for name in inspect(session.get_bind()).get_table_names() if name != "audit_entry"]
        cells = "".join(str(session.execute(text(f'SELECT * FROM "{name}"')).all()) for name in tables)
        assert person.public_id not in cells
        assert session.query(Participant).count() == session.query(ExternalIdentity).count() == 2
        assert check_chains(session).checked == 2
        assert check_chains(session).broken == ()
        assert withdrawals(session, "demo") == {"human": 1}
        audit.verify(session)
        (entry,) = session.query(AuditEntry).filter_by(action="participant-forgotten")
        assert entry.detail["answers"] == 2
    assert_loads_fit(crowd)
    assert ratings(crowd)["seeing", 1] == 4
    after = export(crowd, tmp_path / "after")
    assert person.public_id not in after
    assert COMMENT not in after
    assert command("forget", "--prolific-id", ID).exit_code == 1, "there is nobody of this id any more"


def export(database: Database, folder: Path) -> str:
    with database.snapshot() as session:
        written = export_study(session, "demo", folder)
    return "".join(path.read_text() for path in sorted((written / "data").glob("*.csv")))


def test_what_the_audit_log_says_of_the_person_is_told(crowd: Database, command) -> None:
    person = the_person(crowd)
    with crowd.writing() as session:
        audit.append(session, "ada", "recruit-done", {"slug": "demo", "participant": person.public_id}, NOW)
        audit.append(session, "ada", "recruit-done", {"slug": "demo", "participant": "p0"}, NOW)
        session.commit()
    assert "  1 × recruit-done" in command("forget", "--prolific-id", ID).output


def test_verify_says_what_was_deleted_and_not_of_whom(crowd: Database, command, tmp_path: Path) -> None:
    person = the_person(crowd)
    folder = str(tmp_path / "export")
    with crowd.writing() as session:
        export_study(session, "demo", Path(folder))
        record_export(session, "ada", "demo", hashes(Path(folder)), NOW)
        session.commit()
    with crowd.writing() as session:
        audit.append(session, "ada", "participant-withdrawn", {"slug": "other"}, clock.now())
        session.commit()
    told = command("verify", folder).output
    assert "Deleted from study 'other': 1 withdrew" in told
    assert "after this export" not in told, "it is of another study"
    command("forget", "--prolific-id", ID, "--confirm")
    told = command("verify", folder).output
    assert "Deleted from study 'demo': 1 on request (forget), last on" in told
    assert "Data were deleted after this export was made." in told
    assert "The answers of 2 participants in the database fit" in told
    assert person.public_id not in told
    assert ID not in told


def test_somebody_who_was_turned_away_is_forgotten_too(crowd: Database, command, tmp_path: Path) -> None:
    gone = TurnedAway(
        study_id=1,
        recruitment_hash=recruitment_hash(SECRET, "prolific", "away"),
        token="t" * 22,
        observer_kind="human",
        why="answer",
        what="eyesight",
        at=NOW,
    )
    with crowd.writing() as session:
        session.add(gone)
        open_sample(session, tmp_path / "other", document(seeing(images=2, k=9), slug="other", provider="prolific"))
    enrol(crowd, 7, key="away", slug="other", provider="prolific")
    told = command("forget", "--prolific-id", "away", "--confirm").output
    assert "Somebody who was turned away, study 'demo'\nDeleted:\n  1 in turned_away\n" in told
    assert "came to other; run the command there, too" in told
    with crowd.reading() as session:
        assert session.query(TurnedAway).count() == 0
        assert session.query(Participant).count() == 4
        assert withdrawals(session, "demo") == {}


@pytest.mark.parametrize("name", PROVIDERS)
def test_an_id_as_the_platform_shows_it_is_the_one_that_the_link_brings(name: str) -> None:
    assert PROVIDERS[name].identify(LINKS[name]).key == PROVIDERS[name].key_of(ID)


def test_a_person_is_named_in_one_way(crowd: Database, command) -> None:
    for wrong in ((), ("--prolific-id", ID, "--participant", "p0")):
        assert "name the person" in command("forget", *wrong).output
    assert "has no participant 'p0'" in command("forget", "--participant", "p0", "--confirm").output
    assert sha256(ID) not in command("forget", "--pid", "nobody").output


def test_files_that_are_in_use_are_said_to_be(database: Database) -> None:
    hurried = connect(url_of(database), busy_timeout_s=0.05)
    with hurried.reading() as session:
        session.execute(text("SELECT * FROM study")).all()
        assert not overwrite_deleted(hurried), "a reader keeps the log"
    assert overwrite_deleted(hurried)
    hurried.engine.dispose()


def test_it_waits_for_its_turn_among_those_who_write(database: Database, monkeypatch) -> None:
    """Otherwise, where many write, SQLite's lock is never free at the moment at which it is asked for."""
    monkeypatch.setattr("study.database.erasing.BUSY_TIMEOUT_S", 0.05)
    gate = WriteGate(str(database.engine.url.database), 1)
    gate.enter()
    assert not overwrite_deleted(database)
    gate.leave()
    assert overwrite_deleted(database)
