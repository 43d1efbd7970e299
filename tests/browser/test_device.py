"""Before the instructions: does the browser, the device and the window do? In a real browser of either kind."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.person import Person
from tests.browser.studies import LiveStudy, serving
from tests.browser.test_appearance import DEVICES, Tour

DEMANDING = {"min_width": 1000, "min_height": 600, "phones": False, "pointer": "fine"}


@pytest.fixture(scope="module")
def demanding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStudy]:
    with serving(tmp_path_factory.mktemp("demanding"), provider="prolific", device=DEMANDING) as study:
        yield study


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStudy]:
    """A study that wants a larger window than any of the tests has at first, and offers full screen."""
    wanted = {"min_width": 1400, "min_height": 500, "fullscreen": True}
    with serving(tmp_path_factory.mktemp("roomy"), languages=("en", "ko"), device=wanted) as study:
        yield study


def arrives(page: Page, study: LiveStudy, pid: str) -> Person:
    person = Person.arrives(page, study, f"?PROLIFIC_PID={pid}&STUDY_ID=6a2&SESSION_ID=7b3")
    person.consents()
    return person


def reported(study: LiveStudy, token: str, count: int) -> list[dict]:
    """The reports, once there is this number of them: they are sent in the background."""
    deadline = time.monotonic() + 10
    while len(found := study.devices(token)) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_a_window_that_will_do_is_not_mentioned_and_its_size_is_kept(person: Person, live: LiveStudy) -> None:
    person.consents()
    expect(person.page.get_by_role("heading", name="Which object does the picture show?")).to_be_visible()
    (report,) = reported(live, person.token, 1)
    assert (report["width"], report["height"], report["touch"], report["pixel_ratio"]) == (1280, 800, False, 1)
    assert report["problems"] == []


def test_a_phone_says_what_it_is(open_context: Callable[..., BrowserContext], live: LiveStudy) -> None:
    person = Person.arrives(open_context(**PHONE).new_page(), live)
    person.starts()
    (report,) = reported(live, person.token, 1)
    assert (report["width"], report["touch"], report["pointer"], report["pixel_ratio"]) == (390, True, "coarse", 2)


@pytest.mark.parametrize("device", [*DEVICES])
def test_a_small_window_is_told_its_size_and_goes_on_when_it_is_larger(
    device: str, open_context: Callable[..., BrowserContext], roomy: LiveStudy, screenshots: Path
) -> None:
    page, tour = open_context(**DEVICES[device]).new_page(), Tour(device, screenshots)
    person = Person.arrives(page, roomy)
    person.consents()
    go_on = page.get_by_role("button", name="Continue")
    expect(page.get_by_role("heading", name="Before you begin")).to_be_focused()
    width, height = (DEVICES[device]["viewport"][side] for side in ("width", "height"))
    expect(page.get_by_text(f"it has {width} × {height} pixels, and 1400 × 500 are needed")).to_be_visible()
    expect(go_on).to_be_disabled()
    tour.sees(page, "device-1-window")
    page.set_viewport_size({"width": 1500, "height": 700})
    expect(page.get_by_text("The window is large enough now.")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Full screen (optional)")).to_be_visible()
    before, after = reported(roomy, person.token, 2)[:2]
    assert (before["problems"], after["problems"], after["width"]) == (["window"], [], 1500)
    page.set_viewport_size(DEVICES[device]["viewport"])
    tour.sees(page, "device-2-fullscreen")
    page.get_by_role("button", name="Continue without full screen").click()
    expect(page.get_by_role("heading", name="Which object does the picture show?")).to_be_visible()
    person.reads_on()
    person.clicks(1)


def test_full_screen_is_entered_by_the_button_and_left_without_losing_anything(page: Page, roomy: LiveStudy) -> None:
    page.set_viewport_size({"width": 1500, "height": 700})
    person = Person.arrives(page, roomy)
    person.consents()
    page.get_by_role("button", name="Fill the screen").click()
    expect(page.get_by_role("heading", name="Which object does the picture show?")).to_be_visible()
    person.reads_on()
    person.waits_for_question(1)
    assert page.evaluate("Boolean(document.fullscreenElement)")
    page.evaluate("document.exitFullscreen()")
    page.wait_for_function("!document.fullscreenElement")
    page.wait_for_timeout(200)
    person.clicks(1)
    person.waits_for_question(2)
    assert len(person.stored(1)) == 1
    events = [event for event in roomy.events(person.token) if event.startswith("fullscreen")]
    assert events == ["fullscreenenter", "fullscreenexit"]
    assert reported(roomy, person.token, 2)[-1]["fullscreen"] is True


def test_a_phone_is_told_to_use_a_computer_and_can_give_its_place_back(
    open_context: Callable[..., BrowserContext], demanding: LiveStudy, screenshots: Path
) -> None:
    page, tour = open_context(**PHONE).new_page(), Tour("phone", screenshots)
    person = arrives(page, demanding, "phone")
    expect(page.get_by_text("open the link on a computer or a tablet")).to_be_visible()
    assert reported(demanding, person.token, 1)[0]["problems"] == ["phone", "pointer", "window"]
    tour.sees(page, "device-3-phone")
    page.get_by_role("link", name="Stop taking part").click()
    tour.sees(page, "leave-1-ask")
    page.get_by_role("button", name="Stop taking part").click()
    expect(page.get_by_role("heading", name="You have left the study")).to_be_visible()
    tour.sees(page, "leave-2-left")
    assert "prolific.com" in page.get_by_role("link", name="Return to the recruitment platform").get_attribute("href")


def test_a_touch_screen_without_a_mouse_is_told_so(
    open_context: Callable[..., BrowserContext], demanding: LiveStudy
) -> None:
    tablet = {"viewport": {"width": 1100, "height": 800}, "screen": {"width": 1100, "height": 800}}
    page = open_context(**PHONE | tablet).new_page()
    arrives(page, demanding, "tablet")
    expect(page.get_by_text("needs a mouse or a touchpad")).to_be_visible()


@pytest.mark.parametrize(
    "missing",
    [
        "delete HTMLImageElement.prototype.decode",
        "Object.defineProperty(window, 'indexedDB', {value: undefined})",
        "delete AbortSignal.timeout",
    ],
)
def test_a_browser_that_lacks_something_is_told_to_be_updated(page: Page, live: LiveStudy, missing: str) -> None:
    page.add_init_script(missing)
    Person.arrives(page, live).consents()
    expect(page.get_by_text("This browser lacks something that the study needs")).to_be_visible()


def test_a_browser_that_cannot_read_our_scripts_is_told_by_the_page_itself(page: Page, live: LiveStudy) -> None:
    page.route("**/js/participant/study.js", lambda route: route.abort())
    Person.arrives(page, live).consents()
    expect(page.get_by_text("this browser is too old for it")).to_be_visible()


def test_a_window_made_small_during_the_study_interrupts_nobody(person: Person) -> None:
    person.starts()
    person.waits_for_question(1)
    person.page.set_viewport_size({"width": 280, "height": 200})
    person.clicks(1)
    person.waits_for_question(2)
