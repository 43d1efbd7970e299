"""The pictures of the README and docs/: the demo's own study in a browser. They are made anew with

DISCERN_SCREENSHOTS=docs/pictures .venv/bin/python -m pytest tests/browser/test_pictures_of_the_docs.py
"""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.contracts.conftest import made_study  # noqa: F401
from tests.contracts.small_study import Study
from tests.drawing import drawn_only

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"
NAMES = ("instructions-desktop-en", "question-desktop-en", "question-phone-ko", "trust-phone-de", "overview", "report")
COLOURS, MOST_BYTES = 128, 120_000


def keep(page: Page, name: str, screenshots: Path | None) -> None:
    """What the window shows, in few colours: the pages have few."""
    shot = page.screenshot()
    if screenshots and name in NAMES:
        picture = Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        picture.save(screenshots / f"{name}.png", optimize=True)


def opens_the_study(page: Page, url: str, language: str) -> None:
    page.goto(f"{url}/s/small?language={language}")
    page.get_by_role("checkbox").first.check()
    page.locator("main button[type=submit]").click()
    page.wait_for_url(re.compile("/(study|about)$"))
    if page.url.endswith("/about"):
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/study")


def comes_to(page: Page, selector: str) -> None:
    """Answers whatever comes before: the right comprehension answers do not matter, there are two tries."""
    anything = page.locator(".option:enabled, .check input:enabled, .page-buttons .button:enabled").first
    while True:
        anything.wait_for()
        if page.locator(selector).count() and page.locator(".option:enabled").count():
            return
        for check in page.locator(".check").all():
            check.get_by_role("radio").first.check()
        if page.locator(".option:enabled").count():
            answers(page)
        else:
            page.locator(".page-buttons .button").last.click()
            page.wait_for_timeout(300)


def answers(page: Page) -> None:
    is_confidence_asked = page.locator(".further").count() > 0
    is_feedback_given = page.locator(".feedback:not([hidden])").count() > 0
    page.locator(".option:enabled").first.click()
    if is_confidence_asked:
        expect(page.locator(".further .option").first).to_be_enabled()
        page.locator(".further .option").first.click()
    if is_feedback_given:
        page.locator(".answered .button").click()
    expect(page.locator(".option.chosen")).to_have_count(0)


@pytest.fixture(scope="module")
def study(made_study: Study) -> Study:  # noqa: F811
    made_study.manage("db", "upgrade")
    made_study.of_study("open-study")
    return made_study


def test_the_pages_that_the_docs_show_can_be_photographed(
    study: Study, open_context: Callable[..., BrowserContext], screenshots: Path | None
) -> None:
    password = re.search(r"(?<!\S)[\w-]{16}(?!\S)", study.manage("add-researcher", "ada"))[0]
    with study.served() as url:
        page = open_context(**DESKTOP).new_page()
        opens_the_study(page, url, "en")
        page.locator(".page-buttons .button:enabled").first.wait_for()
        keep(page, "instructions-desktop-en", screenshots)
        comes_to(page, ".trial.single")
        keep(page, "question-desktop-en", screenshots)
        if screenshots is None:
            return  # what follows are other devices and languages, and pages that other tests open
        for language, kind in (("ko", "single"), ("de", "pair")):
            page = open_context(**PHONE | {"device_scale_factor": 1}).new_page()
            opens_the_study(page, url, language)
            comes_to(page, f".trial.{kind}")
            keep(page, f"{'trust' if kind == 'pair' else 'question'}-phone-{language}", screenshots)
        study.of_study("simulate", "--url", url, "--participants", "12")
        page = open_context(**DESKTOP).new_page()
        page.goto(f"{url}/researcher/studies/small")
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()
        page.goto(f"{url}/researcher/studies/small?kind=simulated")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        keep(page, "overview", screenshots)
    study.of_study("export", "--out", str(study.folder / "export"))
    with drawn_only("as_svg"):
        study.manage("analyze", str(study.folder / "export"), "--out", str(study.folder / "report"), "--no-pdf")
    page = open_context(**DESKTOP | {"viewport": {"width": 1000, "height": 1250}}).new_page()
    page.goto((study.folder / "report" / "report-simulated.html").as_uri())
    keep(page, "report", screenshots)


@pytest.mark.parametrize("name", NAMES)
def test_each_picture_is_small_and_shown(name: str) -> None:
    picture = FOLDER / f"{name}.png"
    assert picture.stat().st_size <= MOST_BYTES
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert any(f"pictures/{name}.png" in page.read_text() for page in pages)
