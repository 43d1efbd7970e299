"""The database's file is gone, replaced or read-only: nothing is acknowledged, and browsers are told to try again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from study import close_app
from tests.study.visitor import Visitor, consent, join


def folder_gone(folder: Path) -> None:
    shutil.move(folder, folder.with_name("elsewhere"))


def file_deleted(folder: Path) -> None:
    for file in folder.glob("discern.db*"):
        file.unlink()


def gates_taken(folder: Path) -> None:
    """By root nothing is read-only; a folder cannot be opened as a file either."""
    for name in ("discern.db-gate", "discern.db-next"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()


def replies(visitor: Visitor, trial: dict) -> list:
    token, client = visitor.token, visitor.client
    posts = [visitor.send(trial), client.post(f"/p/{token}/device", json=DEVICE)]
    return posts + [client.get(path) for path in (f"/p/{token}/plan", "/s/demo", f"/p/{token}/finish")]


DEVICE = {
    **dict.fromkeys(("width", "height", "screen_width", "screen_height", "pixel_ratio"), 9),
    **{"touch": False, "pointer": "fine", "fullscreen": False, "problems": []},
}


@pytest.mark.parametrize("lose", [folder_gone, file_deleted])
def test_without_its_file_nothing_is_acknowledged_and_no_empty_one_is_made(
    app: Flask, ada: FlaskClient, tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    """A deleted file would take answers for as long as the server runs, and nobody would ever read them."""
    visitor = join(app)
    first, second, *_ = visitor.plan()["trials"]
    assert visitor.send(first).status_code == 200
    lose(tmp_path)
    pages = [*replies(visitor, second), ada.get("/researcher/server"), ada.get("/researcher/")]
    assert {(page.status_code, page.headers.get("Retry-After")) for page in pages} == {(503, "2")}
    assert not (tmp_path / "discern.db").exists()


def test_a_file_put_in_the_place_of_the_database_is_the_one_that_is_used(app: Flask, tmp_path: Path) -> None:
    visitor = join(app)
    trial = visitor.plan()["trials"][0]
    close_app(app)  # writes all into the one file
    copy = shutil.copy(tmp_path / "discern.db", tmp_path / "copy.db")
    assert visitor.send(trial).status_code == 200
    Path(copy).replace(tmp_path / "discern.db")
    for log in ("discern.db-wal", "discern.db-shm"):
        (tmp_path / log).unlink(missing_ok=True)
    assert visitor.plan()["next_index"] == 0


def test_a_database_that_can_only_be_read_is_read(app: Flask) -> None:
    visitor = join(app)
    trial = visitor.plan()["trials"][0]
    engine = app.extensions["discern-database"].engine
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA query_only=ON"))
    assert visitor.send(trial).status_code == 503
    assert consent(app)[1].status_code == 503
    assert visitor.plan()["next_index"] == 0


def test_a_folder_in_which_no_lock_can_be_made_is_no_failure_of_ours(app: Flask, tmp_path: Path) -> None:
    visitor = join(app)
    trial = visitor.plan()["trials"][0]
    gates_taken(tmp_path)
    reply = visitor.send(trial)
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "2")
    assert visitor.client.get("/s/demo").status_code < 500


def test_a_picture_that_is_missing_is_said_to_be_missing(app: Flask, ada: FlaskClient, tmp_path: Path) -> None:
    plan = ada.get("/researcher/studies/demo/preview/plan").get_json()
    url = plan["trials"][0]["images"][0]["url"]
    assert ada.get(url).status_code == 200
    shutil.rmtree(tmp_path / "stimuli")
    assert ada.get(url).status_code == 404
