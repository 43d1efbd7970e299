"""An export is sent while it is read: a large study needs no more memory than a small one, and no space on the disk."""

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from study.database.db import Database
from study.database.schema import AuditEntry, Demographic, Event, Response
from study.export.files import zip_pieces
from tests.study.crowd import copy_participants
from tests.study.samples import answer, document, enrol, open_sample, seeing, trials_of, trusting
from tests.study.visitor import hidden_fields

pytestmark = pytest.mark.slow

PEOPLE, COPIES = 4, 500
MEASURED = """
import json, resource, sys, zipfile
from study.database.db import connect
from study.export.files import zip_pieces

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def exported(slug):
    largest = 0
    with database.snapshot() as session, open(sys.argv[2], "wb") as file:
        for piece in zip_pieces(session, slug, lambda files: None):
            largest = max(largest, file.write(piece))
    return largest

database = connect(sys.argv[1])
exported("small")
before = peak()
largest_piece = exported("demo")
print(json.dumps({"growth": peak() - before, "largest_piece": largest_piece}))
"""


@pytest.fixture
def crowded(database: Database, tmp_path: Path) -> Database:
    """A small study, and a large one of 60 000 answers, each participant with something said of themselves."""
    with database.writing() as session:
        open_sample(session, tmp_path / "a", document(seeing(images=20, k=9), trusting(images=10, k=40)))
        small = document(seeing(images=2, k=9), slug="small")
        open_sample(session, tmp_path / "b", small)
    enrol(database, 99, slug="small")
    for seed in range(PEOPLE):
        person = enrol(database, seed)
        for trial in trials_of(database, person):
            answer(database, person, trial)
        with database.writing() as session:
            session.add(Demographic(participant_id=person.id, question="job", answer="x" * 400))
            session.add(Event(trial_id=trials_of(database, person)[0].id, event="blur", time=1))
            session.commit()
    with database.writing() as session:
        copy_participants(session, COPIES)
        session.commit()
        assert session.query(Response).count() >= 60_000
    return database


def test_memory_does_not_grow_with_the_answers(crowded: Database, tmp_path: Path) -> None:
    """Measured by the system, in a process of its own that exports a small study first."""
    command = [sys.executable, "-c", MEASURED, crowded.engine.url.render_as_string(), str(tmp_path / "export.zip")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        assert archive.testzip() is None
        unpacked = sum(entry.file_size for entry in archive.infolist())
    assert unpacked > 18e6
    assert measured["growth"] < 4e6, "one table held as a whole would be several times as much"
    assert measured["largest_piece"] < 1e6


@pytest.fixture
def nowhere_to_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments, **_keywords):
        raise AssertionError("an export needs no temporary file")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp", "mkdtemp"):
        monkeypatch.setattr(tempfile, name, refuse)


def test_a_download_is_sent_piece_by_piece_and_one_that_is_broken_off_is_no_export(
    ada: FlaskClient,
    database: Database,
    nowhere_to_put_it,
) -> None:
    def actions() -> list[str]:
        with database.reading() as session:
            return [entry.action for entry in session.query(AuditEntry).order_by(AuditEntry.id)][-2:]

    form = hidden_fields(ada.get("/researcher/studies/demo").text)
    reply = ada.post("/researcher/studies/demo/export", data=form)
    pieces = iter(reply.response)
    assert next(pieces).startswith(b"PK")
    reply.close()
    assert actions()[-1] == "export-begun"
    whole = b"".join(ada.post("/researcher/studies/demo/export", data=form).response)
    assert actions() == ["export-begun", "export"]
    assert whole.rfind(b"PK\x05\x06") > 0, "only now is there a directory, which opens the zip"
    assert database.engine.pool.checkedout() == 0


def test_a_zip_without_its_last_piece_opens_nowhere(database: Database, tmp_path: Path) -> None:
    with database.writing() as session:
        open_sample(session, tmp_path / "stimuli")
    told = []
    with database.snapshot() as session:
        *most, last = zip_pieces(session, "demo", told.append)
    assert len(told) == 1
    (tmp_path / "cut.zip").write_bytes(b"".join(most))
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(tmp_path / "cut.zip")
    (tmp_path / "whole.zip").write_bytes(b"".join(most) + last)
    assert zipfile.ZipFile(tmp_path / "whole.zip").testzip() is None
