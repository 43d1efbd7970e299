"""A backup of everything holds what it says, its restoring can be rehearsed, and only old ones of its own are deleted."""

import hashlib
import json
import shutil
import sqlite3
import threading
import zipfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import inspect, select, text

import manage
from study.conduct.copies import backup_all, database_of
from study.conduct.restoring import rehearse_restore
from study.database.backup import backup, restore
from study.database.db import Database, connect
from study.database.schema import AuditEntry, Participant, Response
from study.errors import BackupError
from tests.study.conduct.erased import url_of
from tests.study.samples import NOW, SECRET, answer, document, enrol, open_sample, seeing, trials_of


@pytest.fixture
def answered(any_database: Database, tmp_path: Path) -> Database:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=6, k=4)))
    person = enrol(any_database)
    for trial in trials_of(any_database, person):
        answer(any_database, person, trial)
    return any_database


def names_of_databases(database: Database) -> set[str]:
    if database.engine.dialect.name == "sqlite":
        return set()
    with database.engine.connect() as connection:
        return set(connection.scalars(text("SELECT datname FROM pg_database")))


def test_the_file_holds_the_database_the_definitions_and_the_index_of_pictures(
    answered: Database, tmp_path: Path
) -> None:
    file, _ = backup_all(url_of(answered), tmp_path / "backups", None, NOW)
    assert file.name == "discern-backup-20260102T030405Z.zip"
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    with zipfile.ZipFile(file) as archive:
        definition = json.loads(archive.read("definitions/demo.json"))
        pictures = json.loads(archive.read("stimuli/demo.json"))
        told = json.loads(archive.read("manifest.json"))
    assert definition == document(seeing(images=6, k=4))
    on_disk = {str(path.relative_to(tmp_path / "stimuli")) for path in (tmp_path / "stimuli").rglob("*.png")}
    assert set(pictures["files"]) == on_disk
    assert told["facts"]["rows"]["response"] == 6


def test_a_rehearsal_finds_everything_and_leaves_nothing_behind(answered: Database, tmp_path: Path) -> None:
    file, _ = backup_all(url_of(answered), tmp_path / "backups", None, NOW)
    before, databases = sorted(tmp_path.rglob("*")), names_of_databases(answered)
    found = rehearse_restore(file, url_of(answered))
    assert found.problems == ()
    assert found.compared
    assert (found.rows["participant"], found.rows["response"], found.chains) == (1, 6, 1)
    assert sorted(tmp_path.rglob("*")) == before
    assert names_of_databases(answered) == databases


def test_a_backup_under_load_fits_its_own_manifest(any_database: Database, tmp_path: Path) -> None:
    """People answer meanwhile; the manifest must count what the copy holds, not what came later."""
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=6, k=8)))
    stop = threading.Event()

    def answering() -> None:
        for seed in range(16):
            person = enrol(any_database, seed)
            for trial in trials_of(any_database, person):
                if stop.is_set():
                    return
                answer(any_database, person, trial)

    thread = threading.Thread(target=answering)
    thread.start()
    later = NOW + timedelta(seconds=1)
    files = [backup_all(url_of(any_database), tmp_path / "backups", None, at)[0] for at in (NOW, later)]
    stop.set()
    thread.join()
    assert [rehearse_restore(file, url_of(any_database)).problems for file in files] == [(), ()]


def test_only_the_oldest_of_its_own_files_are_deleted(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    foreign = [
        folder / "discern-backup-20200101T000000Z.zip",
        folder / "holiday.zip",
        folder / "discern-backup-20250101T000000Z.zip.txt",
    ]
    for path in foreign:
        path.write_bytes(b"PK\x03\x04 not one of ours")
    (folder / "discern-backup-20200101T000001Z.zip").symlink_to(foreign[1])
    made = []
    for day in range(4):
        file, deleted = backup_all(url_of(database), folder, 2, NOW + timedelta(days=day))
        made.append(file)
        assert deleted == made[day - 2 : day - 1] if day >= 2 else deleted == []
    assert [path.exists() for path in made] == [False, False, True, True]
    assert all(path.exists() for path in foreign)
    assert (folder / "discern-backup-20200101T000001Z.zip").is_symlink()


def test_a_changed_or_damaged_backup_is_found_out(database: Database, tmp_path: Path) -> None:
    with database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=2, k=1)))
    person = enrol(database)
    answer(database, person, trials_of(database, person)[0])
    file, _ = backup_all(url_of(database), tmp_path / "backups", None, NOW)
    whole = file.read_bytes()

    def forged(change: str | None, told: dict[str, object]) -> Path:
        copy = tmp_path / "forged.zip"
        with zipfile.ZipFile(file) as archive, zipfile.ZipFile(copy, "w") as other:
            manifest = json.loads(archive.read("manifest.json"))
            (tmp_path / "x.db").write_bytes(archive.read("database.backup"))
            if change:
                with closing(sqlite3.connect(tmp_path / "x.db")) as changed, changed:
                    changed.execute(change)
            other.writestr("manifest.json", json.dumps(manifest | told))
            other.write(tmp_path / "x.db", "database.backup")
        return copy

    for content, words in ((whole[: len(whole) // 2], "damaged"), (b"PK\x03\x04", "damaged"), (b"", "not a backup")):
        (tmp_path / "torn.zip").write_bytes(content)
        with pytest.raises(BackupError, match=words):
            rehearse_restore(tmp_path / "torn.zip", url_of(database))
    with pytest.raises(BackupError, match="not the one that was backed up"):
        rehearse_restore(forged("DELETE FROM response", {}), url_of(database))
    with pytest.raises(BackupError, match="another version"):
        rehearse_restore(forged(None, {"format": 99}), url_of(database))
    forged("UPDATE response SET response = 'zebra'", {})
    sha256 = hashlib.sha256((tmp_path / "x.db").read_bytes()).hexdigest()
    found = rehearse_restore(
        forged("UPDATE response SET response = 'zebra'", {"database_sha256": sha256}), url_of(database)
    )
    assert found.problems == (f"the answers of {person.public_id} do not fit their chain",)
    forged("DELETE FROM load", {})
    sha256 = hashlib.sha256((tmp_path / "x.db").read_bytes()).hexdigest()
    found = rehearse_restore(forged("DELETE FROM load", {"database_sha256": sha256}), url_of(database))
    assert "the sums of ratings do not fit the trials" in found.problems
    assert any(one.startswith("rows of load: 0 in place of") for one in found.problems)


def test_it_is_restored_as_a_plain_copy_is(answered: Database, tmp_path: Path, request) -> None:
    is_sqlite = answered.engine.dialect.name == "sqlite"
    empty = f"sqlite:///{tmp_path / 'new.db'}" if is_sqlite else request.getfixturevalue("postgresql_url")
    file, _ = backup_all(url_of(answered), tmp_path / "backups", None, NOW)
    with database_of(file) as copy:
        restore(copy, empty)
    restored = connect(empty)
    with restored.reading() as session:
        assert session.query(Response).count() == 6
        assert session.query(Participant).count() == 1
    restored.engine.dispose()


def test_a_plain_copy_is_rehearsed_too(answered: Database, tmp_path: Path) -> None:
    found = rehearse_restore(backup(url_of(answered), tmp_path / "plain"), url_of(answered))
    assert (found.problems, found.compared, found.rows["response"]) == ((), False, 6)


def test_the_commands_tell_what_they_did(database: Database, tmp_path: Path) -> None:
    environment = {"DISCERN_DATABASE_URL": url_of(database), "DISCERN_SECRET_KEY": SECRET}

    def run(*arguments: str):
        return CliRunner().invoke(manage.cli, arguments, env=environment, catch_exceptions=False)

    folder = str(tmp_path / "backups")
    assert "holds no backup" in run("restore", "--check", str(tmp_path)).output
    assert "name either a FILE or a folder" in run("backup").output
    assert "name either a FILE or a folder" in run("backup", "x", "--keep", "3").output
    assert run("backup", "--all", folder, "--keep", "3").exit_code == 0
    told = run("restore", "--check", folder)
    assert told.exit_code == 0, told.output
    assert "0 participants, 0 answers" in told.output
    assert "Nothing was changed." in told.output
    with database.reading() as session:
        assert [entry.action for entry in session.scalars(select(AuditEntry))] == ["backup"]
        assert inspect(session.get_bind()).has_table("study")
    shutil.rmtree(folder)
