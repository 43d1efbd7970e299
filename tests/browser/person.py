"""A participant at the browser: does what a person does, by mouse or by keyboard."""

import re
import time
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.studies import TOTAL, LiveStudy, StoredAnswer

WATCH_NOTES = """() => {
  const note = document.getElementById("save-note")
  window.notes = [note.textContent]
  new MutationObserver(() => notes.push(note.textContent)).observe(note, { childList: true, subtree: true, characterData: true })
}"""


def stop_the_clock(page: Page) -> None:
    """The page's, which was installed before: it stands a little after now."""
    page.clock.pause_at(page.evaluate("Date.now() / 1000") + 10)


class Requests:
    """The page's own, from now on."""

    def __init__(self, page: Page) -> None:
        self._page, self._under_way = page, set[Request]()
        page.on("request", lambda request: self._under_way.add(request))
        page.on("requestfinished", lambda request: self._under_way.discard(request))
        page.on("requestfailed", lambda request: self._under_way.discard(request))

    def end(self) -> None:
        """Wait until none has been under way for a second."""
        quiet = 0
        while quiet < 20:
            self._page.wait_for_timeout(50)
            quiet = 0 if self._under_way else quiet + 1


@dataclass
class Notes:
    """What the page has said of waiting answers since now; such a note may be gone before one looks."""

    page: Page

    def __post_init__(self) -> None:
        self.page.evaluate(WATCH_NOTES)

    def said(self, words: str) -> None:
        self.page.wait_for_function("words => notes.some(note => note.includes(words))", arg=words)


@dataclass
class Person:
    page: Page
    live: LiveStudy

    @classmethod
    def arrives(cls, page: Page, live: LiveStudy, query: str = "") -> "Person":
        page.goto(live.landing + query)
        return cls(page, live)

    @property
    def token(self) -> str:
        return self.page.url.split("/p/")[1].split("/")[0]

    @property
    def options(self) -> Locator:
        return self.page.locator(".option")

    def consents(self) -> None:
        self.page.get_by_role("checkbox").check()
        self.page.get_by_role("button", name="Agree and continue").click()
        self.page.wait_for_url(re.compile("/(study|about)$"))
        if self.page.url.endswith("/about"):
            self.page.get_by_role("button", name="Continue").click()
            self.page.wait_for_url("**/study")

    def reads_on(self) -> None:
        """Goes through pages to read until a question is there."""
        while not self.question_is_open():
            self.page.locator(".page-buttons .button").click()

    def question_is_open(self) -> bool:
        expect(self.page.locator(".option, .page-buttons").first).to_be_visible()
        return self.options.count() > 0

    def waits_for_question(self, n: int) -> None:
        """Until question `n` (from 1) can be answered."""
        expect(self.page.locator("#progress-text")).to_have_text(f"Question {n} of {TOTAL}")
        expect(self.options.first).to_be_enabled()

    def clicks(self, n: int, option: int = 0) -> None:
        self.waits_for_question(n)
        self.options.nth(option).click()
        self.waits_until_taken()

    def stored(self, n: int) -> list[StoredAnswer]:
        """Their answers once there are `n`: the page goes on while the last one is on its way."""
        deadline = time.monotonic() + 20
        while len(found := self.live.answers(self.token)) < n and time.monotonic() < deadline:
            self.page.wait_for_timeout(50)
        return found

    def waits_until_taken(self) -> None:
        """Until the page has left the question that was answered last."""
        expect(self.page.locator(".option.chosen")).to_have_count(0)

    def starts(self) -> None:
        """From the landing page to the first question."""
        self.consents()
        self.reads_on()

    def finishes(self, first: int = 1) -> str:
        """Clicks through what is left from question `first` on; the completion code."""
        for n in range(first, TOTAL + 1):
            self.reads_on()
            self.clicks(n)
        return self.code()

    def code(self) -> str:
        self.page.wait_for_url("**/finish*")
        return self.page.locator("#completion-code").inner_text()
