"""`./manage.py preview`: a researcher writes, and the page follows."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect
from werkzeug.serving import make_server

from commands.preview import application

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLES / "texts", tmp_path / "texts")
    return Path(shutil.copy(EXAMPLES / "demo.toml", tmp_path / "study.toml"))


@pytest.fixture
def address(written: Path) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, application(written), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_page_follows_the_definition(
    open_context: Callable[..., BrowserContext], written: Path, address: str
) -> None:
    page = open_context().new_page()
    page.goto(f"{address}/questions?task=trusting")
    page.locator(".page-buttons .button").wait_for()
    page.get_by_role("link", name="information").click()
    good = written.read_text(encoding="utf-8")
    written.write_text(good.replace("minutes = 6", "minuts = 6"), encoding="utf-8")
    expect(page.locator(".preview-error")).to_contain_text("study.minuts: unknown key; is minutes meant?")
    written.write_text(good.replace("minutes = 6", "minutes = 17"), encoding="utf-8")
    expect(page.get_by_text("about 17 minutes")).to_be_visible()
    (written.parent / "texts/demo-consent.en.md").write_text("A new sentence.", encoding="utf-8")
    expect(page.get_by_text("A new sentence.")).to_be_visible()
