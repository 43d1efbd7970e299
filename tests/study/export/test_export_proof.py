"""An export can be proven to be what the database gave out, and nothing else can."""

import csv
import io
import json
import warnings
import zipfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, update

from analysis.data.export import Proof
from analysis.reading.load import load
from commands.analysis import compare
from commands.upkeep import verify_command
from contracts.export import TABLES
from study.database.db import Database
from study.database.schema import AuditEntry, Participant, Response
from study.errors import AuditError, ExportError
from study.export.files import export_study, zip_pieces
from study.export.proof import Hashes, hashes, prove, record_export
from study.taking_part.answers import record_answer
from study.taking_part.chain import Chains, check_chains
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of
from tests.study.taking_part.test_identical_pairs import migrate


@pytest.fixture
def given_out(any_database: Database, tmp_path: Path) -> Path:
    """An export that the audit log knows."""
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli")
    participant = enrol(any_database)
    for trial in trials_of(any_database, participant):
        answer(any_database, participant, trial)
    with any_database.snapshot() as session:
        folder = export_study(session, "demo", tmp_path / "export")
    with any_database.writing() as session:
        record_export(session, "ada", "demo", hashes(folder), NOW)
        session.commit()
    return folder


def test_an_export_as_it_was_given_out_is_proven(any_database: Database, given_out: Path) -> None:
    with any_database.snapshot() as session:
        proof = prove(session, given_out)
    assert (proof.actor, proof.at, proof.entries) == ("ada", NOW, 2)


def test_what_a_proof_does_not_show_is_said(
    any_database: Database, given_out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("study.database.db.ready_database", lambda: nullcontext(any_database))
    told = CliRunner().invoke(verify_command, [str(given_out)], catch_exceptions=False).output
    assert "is what ada took out" in told
    assert "Not proven: that nobody changed answers in the database before this export and made" in told
    assert "The answers of 1 participants in the database fit the chains" in told


CHANGES = [
    update(Response).values(response="another").where(Response.trial_id == 1),
    update(Response).values(rt=901.0).where(Response.trial_id == 2),
    delete(Response).where(Response.trial_id == 7),
]


@pytest.mark.parametrize("change", CHANGES, ids=["response", "time", "removed"])
def test_an_answer_that_was_changed_in_the_database_is_found(
    any_database: Database, given_out: Path, monkeypatch: pytest.MonkeyPatch, change
) -> None:
    with any_database.writing() as session:
        assert check_chains(session) == Chains(1, ())
        session.execute(change)
        session.commit()
    with any_database.snapshot() as session:
        (person,) = session.scalars(select(Participant.public_id))
    monkeypatch.setattr("study.database.db.ready_database", lambda: nullcontext(any_database))
    with pytest.raises(AuditError, match=f"answers of {person} in the database are not those that were stored"):
        CliRunner().invoke(verify_command, [str(given_out)], catch_exceptions=False, standalone_mode=False)


def test_people_who_answered_before_there_were_chains_go_on_without(any_database: Database, tmp_path: Path) -> None:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(confidence=True)))
    before, after = enrol(any_database, 1), enrol(any_database, 2)
    answer(any_database, before, trials_of(any_database, before)[0])
    migrate(any_database, "0018")
    migrate(any_database, "head")
    for person in (before, after):
        for trial in trials_of(any_database, person):
            answer(any_database, person, trial)
            body = {
                "question": "confidence",
                "response": "2",
                "rt": 1,
                "time_elapsed": 2,
                "trial_index": trial.position,
            }
            record_answer(any_database, person.token, trial.trial_token, json.dumps(body).encode(), NOW)
    with any_database.writing() as session:
        assert check_chains(session) == Chains(1, ())
        assert session.get_one(Participant, before.id).completion_code
        session.execute(update(Response).values(response="3").where(Response.question == "confidence"))
        assert check_chains(session) == Chains(1, (after.public_id,))


def test_its_zip_is_proven_as_well(any_database: Database, given_out: Path, tmp_path: Path) -> None:
    told: list[Hashes] = []
    with any_database.snapshot() as session, (tmp_path / "export.zip").open("wb") as file:
        file.writelines(zip_pieces(session, "demo", told.append))
    assert told == [hashes(tmp_path / "export.zip")]
    before = hashes(given_out)
    assert {path for path in before if before[path] != told[0][path]} == {"materials/history.json"}  # tells the first
    with any_database.writing() as session:
        record_export(session, "bea", "demo", told[0], NOW)
        session.commit()
    with any_database.snapshot() as session:
        assert prove(session, tmp_path / "export.zip").actor == "bea"
        assert prove(session, given_out).actor == "ada"


def test_a_report_is_told_whether_the_audit_log_knows_its_export(
    any_database: Database, given_out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another study's database, or none, cannot tell."""
    monkeypatch.setattr("study.database.db.ready_database", lambda: nullcontext(any_database))
    export = load(given_out)
    assert compare(given_out, export) == Proof(at=NOW)
    (given_out / "data" / "more.csv").write_text("x\n")
    told = compare(given_out, export)
    assert told is not None
    assert told.difference.endswith("closest one: data/more.csv")
    elsewhere = replace(export, definition={"study": {"slug": "another"}})
    assert compare(given_out, elsewhere) is None
    machines = replace(export, participants=export.participants.assign(joined_at=pd.NaT))
    assert compare(given_out, machines) is None


def test_one_changed_answer_is_named(any_database: Database, given_out: Path) -> None:
    (trials,) = given_out.glob("data/*trials_data.csv")
    rows = list(csv.reader(io.StringIO(trials.read_text())))
    rows[1][rows[0].index("rt")] = "901.0"
    with trials.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    with any_database.snapshot() as session, pytest.raises(AuditError, match=r"closest one: data/\S*trials_data\.csv$"):
        prove(session, given_out)


def test_one_changed_byte_of_any_file_is_named(any_database: Database, given_out: Path) -> None:
    files = [path for path in given_out.rglob("*") if path.is_file()]
    assert len(files) == 5 + 2 * len(TABLES)
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
        with any_database.snapshot() as session, pytest.raises(AuditError) as refusal:
            prove(session, given_out)
        assert str(refusal.value).endswith(f"closest one: {path.relative_to(given_out).as_posix()}")
        path.write_bytes(whole)


def test_what_a_desktop_leaves_in_an_export_changes_no_proof(any_database: Database, given_out: Path) -> None:
    (given_out / ".DS_Store").write_bytes(b"\0")
    (given_out / "__MACOSX").mkdir()
    (given_out / "__MACOSX" / "more").write_bytes(b"\0")
    with any_database.snapshot() as session:
        assert prove(session, given_out).actor == "ada"


@pytest.mark.parametrize("change", ["missing", "added"])
def test_a_missing_or_added_file_is_named(any_database: Database, given_out: Path, change: str) -> None:
    if change == "missing":
        next(given_out.glob("data/*events_data.csv")).unlink()
    else:
        (given_out / "data" / "more.csv").write_text("x\n")
    with any_database.snapshot() as session, pytest.raises(AuditError, match=r"closest one: data/(\S*events|more)"):
        prove(session, given_out)


def test_a_log_that_was_made_to_fit_the_export_is_found_out(any_database: Database, given_out: Path) -> None:
    with any_database.writing() as session:
        session.query(AuditEntry).filter_by(action="export").update({"detail": {"files": hashes(given_out)}})
        with pytest.raises(AuditError, match="does not fit the chain"):
            prove(session, given_out)


def test_a_damaged_zip_is_refused(any_database: Database, tmp_path: Path) -> None:
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 and no end")
    with any_database.snapshot() as session, pytest.raises(ExportError, match="is damaged and cannot be unpacked"):
        prove(session, tmp_path / "cut.zip")


def test_what_is_no_export_is_refused(any_database: Database, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x")
    with any_database.snapshot() as session:
        with pytest.raises(ExportError, match="neither the folder nor the zip"):
            prove(session, tmp_path / "text")
        with pytest.raises(AuditError, match="knows of no export"):
            prove(session, tmp_path)


@pytest.mark.parametrize("place", ["discern-demo", "a-second-folder"])
def test_a_zip_that_holds_a_forged_file_beside_the_true_one_is_refused(
    any_database: Database, given_out: Path, tmp_path: Path, place: str
) -> None:
    """A program that unpacks it may get the forged one."""
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(forged, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile's own, of the doubled name
        for path in sorted(given_out.rglob("*")):
            if path.is_file():
                inner = path.relative_to(given_out).as_posix()
                if "trials_data.csv" in inner:
                    archive.writestr(f"{place}/{inner}", "forged\n")
                archive.write(path, f"discern-demo/{inner}")
    with any_database.snapshot() as session, pytest.raises(ExportError, match="twice or more than one folder"):
        prove(session, forged)
