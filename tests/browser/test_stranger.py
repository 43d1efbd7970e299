"""A stranger takes part, from the link to the completion code and beyond, in each language, at a desk and on a phone.

Every page on the way is checked by axe-core, must fit the width, and speaks one language only. `eo` is made from
English by the tests (tests/languages/pseudo.py): what is plain English there could be translated by nobody.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.person import Person
from tests.browser.studies import LiveStudy, serving
from tests.browser.test_appearance import DEVICES, Tour
from tests.languages.pseudo import CODE, plain_words, pseudo, write_language

BESIDE = {
    "images": 6,
    "trials": 3,
    "practice": 1,
    "attention_checks": 1,
    "comprehension": True,
    "confidence": True,
    "break_every": 2,
}
ABOUT = {
    "name": "age",
    "label": {"en": "Your age", "ko": "나이", "de": "Ihr Alter", CODE: pseudo("Your age")},
    "options": {"old": {"en": "60 or more", "ko": "60세 이상", "de": "ab 60", CODE: pseudo("60 or more")}},
}
RIGHT = [1, 0]  # of the comprehension check
HANGUL, LATIN = re.compile("[가-힣]"), re.compile("[A-Za-z]{3,}")
SAME_EVERYWHERE = re.compile(
    r"English|한국어|Deutsch|Éńĝĺíśĥ|Discern|https?://\S+|someone@example\.org|\b[A-HJ-NP-Z2-9]{8}\b|\b[A-HJ-NP-Z2-9]{4}(?:-[A-HJ-NP-Z2-9]{4}){2}\b"
)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStudy]:
    languages = tmp_path_factory.mktemp("languages")
    write_language(languages)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISCERN_LANGUAGES", str(languages))
        shown = ("en", "ko", "de", CODE)
        with serving(tmp_path_factory.mktemp("full"), languages=shown, about=(ABOUT,), **BESIDE) as study:
            yield study


class Stranger:
    """Reads every page: looks at it once, then does what it asks for."""

    def __init__(self, page: Page, study: LiveStudy, tour: Tour, language: str) -> None:
        self.page, self.study, self.language = page, study, language
        self._tour, self._seen = tour, set()

    def sees(self, name: str) -> None:
        if name in self._seen:
            return
        self._seen.add(name)
        self._tour.sees(self.page, f"stranger-{self.language}-{len(self._seen):02}-{name}")
        text = SAME_EVERYWHERE.sub("", self.reads())
        if self.language == CODE:
            assert plain_words(text, ["dog"]) == [], name  # the study's own category
        else:
            assert not (LATIN if self.language == "ko" else HANGUL).search(text), name

    def reads(self) -> str:
        """The page's text, what is said of its pictures and controls, and its title."""
        said = """[...document.querySelectorAll("[aria-label], [alt], [title], [placeholder]")].flatMap((node) =>
            ["aria-label", "alt", "title", "placeholder"].map((name) => node.getAttribute(name) ?? ""))"""
        return "\n".join([self.page.locator("body").inner_text(), self.page.title(), *self.page.evaluate(said)])

    def submits(self) -> None:
        self.page.locator("main button[type=submit]").click()

    def consents(self) -> None:
        self.page.get_by_role("checkbox").check()
        self.submits()
        self.page.wait_for_url("**/about")
        self.submits()
        self.page.wait_for_url("**/study")

    def goes_on(self) -> None:
        self.page.locator(".page-buttons .button").last.click()

    def answers_check(self, chosen: list[int]) -> None:
        for place, option in enumerate(chosen):
            self.page.locator(".check").nth(place).get_by_role("radio").nth(option).check()
        self.page.locator("form .page-buttons .button").click()
        expect(self.page.locator("form .button:disabled")).to_have_count(0)

    def answers_question(self) -> str:
        """As it asks, if it is an attention check; what kind of question it was."""
        question = self.page.locator("h1#question").inner_text()
        asked = re.search("[“„](.*)[”“]", question)
        kind = "trust" if self.page.locator(".trial.pair").count() else "discrimination"
        self.sees(f"{kind}{'-attention' if asked else ''}")
        option = self.page.locator(".option").filter(has_text=asked[1]) if asked else self.page.locator(".option")
        # Looked for before the click: after it the next question may be there, and have what this one has not.
        is_confidence_asked = self.page.locator(".further").count() > 0
        is_feedback_given = self.page.locator(".feedback:not([hidden])").count() > 0
        option.first.click()
        if is_confidence_asked:
            expect(self.page.locator(".further .option").first).to_be_enabled()
            self.sees("confidence")
            self.page.locator(".further .option").last.click()
        if is_feedback_given:
            self.page.locator(".answered .button").wait_for()
            self.sees("feedback")
            self.page.locator(".answered .button").click()
        expect(self.page.locator(".option.chosen")).to_have_count(0)
        return kind

    def opens(self) -> str:
        """Waits for something to do; what it is."""
        ways = {
            "question": ".option:enabled",
            "check": ".check input:enabled",
            "finish": "#completion-code",
            "page": ".page-buttons",
        }
        self.page.locator(", ".join(ways.values())).first.wait_for()
        return next(name for name, found in ways.items() if self.page.locator(found).count())


@pytest.fixture
def stranger(
    request: pytest.FixtureRequest,
    open_context: Callable[..., BrowserContext],
    full: LiveStudy,
    screenshots: Path | None,
) -> Stranger:
    device, language = request.param
    page = open_context(**DEVICES[device]).new_page()
    return Stranger(page, full, Tour(device, screenshots), language)


def taken_by(*kinds: tuple[str, str]) -> pytest.MarkDecorator:
    """Devices and languages; each of both, but not each pair of them: a stranger takes twenty seconds."""
    return pytest.mark.parametrize("stranger", kinds, indirect=True, ids="-".join)


@taken_by(("desktop", "en"), ("phone", "en"), ("phone", "ko"), ("desktop", CODE))
def test_a_stranger_takes_the_whole_study_and_withdraws_afterwards(stranger: Stranger) -> None:
    page, study = stranger.page, stranger.study
    page.goto(study.landing)
    if stranger.language != "en":
        page.locator(f"nav a[lang={stranger.language}]").click()
    stranger.sees("landing")
    page.locator("a[href*=declined]").click()
    stranger.sees("declined")
    page.locator("main a").last.click()
    page.get_by_role("checkbox").check()
    stranger.submits()
    page.wait_for_url("**/about")
    stranger.sees("about")
    page.locator("select").select_option("old")
    stranger.submits()
    page.wait_for_url("**/study")
    token = Person(page, study).token
    questions, tries = 0, 0
    while (way := stranger.opens()) != "finish":
        if way == "check":
            stranger.sees("check")
            tries += 1
            stranger.answers_check(RIGHT if tries > 1 else [0, 0])
            if tries == 1:
                stranger.sees("check-again")
        elif way == "page":
            stranger.sees(f"page-{questions}")
            stranger.goes_on()
        else:
            if questions == 2:
                page.context.set_offline(True)
            stranger.answers_question()
            questions += 1
            if questions == 3:
                expect(page.locator("#save-note")).not_to_be_empty()
                stranger.sees("offline")
                page.context.set_offline(False)
            if questions == 4:
                expect(page.locator("#save-note")).to_be_empty()
                page.reload()
                stranger.opens()
                stranger.sees("welcome-back")
    stranger.sees("finish")
    page.locator("textarea").fill("…")
    page.locator("#comment button").click()
    stranger.sees("commented")
    assert (questions, tries) == (7, 2)
    assert len(study.answers(token)) == questions
    withdrawal_code = page.locator("#withdrawal-code").inner_text()
    page.goto(f"{study.landing}/withdraw?language={stranger.language}")
    stranger.sees("withdraw")
    for code, name in (("WRONG123", "withdraw-wrong"), (withdrawal_code, "withdrawn")):
        page.locator("#code").fill(code)
        page.get_by_role("checkbox").check()
        stranger.submits()
        stranger.sees(name)
        if name == "withdraw-wrong":
            expect(page.locator("#code")).to_have_value(code)
    assert study.answers(token) == []


@taken_by(("desktop", "ko"), ("phone", "en"), ("phone", CODE))
def test_a_stranger_stops_in_the_middle_or_has_everything_deleted(stranger: Stranger) -> None:
    page, study = stranger.page, stranger.study
    page.goto(f"{study.landing}?language={stranger.language}")
    stranger.consents()
    token = Person(page, study).token
    stranger.opens()  # the footer is moved down by what comes above it
    page.locator("footer a[href$=withdraw]").click()
    page.wait_for_url("**/withdraw")
    stranger.sees("withdraw-during")
    page.locator("main a[href$=leave]").click()
    stranger.sees("leave")
    stranger.submits()
    stranger.sees("left")
    page.goto(f"{study.origin}/p/{token}/withdraw")
    page.get_by_role("checkbox").check()
    stranger.submits()
    stranger.sees("withdrawn-during")
    assert study.devices(token) == []
    page.context.set_extra_http_headers({"Accept-Language": stranger.language})
    page.goto(f"{study.origin}/p/{token}/study")
    stranger.sees("gone")


@pytest.mark.parametrize("stranger", [("desktop", "en")], indirect=True)
def test_the_language_can_be_switched_in_the_middle_and_no_answer_is_lost(stranger: Stranger) -> None:
    page, study = stranger.page, stranger.study
    page.goto(study.landing)
    stranger.consents()
    token, questions = Person(page, study).token, 0
    while (way := stranger.opens()) != "finish":
        if way == "check":
            stranger.answers_check(RIGHT)
        elif way == "page":
            stranger.goes_on()
        else:
            stranger.answers_question()
            questions += 1
            if questions in (2, 4):
                stranger.language = {"en": "ko", "ko": "de"}[stranger.language]
                page.locator(f"footer a[lang={stranger.language}]").click()
                stranger.sees(f"language-{questions}")
                stranger.submits()
                page.wait_for_url("**/study")
                expect(page.locator("html")).to_have_attribute("lang", stranger.language)
    stranger.sees("finish")
    assert [answer.position for answer in study.answers(token)] == list(range(questions))


@pytest.mark.parametrize("stranger", [("phone", "de")], indirect=True)  # the longest words
def test_on_a_phone_every_answer_of_a_question_is_seen_without_scrolling(stranger: Stranger) -> None:
    page = stranger.page
    page.goto(stranger.study.landing)
    stranger.consents()
    kinds = set()
    while (way := stranger.opens()) != "finish":
        if way == "check":
            stranger.answers_check(RIGHT)
        elif way == "page":
            stranger.goes_on()
        else:
            expect(page.locator(".option").last).to_be_in_viewport(ratio=1)
            frame = page.locator(".frame").first.bounding_box()
            assert frame["width"] >= 150, "a picture must not be made too small for that"
            kinds.add(stranger.answers_question())
    assert kinds == {"discrimination", "trust"}
