"""Own answer, advice, final answer in a browser: advice comes with the stored own answer, and a reload loses nothing."""

import re
import threading

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from contracts.tasks import RESPONSE
from study import close_app, create_app
from study.conduct.opening import take_in
from study.conduct.stand_ins import stand_ins
from study.config import TaskConfig
from study.database.db import connect
from study.database.schema import Response
from tests.browser.studies import empty_database, picture
from tests.study.samples import NOW, SECRET, document, sha256
from tests.study.visitor import join

TASK = {
    "name": "advised",
    "kind": "reliance",
    "methods": ["grad-cam"],
    "networks": ["weak"],
    "images": 4,
    "ratings_per_item": 2,
    "trials_per_participant": 2,
}


@pytest.fixture
def served(tmp_path):
    (tmp_path / "discern.db").write_bytes(empty_database())
    url, definition = f"sqlite:///{tmp_path / 'discern.db'}", document(TASK)
    for name in ("stand-in-1", "measured.png"):
        (tmp_path / name).write_bytes(picture(1))
    database = connect(url)
    with database.writing() as session:
        rows = stand_ins([TaskConfig.model_validate(TASK)], ["sofa", "bus"])
        take_in(session, definition, sha256(definition), rows, {}, tmp_path, NOW)
        session.commit()
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield app, database, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    close_app(app)
    database.engine.dispose()


def test_advice_comes_with_the_stored_own_answer_and_a_reload_goes_on_behind_it(served, page):
    app, database, origin = served
    visitor = join(app)
    page.goto(f"{origin}/p/{visitor.token}/study")
    page.locator(".page-buttons .button").click()
    own, final = page.locator(".options").nth(0), page.locator(".options").nth(1)
    expect(own.locator("button").first).to_be_enabled()
    advice = page.locator(".advice")
    expect(advice).to_have_text("")
    expect(page.locator(".frame img")).to_have_count(1)
    expect(final.locator("button").first).to_be_disabled()
    own.locator("button").first.click()
    expect(advice).to_have_text(re.compile(r"The AI answers: (sofa|bus)\."))
    expect(page.locator(".frame img")).to_have_count(2)
    told = advice.inner_text()
    with database.reading() as session:
        assert [(r.question) for r in session.query(Response)] == ["own"]
    page.reload()
    page.locator(".page-buttons .button").click()
    expect(advice).to_have_text(told)
    expect(page.locator(".frame img")).to_have_count(2)
    expect(own.locator("button.chosen")).to_have_count(1)
    expect(own.locator("button").first).to_be_disabled()
    with page.expect_response("**/trials/*"):
        final.locator("button").last.click()
    expect(page.locator("#progress-text")).to_have_text("Question 2 of 2")
    expect(page.locator(".advice")).to_have_text("")
    with database.reading() as session:
        assert {r.question for r in session.query(Response)} == {"own", RESPONSE}
