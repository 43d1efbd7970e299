"""`./manage.py preview`: a researcher writes, and the page follows."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import BrowserContext, expect
from werkzeug.serving import make_server

import manage
from commands.preview import application

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLES / "texts", tmp_path / "texts")
    return Path(shutil.copy(EXAMPLES / "demo.toml", tmp_path / "study.toml"))


@pytest.fixture
def address(written: Path) -> Iterator[str]:
    with served(written) as address:
        yield address


@contextmanager
def served(definition: Path) -> Iterator[str]:
    """The address of its preview."""
    server = make_server("127.0.0.1", 0, application(definition), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_instructions_with_two_questions_fit_a_window(
    open_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    """Those of the published study with the longest: without the bar of the preview, which people do not have."""
    arguments = ["new-study", str(tmp_path / "study"), "--from", "forward-simulation"]
    assert CliRunner().invoke(manage.cli, arguments).exit_code == 0
    page = open_context(viewport={"width": 1280, "height": 800}).new_page()
    with served(tmp_path / "study/study.toml") as address:
        page.goto(f"{address}/questions?task=before")
        page.locator(".page-buttons .button").wait_for()
        page.locator(".preview-bar").evaluate("bar => bar.remove()")
        assert page.evaluate("document.documentElement.scrollHeight") <= 800


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
