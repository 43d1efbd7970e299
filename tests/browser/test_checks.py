"""What stands beside the questions that count: practice, checks, confidence, pauses, in a real browser."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.person import Person, stop_the_clock
from tests.browser.studies import TRIALS, LiveStudy, serving
from tests.browser.test_appearance import DEVICES, Tour, fits_the_width

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
    is_confidence_asked = page.locator(".further").count() > 0  # after the click the next question may be there
    page.locator(".options .option").nth(option).click()
    if is_confidence_asked:
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


def test_a_double_press_gives_no_confidence(open_context: Callable[..., BrowserContext], checked: LiveStudy) -> None:
    page = open_context().new_page()
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
        expect(option).to_be_enabled()
    expect(page.locator(".further .chosen")).to_have_count(0)


# Edge of the pictures in pixels, at least: one with practice and confidence, two with whole sentences as answers.
WINDOWS = {
    (1280, 800): (670, 300),
    (1366, 650): (535, 300),
    (390, 844): (330, 150),
    (844, 390): (290, 200),
    (640, 400): (280, 130),
    (320, 568): (145, 90),
}
PLACES = """() => [...document.querySelectorAll("h1, .frame, .option, .further h2, footer")].map((node) => {
  const { x, y, width, height } = node.getBoundingClientRect()
  return [x, y, width, height].map(Math.round)
})"""


def places(page: Page, pictures: int) -> dict[tuple[int, int], list[list[int]]]:
    """Where everything is in windows of all shapes; pictures and answers are in view, and as large as was asked for."""
    found = {}
    for (width, height), least in WINDOWS.items():
        page.set_viewport_size({"width": width, "height": height})
        for seen in page.locator(".frame img, .options .option").all():
            expect(seen).to_be_in_viewport(ratio=0.98)
        edges = [image.bounding_box()["width"] for image in page.locator(".frame img").all()]
        assert len(edges) == pictures
        assert min(edges) >= least[pictures - 1], (width, height, edges)
        assert fits_the_width(page), (width, height)
        found[width, height] = page.evaluate(PLACES)
    return found


def test_pictures_are_large_and_nothing_moves_in_windows_of_all_shapes(
    open_context: Callable[..., BrowserContext], checked: LiveStudy
) -> None:
    page = open_context().new_page()
    Person.arrives(page, checked).consents()
    tries(page, [1, 0])
    expect(page.locator(".option").first).to_be_enabled()
    before = places(page, 1)
    page.locator(".option").first.click()
    expect(page.locator(".further .option").first).to_be_enabled()
    assert places(page, 1) == before
    page.locator(".further .option").first.click()
    expect(page.locator(".feedback")).to_contain_text("You chose")
    assert [found[:2] for found in places(page, 1).values()] == [seen[:2] for seen in before.values()]
    page.keyboard.press("Enter")
    next_step = page.locator(".option:enabled, .page-buttons .button, .answered .button").last
    next_step.wait_for()
    while not page.locator(".trial.pair").count():
        next_step.click()
        next_step.wait_for()
    places(page, 2)


def test_the_time_left_is_the_persons_own_and_never_jumps_up(person: Person) -> None:
    said = person.page.evaluate("""async () => {
      const { TimeLeft } = await import("/static/js/participant/time-left.js")
      const left = new TimeLeft()
      const said = [left.minutes(20)]
      for (const seconds of [10, 500, 11, 900, 900, 900, 900]) {
        left.note(1000 * seconds)
        said.push(left.minutes(20))
      }
      return [...said, left.minutes(0)]
    }""")
    assert said == [None, None, None, 4, 5, 6, 7, 8, 0]
