"""Distinction in a browser: the page cuts the picture and shows each tile where the person's own order has it."""

import io
import threading
from dataclasses import replace

import pytest
from PIL import Image
from playwright.sync_api import expect
from werkzeug.serving import make_server

from contracts.tasks import CLASS, CLASS_SURE, RESPONSE, SURE
from study import close_app, create_app
from study.conduct.opening import take_in
from study.conduct.stand_ins import stand_ins
from study.config import TaskConfig
from study.database.db import connect
from study.database.schema import Response, Trial
from tests.browser.studies import empty_database, picture
from tests.study.samples import NOW, SECRET, document, sha256
from tests.study.visitor import join

TASK = {
    "name": "choosing",
    "kind": "distinction",
    "methods": ["grad-cam"],
    "networks": ["weak"],
    "images": 4,
    "ratings_per_item": 2,
    "trials_per_participant": 2,
    "confidence": True,
}
COLOURS = {"1": (250, 0, 0), "2": (0, 250, 0), "3": (0, 0, 250), "4": (250, 250, 0)}  # tile → colour
COLOUR_OF = "canvas => [...canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data]"


def four_colours() -> bytes:
    whole = Image.new("RGB", (200, 200))
    for number, colour in enumerate(COLOURS.values()):
        whole.paste(colour, (number % 2 * 100, number // 2 * 100, number % 2 * 100 + 100, number // 2 * 100 + 100))
    written = io.BytesIO()
    whole.save(written, "PNG")
    return written.getvalue()


@pytest.fixture
def served(tmp_path):
    (tmp_path / "discern.db").write_bytes(empty_database())
    url, definition = f"sqlite:///{tmp_path / 'discern.db'}", document(TASK)
    (tmp_path / "photograph.png").write_bytes(picture(1))
    (tmp_path / "tiles.png").write_bytes(four_colours())
    database = connect(url)
    with database.writing() as session:
        rows = [
            replace(row, file="tiles.png" if row.method == "grad-cam" else "photograph.png", width=200, height=200)
            for row in stand_ins([TaskConfig.model_validate(TASK)], ["sofa", "bus", "cat", "dog"])
        ]
        take_in(session, definition, sha256(definition), rows, {}, tmp_path, NOW)
        session.commit()
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield app, database, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    close_app(app)


def test_the_tile_that_is_chosen_is_the_one_that_is_seen(served, page):
    """Somebody who looks for the blue tile answers 3, wherever it is shown."""
    app, database, origin = served
    page.goto(f"{origin}/p/{join(app).token}/study")
    page.locator(".page-buttons .button").click()
    for number in (1, 2):
        if number == 2:
            page.set_viewport_size({"width": 320, "height": 568})
        expect(page.locator("#progress-text")).to_have_text(f"Question {number} of 2")
        expect(page.locator(".frame canvas")).to_have_count(4)
        expect(page.locator(".frame img")).to_have_count(1)
        seen = [tuple(canvas.evaluate(COLOUR_OF)[:3]) for canvas in page.locator(".frame canvas").all()]
        assert sorted(seen) == sorted(COLOURS.values())
        labels = page.locator(".frame canvas").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
        assert [label[:13] for label in labels] == [f"Explanation {place}" for place in range(1, 5)]
        place = seen.index(COLOURS["3"])
        for group, answer in enumerate((place, 4, place, 0)):
            button = page.locator(".options").nth(group).locator("button").nth(answer)
            expect(button).to_be_enabled()
            with page.expect_response("**/trials/*"):
                button.click()
            if (number, group) == (2, 1):  # on a phone the question of the correct class is seen with two tiles
                expect(page.locator(".options").nth(2).locator("button").first).to_be_in_viewport(ratio=1)
                expect(page.locator(".frame canvas").last).to_be_in_viewport(ratio=1)
    with database.reading() as session:
        given = {(r.question, r.response) for r in session.query(Response)}
        orders = [trial.option_order for trial in session.query(Trial)]
    assert given == {(RESPONSE, "3"), (SURE, "5"), (CLASS, "3"), (CLASS_SURE, "1")}
    assert all(sorted(order) == ["1", "2", "3", "4"] for order in orders)
