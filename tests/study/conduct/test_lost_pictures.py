"""A study whose pictures were moved says so, and finds them again where their hashes fit."""

import json
import logging
import shutil
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

import manage
from commands.check import readiness
from contracts.stimulus_set import PROVENANCE, TABLE, StimulusSetError, read_stimuli, table_of
from study.conduct.failures import PICTURE
from study.conduct.lost_pictures import find_again, lost_pictures, require_pictures
from study.conduct.opening import open_study
from study.database.db import Database
from study.database.find import find_picture, find_study
from study.database.schema import AuditEntry
from study.errors import OpeningError
from study.views.server.counts import failures
from tests.study.samples import NOW, document, enrol, open_sample, seeing, sha256, stimuli, trials_of
from tests.study.visitor import join

DEFINITION = document(seeing(images=2))
LATER = NOW + timedelta(hours=1)
PICTURES = 16


def make_set(folder: Path) -> Path:
    """The pictures of the study as a whole stimulus set."""
    (folder / "x").parent.mkdir(parents=True)
    (folder / TABLE).write_bytes(table_of(stimuli(folder, DEFINITION["tasks"])))
    provenance = {"request_sha256": "0" * 64, "networks": {"strong": {"checkpoint_sha256": "0" * 64}}}
    (folder / PROVENANCE).write_text(json.dumps(provenance))
    return folder


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Database:
    make_set(tmp_path / "before")
    with database.writing() as session:
        open_sample(session, tmp_path / "before", DEFINITION)
    return database


@pytest.fixture
def moved(opened: Database, tmp_path: Path) -> Path:
    return Path(shutil.move(tmp_path / "before", tmp_path / "after"))


def lost(database: Database) -> list[tuple[str, int, int]]:
    with database.reading() as session:
        return [(each.slug, each.missing, each.pictures) for each in lost_pictures(session)]


def alter(folder: Path) -> None:
    picture = next(folder.rglob("*.png"))
    picture.write_bytes(picture.read_bytes()[::-1])


def test_no_absolute_path_is_stored(opened: Database, tmp_path: Path) -> None:
    person = enrol(opened)
    with opened.reading() as session:
        assert not Path(find_study(session, "demo").stimuli_folder).is_absolute()
        folder, file = find_picture(session, person.token, trials_of(opened, person)[0].left_image_token)
    assert Path(folder) == tmp_path / "before"
    assert Path(folder, file).is_file()


def test_a_set_that_was_moved_is_missed_and_found_again_by_its_hashes(opened: Database, moved: Path) -> None:
    assert lost(opened) == [("demo", PICTURES, PICTURES)]
    with opened.reading() as session, pytest.raises(OpeningError, match=r"16 of 16 pictures of study 'demo'"):
        require_pictures(session, "demo")
    with opened.writing() as session:
        assert find_again(session, moved, LATER) == find_again(session, moved, LATER) == ["demo"]
        assert session.query(AuditEntry).filter_by(action="stimuli-moved").count() == 1
        session.commit()
    assert lost(opened) == []


def test_other_or_altered_pictures_are_not_taken(opened: Database, moved: Path, tmp_path: Path) -> None:
    alter(moved)
    with opened.writing() as session:
        with pytest.raises(StimulusSetError, match="are not what"):
            find_again(session, moved, LATER)
        (tmp_path / "other").mkdir()
        others = [row for row in stimuli(tmp_path / "other", [seeing(images=1)])]
        (tmp_path / "other" / TABLE).write_bytes(table_of(others))
        shutil.copy(moved / PROVENANCE, tmp_path / "other")
        with pytest.raises(OpeningError, match="no study in the database"):
            find_again(session, tmp_path / "other", LATER)
    assert lost(opened) == [("demo", PICTURES, PICTURES)]


def test_opening_again_takes_the_new_folder_after_comparing_the_files(opened: Database, moved: Path) -> None:
    def again() -> bool:
        with opened.writing() as session:
            rows = read_stimuli(moved)
            result = open_study(session, DEFINITION, sha256(DEFINITION), rows, {}, moved, LATER)
            session.commit()
        return result.is_new

    assert again() is False
    assert lost(opened) == []
    alter(moved)
    with pytest.raises(OpeningError, match="is not the file that was generated"):
        again()


def test_a_closed_study_needs_its_pictures_no_more(opened: Database, moved: Path) -> None:
    with opened.writing() as session:
        find_study(session, "demo").state = "closed"
        session.commit()
    assert lost(opened) == []


def test_restoring_says_what_is_missing_and_takes_the_folder(opened, moved: Path, tmp_path: Path, monkeypatch) -> None:
    def run(database: str, *arguments: str) -> str:
        monkeypatch.setenv("DISCERN_DATABASE_URL", f"sqlite:///{tmp_path / database}")
        done = CliRunner().invoke(manage.cli, arguments)
        assert done.exit_code == 0, done.output
        return done.output

    run("discern.db", "backup", str(tmp_path / "file"))
    assert "16 of 16 pictures of study 'demo' are not in" in run("one.db", "restore", str(tmp_path / "file"))
    found = run("two.db", "restore", str(tmp_path / "file"), "--stimuli", str(moved))
    assert f"Pictures of demo are taken from {moved}" in found
    assert "are not in" not in found


def test_check_and_serve_name_the_study(opened, moved: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("DISCERN_DATABASE_URL", f"sqlite:///{tmp_path / 'discern.db'}")
    study = SimpleNamespace(slug="demo")
    read = {"networks": {}, "methods": {}, "tasks": (), "dataset": None}
    definition = SimpleNamespace(document=DEFINITION, sha256=sha256(DEFINITION), study=study, **read)
    definition.tasks, definition.methods = (), {}
    with pytest.raises(OpeningError, match="16 of 16 pictures of study 'demo' are not in"):
        readiness(definition)["database"]()
    for stopped in ("refuse_wrong_settings", "refuse_taken_port", "serve"):
        monkeypatch.setattr(f"study.serve.{stopped}", lambda *_: None)
    served = CliRunner().invoke(manage.cli, ["serve"])
    assert "16 of 16 pictures of study 'demo' are not in" in served.output


def test_a_picture_that_is_missing_is_our_fault_logged_and_counted_once(
    app: Flask, ada: FlaskClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(tmp_path / "stimuli" / "images")
    visitor = join(app)
    url = visitor.plan()["trials"][0]["images"][0]["url"]
    with caplog.at_level(logging.ERROR):
        replies = [visitor.client.get(url) for _ in range(3)]
        assert visitor.client.post(f"{url}/missing", json={}).status_code == 200
    assert {(reply.status_code, reply.get_json()["error"]) for reply in replies} == {(500, "missing")}
    (told,) = [record.getMessage() for record in caplog.records if "waits in vain" in record.getMessage()]
    assert "stimuli/images/" in told
    assert visitor.token not in caplog.text
    with app.app_context():
        assert failures().last_hour(failures().started_at, PICTURE) == 1
    page = ada.get("/researcher/server").text
    assert "44 of 44 are not in" in page


def test_a_picture_that_never_came_is_counted_when_the_browser_says_so(app: Flask, ada: FlaskClient) -> None:
    visitor, other = join(app), join(app)
    url = visitor.plan()["trials"][0]["images"][0]["url"]
    foreign = url.replace(visitor.token, other.token)
    assert visitor.client.post(f"{foreign}/missing", json={}).status_code == 404
    assert visitor.client.post(f"{url}/missing").status_code == 400
    for _ in range(2):
        assert visitor.client.post(f"{url}/missing", json={}).status_code == 200
    with app.app_context():
        assert failures().last_hour(failures().started_at, PICTURE) == 1
