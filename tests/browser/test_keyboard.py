"""The pages around the questions by keyboard alone, at a desk and at 200 % zoom: nothing there needs a mouse."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.browser.conftest import DESKTOP
from tests.browser.person import Person
from tests.browser.studies import LiveStudy, serving
from tests.browser.test_appearance import ZOOMED, findings, fits_the_width
from tests.browser.test_checks import BESIDE, soon

ABOUT = (
    {"name": "age", "label": {"en": "Your age"}, "options": {"young": {"en": "under 40"}, "old": {"en": "40 or more"}}},
    {"name": "experience", "label": {"en": "What do you do with images?"}},
)
WINDOWS = {"desktop": DESKTOP, "zoomed": ZOOMED}
MOST_TABS = 40
# A tick box or radio button may show its focus at its label.
SHOWS_FOCUS = """element => [element, element.closest("label")].filter(Boolean).some(shown => {
  const { outlineStyle, outlineWidth } = getComputedStyle(shown);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
})"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStudy]:
    """Everything that may stand beside the questions; a window larger than the one that people come with is wanted."""
    wanted = {"min_width": 600, "min_height": 380, "fullscreen": True}
    with serving(tmp_path_factory.mktemp("keys"), device=wanted, about=ABOUT, **BESIDE) as study:
        yield study


@dataclass
class Keys:
    """Somebody who has a keyboard and nothing else."""

    page: Page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tabs_to(self, control: Locator) -> None:
        """By Tab alone; then the focus is seen, and the control is within the window, whole."""
        expect(control).to_be_visible()
        for _ in range(MOST_TABS):
            if control.evaluate("element => element === document.activeElement"):
                break
            self.press("Tab")
        expect(control).to_be_focused()
        assert control.evaluate(SHOWS_FOCUS), f"the focus on {control} is not seen"
        expect(control).to_be_in_viewport(ratio=0.99)
        assert fits_the_width(self.page)

    def uses(self, role: str, name: str, key: str = "Enter") -> None:
        self.tabs_to(self.page.get_by_role(role, name=name))
        self.press(key)

    def finds_all_right(self, heading: str) -> None:
        """The page has come, fits, and axe-core has no complaint."""
        expect(self.page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        assert findings(self.page) == []
        assert fits_the_width(self.page)

    def takes_the_check(self, chosen: list[int]) -> None:
        """Arrows move within the answers to one question; Space takes the first."""
        for question, place in enumerate(chosen):
            answers = self.page.locator(".check").nth(question).get_by_role("radio")
            self.tabs_to(answers.first)
            self.press(*(["ArrowDown"] * place or ["Space"]))
            expect(answers.nth(place)).to_be_checked()
        self.uses("button", "Start the practice")

    def waits_for_a_question(self) -> None:
        expect(self.page.locator(".options .option").first).to_be_enabled()
        expect(self.page.locator(".chosen")).to_have_count(0)


@pytest.fixture(params=[*WINDOWS])
def keys(request: pytest.FixtureRequest, open_context: Callable[..., BrowserContext], study: LiveStudy) -> Keys:
    page = open_context(**WINDOWS[request.param]).new_page()
    page.goto(study.landing)
    return Keys(page)


def joins(keys: Keys) -> None:
    page = keys.page
    keys.tabs_to(page.get_by_role("checkbox"))
    keys.press("Space")
    keys.uses("button", "Agree and continue")
    page.wait_for_url("**/about")
    age = page.get_by_label("Your age")
    keys.tabs_to(age)
    keys.press("ArrowDown")
    expect(age).to_have_value("young")
    keys.tabs_to(page.get_by_label("What do you do with images?"))
    page.keyboard.type("radiology")
    keys.press("Enter")
    page.wait_for_url("**/study")


def comes_to_the_check(keys: Keys) -> None:
    joins(keys)
    keys.uses("button", "Continue without full screen")
    expect(keys.page.get_by_role("heading", name="Which object does the picture show?")).to_be_focused()


def test_questions_about_oneself_and_consent(keys: Keys, study: LiveStudy) -> None:
    keys.finds_all_right("What did the network see?")
    joins(keys)
    token = Person(keys.page, study).token
    assert study.about(token) == {"age": "young", "experience": "radiology"}


def test_a_window_that_is_too_small_and_the_offer_of_full_screen(keys: Keys) -> None:
    size = keys.page.viewport_size
    keys.page.set_viewport_size({"width": 500, "height": 400})
    joins(keys)
    keys.finds_all_right("Before you begin")
    keys.page.set_viewport_size(size)
    keys.uses("button", "Continue")
    keys.finds_all_right("Full screen (optional)")
    keys.uses("button", "Continue without full screen")
    expect(keys.page.get_by_role("heading", name="Which object does the picture show?")).to_be_focused()


def test_the_comprehension_check_practice_confidence_and_a_break(keys: Keys, study: LiveStudy) -> None:
    page = keys.page
    comes_to_the_check(keys)
    verdicts = page.locator(".verdict")
    expect(verdicts).to_have_count(2)
    assert findings(page) == []
    keys.takes_the_check([0, 0])
    expect(verdicts.nth(0)).to_contain_text("Not quite.")
    expect(verdicts.nth(0)).to_be_focused()
    expect(verdicts.nth(1)).to_have_text("✓ Correct.")
    assert findings(page) == []
    keys.press("Enter")  # a second time the same would be a try lost
    expect(verdicts.nth(0)).to_be_visible()
    keys.takes_the_check([1, 0])
    for n in range(5):
        keys.waits_for_a_question()
        sure = page.locator(".further .option")
        is_check = sure.count() == 0
        keys.press("1")
        if not is_check:
            expect(page.locator("#question-confidence")).to_be_focused()
            expect(sure.first).to_be_enabled()
        if n == 0:
            assert findings(page) == []
            keys.tabs_to(sure.nth(0))
            keys.press("ArrowRight")
            expect(sure.nth(1)).to_be_focused()
            expect(sure.nth(1)).to_be_in_viewport(ratio=0.99)
            keys.press("Enter")
        elif not is_check:
            keys.press("3")
        if n < 2:
            expect(page.get_by_text("You chose")).to_be_visible()
            keys.press("Enter")
        if n == 3:
            expect(page.get_by_role("heading", name="Time for a short break")).to_be_focused()
            keys.press("Enter")
    expect(page.get_by_text("Part 1 is done.")).to_be_visible()
    expect(page.locator("h1")).to_be_focused()
    token = Person(page, study).token
    assert soon(lambda: len(study.answers(token)), 5)


def test_stopping_and_coming_back(keys: Keys) -> None:
    joins(keys)
    keys.uses("link", "Withdraw")
    keys.finds_all_right("Withdraw and delete my data")
    keys.uses("link", "Stop taking part without deleting anything")
    keys.finds_all_right("Stop taking part?")
    keys.uses("link", "Continue with the study")
    keys.page.wait_for_url("**/study")
    keys.uses("link", "Withdraw")
    keys.uses("link", "Stop taking part without deleting anything")
    keys.uses("button", "Stop taking part")
    keys.finds_all_right("You have left the study")


def test_a_page_that_opens_late_takes_nobody_from_a_link(keys: Keys) -> None:
    joins(keys)
    expect(keys.page.get_by_role("heading", name="Full screen (optional)")).to_be_visible()
    held: list[Route] = []
    keys.page.route("**/plan", lambda route: held.append(route))
    with keys.page.expect_request("**/plan"):
        keys.page.reload()
    withdraw = keys.page.get_by_role("link", name="Withdraw")
    keys.tabs_to(withdraw)
    held.pop().continue_()
    expect(keys.page.get_by_role("heading", name="Full screen (optional)")).to_be_visible()
    expect(withdraw).to_be_focused()
    expect(withdraw).to_be_in_viewport(ratio=0.99)
    keys.uses("button", "Continue without full screen")
    expect(keys.page.get_by_role("heading", name="Which object does the picture show?")).to_be_focused()


def test_withdrawing(keys: Keys, study: LiveStudy) -> None:
    joins(keys)
    token = Person(keys.page, study).token
    keys.uses("link", "Withdraw")
    keys.tabs_to(keys.page.get_by_role("checkbox"))
    keys.press("Space")
    keys.uses("button", "Delete my data")
    keys.finds_all_right("Your data have been deleted")
    assert study.about(token) == {}
