"""Browser packages come from node_modules by name, and their absence is told with its remedy."""

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from study.views.server import frontend
from study.views.server.frontend import VENDORED, FrontendError, check_packages, vendored_file
from study.views.server.static_files import STATIC, modules
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


GZIP = {"Accept-Encoding": "gzip, br"}


def test_files_are_sent_compressed_and_browsers_keep_them_for_as_long_as_they_are_the_same(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/s/demo").text
    (sheet,) = re.findall(r'href="(/static/v-[0-9a-f]{12}/sheet\.css)"', page)
    plain, short = (client.get(sheet, headers=given, buffered=True) for given in ({}, GZIP))
    assert gzip.decompress(short.data) == plain.data == (STATIC / "sheet.css").read_bytes()
    assert len(short.data) < len(plain.data) / 2
    assert "Content-Encoding" not in plain.headers
    for reply in (plain, short):
        assert (reply.mimetype, reply.headers["Vary"]) == ("text/css", "Accept-Encoding")
        assert {"max-age=31536000", "immutable"} <= set(reply.headers["Cache-Control"].split(", "))
    etag = {"If-None-Match": short.headers["ETag"]}
    assert client.get(sheet, headers=GZIP | etag, buffered=True).status_code == 304
    for other in ("/static/v-000000000000/sheet.css", "/static/sheet.css"):  # of a page from before an upgrade
        reply = client.get(other, buffered=True)
        assert reply.data == plain.data
        assert "max-age=31536000" not in reply.headers["Cache-Control"]
    script = client.get("/vendor/jspsych.js", headers=GZIP)
    assert gzip.decompress(script.data) == vendored_file("jspsych.js").read_bytes()


def test_participants_pages_and_plans_are_compressed_and_researchers_pages_are_not(
    app: Flask, ada: FlaskClient
) -> None:
    visitor = join(app)
    for path in ("/s/demo", f"/p/{visitor.token}/study", f"/p/{visitor.token}/plan"):
        plain, short = (app.test_client().get(path, headers=given) for given in ({}, GZIP))
        assert short.headers["Content-Encoding"] == "gzip", path
        assert "Content-Encoding" not in plain.headers
        if path.endswith("plan"):
            assert gzip.decompress(short.data) == plain.data
    picture = visitor.plan()["trials"][0]["images"][0]["url"]
    for path in (picture, "/researcher/studies/demo"):
        assert "Content-Encoding" not in ada.get(path, headers=GZIP).headers, "a length must tell nothing"


def test_the_page_of_questions_names_all_its_modules_so_that_they_come_side_by_side(app: Flask) -> None:
    visitor = join(app)
    page = visitor.client.get(f"/p/{visitor.token}/study").text
    named = set(re.findall(r'rel="modulepreload" href="/static/v-\w+/js/participant/([\w-]+\.js)"', page))
    there = {path.name for path in (STATIC / "js/participant").glob("*.js")} - {
        "copy.js",
        "sent-form.js",
    }  # other pages
    questionnaires = {"questionnaire-plugin.js", "questionnaire-view.js", "draft.js"}
    assert named == there - questionnaires, "this study asks none"
    assert {Path(name).name for name in modules("js/participant/study.js")} == there


def test_a_server_without_packages_says_what_to_run(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontend, "vendored_file", lambda name: vendored_file(name, tmp_path))
    reply = app.test_client().get("/vendor/jspsych.js")
    assert reply.status_code == 500
    assert "run `make setup`" in reply.text
