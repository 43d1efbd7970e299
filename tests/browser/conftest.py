"""A real Chromium against a real server. Where no browser is installed these tests skip, except where one is required."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.browser.person import Person
from tests.browser.studies import LiveStudy, serving
from tests.study.researcher import quick_passwords

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "install one (`apt-get install chromium`, or Chrome) or name it in DISCERN_BROWSER"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 20_000  # for machines that do much else meanwhile
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


def candidates() -> tuple[str, ...]:
    named = os.environ.get("DISCERN_BROWSER")
    return (named,) if named else NAMES


@pytest.fixture(scope="session")
def browser_program() -> str:
    program = next(filter(None, map(shutil.which, candidates())), None)
    if program is None:
        message = f"no browser found ({', '.join(candidates())}); {INSTALL}"
        if os.environ.get("CI") or os.environ.get("DISCERN_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return program


@pytest.fixture(scope="session")
def browser(browser_program: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session", autouse=True)
def with_quick_passwords() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStudy]:
    with serving(tmp_path_factory.mktemp("study")) as study:
        yield study


class Witness:
    """Watches every page of a context. What it saw must be clean when the test ends, whatever the test was about."""

    def __init__(self, context: BrowserContext) -> None:
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        context.on("request", self._on_request)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:", "file:")):
            self.foreign.append(request.url)

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chromium itself reports failed requests; tests that cut the network cause them on purpose.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)


@pytest.fixture
def open_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser contexts: a fresh profile each. Fails the test if a page complains or asks another machine."""
    made: list[tuple[BrowserContext, Witness]] = []

    def make(**settings: Any) -> BrowserContext:
        context = browser.new_context(**(DESKTOP | settings))
        context.set_default_timeout(PATIENCE_MS)
        made.append((context, Witness(context)))
        return context

    yield make
    for context, _ in made:
        context.close()
    assert [url for _, witness in made for url in witness.foreign] == []
    assert [text for _, witness in made for text in witness.complaints] == []


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    return open_context().new_page()


@pytest.fixture
def person(page: Page, live: LiveStudy) -> Person:
    """Somebody who has opened the study's link on a desk computer."""
    return Person.arrives(page, live)


@pytest.fixture(scope="session")
def screenshots() -> Path | None:
    """Where pages are photographed, for a look by eye: the folder that DISCERN_SCREENSHOTS names, else nowhere."""
    if not (named := os.environ.get("DISCERN_SCREENSHOTS")):
        return None
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
