"""Browser packages come from node_modules by name, and their absence is told with its remedy."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from study.views.server import frontend
from study.views.server.frontend import VENDORED, FrontendError, check_packages, vendored_file
from tests.study.visitor import join

pytestmark = pytest.mark.slow


def test_a_missing_package_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(FrontendError, match=r"jspsych/dist/.* is not in .*; run `make setup`"):
        check_packages(tmp_path)


def test_every_vendored_file_is_served_as_script(app: Flask) -> None:
    check_packages()
    for name in VENDORED:
        with app.test_client().get(f"/vendor/{name}") as reply:
            assert reply.status_code == 200
            assert reply.mimetype == "text/javascript"
            assert reply.data == vendored_file(name).read_bytes()


@pytest.mark.parametrize("name", ["package.json", "..%2fpackage.json", "../jspsych/package.json", "jspsych.js.map"])
def test_nothing_else_of_node_modules_is_served(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/vendor/{name}").status_code == 404


def test_charts_are_fetched_by_the_pages_that_draw_some_and_by_no_participant(app: Flask, ada: FlaskClient) -> None:
    visitor = join(app)
    theirs = [app.test_client().get("/s/demo"), visitor.client.get(f"/p/{visitor.token}/study")]
    assert not any("/vendor/plot.js" in page.text or "/vendor/d3.js" in page.text for page in theirs)
    for path, draws in {"/studies/demo": True, "/studies/demo/quality": True, "/server": True, "/": False}.items():
        assert ("/vendor/plot.js" in ada.get(f"/researcher{path}").text) is draws


def test_a_server_without_packages_says_what_to_run(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontend, "vendored_file", lambda name: vendored_file(name, tmp_path))
    reply = app.test_client().get("/vendor/jspsych.js")
    assert reply.status_code == 500
    assert "run `make setup`" in reply.text
