"""Several explanations in a browser: each photograph is beside its own explanation, at desktop and phone size."""

import io
import threading
from dataclasses import replace

import pytest
from PIL import Image
from playwright.sync_api import expect
from werkzeug.serving import make_server

from study import close_app, create_app
from study.conduct.opening import take_in
from study.conduct.stand_ins import stand_ins
from study.config import TaskConfig
from study.database.db import connect
from study.database.schema import Response
from tests.browser.studies import empty_database
from tests.study.samples import NOW, SECRET, document, sha256
from tests.study.visitor import join

TASK = {
    "name": "rating",
    "kind": "rating",
    "methods": ["grad-cam"],
    "networks": ["weak"],
    "images": 2,
    "ratings_per_item": 1,
    "trials_per_participant": 2,
    "explanations": 3,
}
COLOUR_OF = "canvas => [...canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data]"


def three(blue: int) -> bytes:
    whole = Image.new("RGB", (100, 300))
    for place in range(3):
        whole.paste((80 * (place + 1), 0, blue), (0, 100 * place, 100, 100 * place + 100))
    written = io.BytesIO()
    whole.save(written, "PNG")
    return written.getvalue()


@pytest.fixture
def served(tmp_path):
    (tmp_path / "discern.db").write_bytes(empty_database())
    url, definition = f"sqlite:///{tmp_path / 'discern.db'}", document(TASK)
    (tmp_path / "photograph.png").write_bytes(three(0))
    (tmp_path / "grad-cam.png").write_bytes(three(250))
    database = connect(url)
    with database.writing() as session:
        rows = [
            replace(row, file=f"{row.method}.png", width=100, height=300)
            for row in stand_ins([TaskConfig.model_validate(TASK)], ["sofa", "bus", "cat"])
        ]
        take_in(session, definition, sha256(definition), rows, {}, tmp_path, NOW)
        session.commit()
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield app, database, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    close_app(app)


def test_each_photograph_is_beside_its_explanation_under_its_prediction(served, page):
    app, database, origin = served
    page.goto(f"{origin}/p/{join(app).token}/study")
    page.locator(".page-buttons .button").click()
    for number, size in ((1, (1280, 800)), (2, (390, 844))):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        expect(page.locator("#progress-text")).to_have_text(f"Question {number} of 2")
        expect(page.locator(".predicted")).to_have_count(3)
        expect(page.locator(".options button").first).to_be_enabled()
        for place, group in enumerate(page.locator(".predicted").all(), start=1):
            seen = [canvas.evaluate(COLOUR_OF)[:3] for canvas in group.locator("canvas").all()]
            assert seen == [[80 * place, 0, 0], [80 * place, 0, 250]]
            assert group.locator("canvas").first.get_attribute("aria-label") == f"Photograph {place}"
            assert group.get_attribute("aria-label") == group.locator("p").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        with page.expect_response("**/trials/*"):
            page.locator(".options button").nth(3).click()
    with database.reading() as session:
        assert [row.response for row in session.query(Response)] == ["4", "4"]
