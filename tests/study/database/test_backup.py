"""A backup taken while people answer is whole, and what is restored from it is the study itself."""

import os
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url, select

from study.database import audit
from study.database.backup import backup, restore
from study.database.db import Database, connect, require_ready, upgrade
from study.database.schema import Participant, Response, Trial
from study.errors import BackupError
from tests.postgresql import database_behind_a_password, drop_database
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, any_database: Database, tmp_path: Path) -> str:
    """An empty database of the same kind."""
    if any_database.engine.dialect.name == "postgresql":
        return request.getfixturevalue("postgresql_url")
    return f"sqlite:///{tmp_path / 'elsewhere' / 'restored.db'}"


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def test_what_is_restored_goes_on_where_the_backup_was_taken(any_database, empty_url: str, tmp_path: Path) -> None:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli")
    participant = enrol(any_database)
    first, second, *_ = trials_of(any_database, participant)
    answer(any_database, participant, first)
    file = backup(url_of(any_database), tmp_path / "monday.backup")
    answer(any_database, participant, second)

    restore(file, empty_url)

    restored = connect(empty_url)
    require_ready(restored)
    with restored.snapshot() as session:
        assert [r.trial_id for r in session.scalars(select(Response))] == [first.id]
        assert session.scalar(select(Participant.token)) == participant.token
        assert audit.verify(session) == 1
    assert answer(restored, participant, second).next_index == 2
    restored.engine.dispose()


def test_a_backup_under_load_holds_no_half_transaction(any_database: Database, empty_url: str, tmp_path: Path) -> None:
    """An answered trial and its response are stored together: every copy has both or neither."""
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=12, k=4)))
    stop = threading.Event()

    def answering() -> None:
        for seed in range(16):
            participant = enrol(any_database, seed)
            for trial in trials_of(any_database, participant):
                if stop.is_set():
                    return
                answer(any_database, participant, trial)

    thread = threading.Thread(target=answering)
    thread.start()
    files = [backup(url_of(any_database), tmp_path / f"{n}.backup") for n in range(3)]
    stop.set()
    thread.join()
    restore(files[-1], empty_url)
    restored = connect(empty_url)
    with restored.reading() as session:
        answered = set(session.scalars(select(Trial.id).where(Trial.state == "answered")))
        assert answered == set(session.scalars(select(Response.trial_id)))
    restored.engine.dispose()


def test_neither_a_backup_nor_a_database_is_overwritten(any_database: Database, tmp_path: Path) -> None:
    file = backup(url_of(any_database), tmp_path / "monday.backup")
    with pytest.raises(BackupError, match="name a new file"):
        backup(url_of(any_database), file)
    with pytest.raises(BackupError, match=r"move it aside|create an empty one"):
        restore(file, url_of(any_database))


def test_a_backup_is_private(database: Database, tmp_path: Path) -> None:
    assert backup(url_of(database), tmp_path / "monday.backup").stat().st_mode & 0o077 == 0


def test_a_left_over_log_is_not_played_into_what_is_restored(database: Database, tmp_path: Path) -> None:
    file = backup(url_of(database), tmp_path / "monday.backup")
    (tmp_path / "new.db-wal").write_bytes(b"x")
    with pytest.raises(BackupError, match=r"new\.db-wal is in the way"):
        restore(file, f"sqlite:///{tmp_path / 'new.db'}")


def test_what_is_no_sound_backup_is_refused_and_leaves_nothing(database: Database, tmp_path: Path) -> None:
    whole = backup(url_of(database), tmp_path / "monday.backup").read_bytes()
    (tmp_path / "torn").write_bytes(whole[:8192] + b"\xff" * 8192 + whole[16384:])
    (tmp_path / "text").write_bytes(b"not a database at all")
    sqlite3.connect(tmp_path / "other").execute("CREATE TABLE t (x)").connection.close()
    for name, words in {
        "torn": "not sound|malformed",
        "text": "is not a backup of the kind",
        "other": "not one of Discern's",
        "none": "cannot read the backup",
    }.items():
        with pytest.raises(BackupError, match=words):
            restore(tmp_path / name, f"sqlite:///{tmp_path / 'new.db'}")
    assert not list(tmp_path.glob("*new.db*"))


def test_a_backup_that_cannot_be_written_leaves_nothing(database: Database, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="cannot write"):
        backup(url_of(database), tmp_path / "no-such-folder" / "monday.backup")
    with pytest.raises(BackupError, match="no database at"):
        backup(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "monday.backup")
    assert not list(tmp_path.glob("*monday*"))


@pytest.mark.postgres
@pytest.mark.parametrize("password", ["p@ss/w:r?d#[] %25+", "'\"\\\\$`ö\u65e5"])
def test_a_database_that_wants_a_password_is_backed_up_and_restored(
    postgresql_server: str, tmp_path: Path, password: str, capfd
) -> None:
    if os.environ.get("TEST_DATABASE_URL"):
        pytest.skip("only of a server of our own is it known whom it asks for a password")
    source, target = (database_behind_a_password(postgresql_server, password) for _ in range(2))
    upgrade(source)
    database = connect(source)
    with database.writing() as session:
        audit.append(session, "ada", "export", {}, NOW)
        session.commit()
    file = backup(source, tmp_path / "monday.backup")
    restore(file, target)
    restored = connect(target)
    require_ready(restored)
    with restored.snapshot() as session:
        assert audit.verify(session) == 1
    wrong = make_url(source).set(password="wr@ng").render_as_string(hide_password=False)
    with pytest.raises(BackupError, match=r"pg_dump failed.*password authentication failed") as error:
        backup(wrong, tmp_path / "tuesday.backup")
    assert "wr@ng" not in str(error.value)
    for used in (database, restored):
        used.engine.dispose()
    for url in (source, target):
        drop_database(url, postgresql_server)
