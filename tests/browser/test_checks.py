"""What stands beside the questions that count: practice, checks, confidence, pauses, in a real browser."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.person import Person, stop_the_clock
from tests.browser.studies import TRIALS, LiveStudy, serving
from tests.browser.test_appearance import DEVICES, Tour

BESIDE = {
    "images": 6,
    "trials": 2,
    "practice": 2,
    "attention_checks": 1,
    "comprehension": True,
    "confidence": True,
    "break_every": 4,
}


COUNTED = 2 + 1 + TRIALS["trusting"]  # of the first task, with its check, and of the second


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStudy]:
    with serving(tmp_path_factory.mktemp("checked"), **BESIDE) as study:
        yield study


def answers(page: Page, option: int = 0) -> None:
    expect(page.locator(".option").first).to_be_enabled()
    page.locator(".options .option").nth(option).click()
    if page.locator(".further").count():
        page.locator(".further .option").nth(2).click()
    expect(page.locator(".chosen")).to_have_count(0)


def tries(page: Page, options: list[int]) -> None:
    for question, option in enumerate(options):
        page.locator(".check").nth(question).get_by_role("radio").nth(option).check()
    page.get_by_role("button", name="Start the practice").click()


def soon(read: Callable[[], int], wanted: int) -> bool:
    """Whether `read()` becomes `wanted`: the page goes on while the last answer is on its way."""
    deadline = time.monotonic() + 10
    while (found := read()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    return found == wanted


@pytest.mark.parametrize("device", [*DEVICES])
def test_practice_checks_confidence_and_pauses(
    device: str, open_context: Callable[..., BrowserContext], checked: LiveStudy, screenshots
) -> None:
    page, tour = open_context(**DEVICES[device]).new_page(), Tour(device, screenshots)
    person = Person.arrives(page, checked)
    person.consents()
    example = page.get_by_role("region", name="Worked example").get_by_role("img")
    expect(example).to_have_js_property("naturalWidth", 224)
    tour.sees(page, "checks-1-instructions")
    tries(page, [0, 0])
    verdicts = page.locator(".verdict")
    expect(verdicts).to_have_text([re.compile(r"^✗ Not quite\. .+ Please choose again\.$"), "✓ Correct."])
    tour.sees(page, "checks-2-again")
    tries(page, [1, 0])
    for n in range(2):
        expect(page.locator(".option").first).to_be_enabled()
        expect(page.locator("#progress-text")).to_have_text(f"Practice {n + 1} of 2")
        expect(page.get_by_text("Practice: does not count")).to_be_visible()
        chosen = page.locator(".options .option").first.locator("span").inner_text()
        page.locator(".options .option").first.click()
        if n == 0:
            tour.sees(page, "checks-3-confidence")
        expect(page.locator(".further .option").first).to_be_enabled()
        page.keyboard.press("3")
        expect(page.locator(".feedback")).to_contain_text(f"You chose “{chosen}”")
        expect(page.locator(".frame img")).to_be_visible()  # what is said of the picture is beside it
        if n == 1:
            tour.sees(page, "checks-4-feedback")
        page.get_by_role("button", name="Continue").click()
    for n in range(3):
        expect(page.locator(".option").first).to_be_enabled()
        expect(page.locator("#progress-text")).to_have_text(f"Question {n + 1} of {COUNTED}")
        expect(page.get_by_text("Your answers count from now on")).to_have_count(int(n == 0))
        if page.get_by_text("This is an attention check").count():
            expect(page.locator(".further")).to_have_count(0)
            tour.sees(page, "checks-5-attention")
        answers(page)
        if n == 1:
            expect(page.get_by_role("heading", name="Time for a short break")).to_be_visible()
            page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Part 1 is done.")).to_be_visible()
    assert soon(lambda: len(checked.answers(person.token)), 5)


@pytest.mark.parametrize("size", [(320, 480), (1366, 650)], ids=str)
def test_all_answers_on_confidence_are_in_view_and_a_double_press_gives_none(
    size: tuple[int, int], open_context: Callable[..., BrowserContext], checked: LiveStudy
) -> None:
    page = open_context(viewport=dict(zip(("width", "height"), size, strict=True))).new_page()
    page.clock.install()
    Person.arrives(page, checked).consents()
    tries(page, [1, 0])
    expect(page.locator(".option").first).to_be_enabled()
    stop_the_clock(page)
    page.keyboard.press("1")
    expect(page.locator(".chosen")).to_have_count(1)
    page.clock.run_for(120)
    page.keyboard.press("1")
    page.clock.resume()
    for option in page.locator(".further .option").all():
        expect(option).to_be_in_viewport(ratio=0.98)
        expect(option).to_be_enabled()
    expect(page.locator(".further .chosen")).to_have_count(0)
