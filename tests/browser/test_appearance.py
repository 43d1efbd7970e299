"""What people see: accessible, in one piece on a phone and at a desk, photographed for a look by eye."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from analysis.report.write import analyze
from tests.analysis.conftest import small_study
from tests.analysis.exports import write_export
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.person import Person
from tests.browser.studies import RESEARCHER, TOTAL, TRIALS, LiveStudy
from tests.drawing import drawn_only
from tests.study.visitor import join

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
DEVICES = {"phone": PHONE, "desktop": DESKTOP}
# 1280 px at 200 % zoom leave 640 px of CSS.
ZOOMED = {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}


_COLOURS_ARRIVED = (
    "Promise.allSettled(document.getAnimations().filter(a => a instanceof CSSTransition).map(a => a.finished))"
)
_RUN_AXE = "options => axe.run(options).then(result => result.violations)"


@cache
def axe() -> str:
    return AXE.read_text(encoding="utf-8")


def findings(page: Page) -> list[str]:
    """What axe-core has against the page, a line an element; its colours in the dark scheme, too."""
    assert AXE.is_file(), "axe-core is not installed; run `make setup`"
    page.wait_for_load_state()  # a click may have led to a page that is only just coming
    page.evaluate(axe())
    page.emulate_media(reduced_motion="reduce")  # or colours are on their way
    page.evaluate(_COLOURS_ARRIVED)  # that stops none that had begun
    violations = page.evaluate(_RUN_AXE, {"resultTypes": ["violations"]})
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    violations += page.evaluate(_RUN_AXE, {"runOnly": ["color-contrast"]})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    return [f"{found['id']}: {node['html'][:120]}" for found in violations for node in found["nodes"]]


def fits_the_width(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


class Tour:
    """Checks each page that it is shown, and photographs it into `folder` if there is one."""

    def __init__(self, device: str, folder: Path | None) -> None:
        self._device, self._folder = device, folder

    def sees(self, page: Page, name: str) -> None:
        page.wait_for_load_state()
        if self._folder:
            page.screenshot(path=self._folder / f"{name}-{self._device}.png", full_page=True)
        assert findings(page) == [], name
        assert fits_the_width(page), name


@pytest.fixture(params=[*DEVICES])
def device(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def tour(device: str, screenshots: Path | None) -> Tour:
    return Tour(device, screenshots)


@pytest.fixture
def new_page(device: str, open_context: Callable[..., BrowserContext]) -> Page:
    return open_context(**DEVICES[device]).new_page()


def test_axe_finds_nothing_on_a_participants_pages(new_page: Page, live: LiveStudy, tour: Tour) -> None:
    person = Person.arrives(new_page, live)
    tour.sees(new_page, "1-landing")
    person.consents()
    expect(new_page.get_by_role("button", name="Start")).to_be_visible()
    tour.sees(new_page, "2-instructions")
    person.reads_on()
    person.waits_for_question(1)
    tour.sees(new_page, "3-class-discrimination")
    person.clicks(1)
    person.waits_for_question(2)
    new_page.reload()
    expect(new_page.get_by_role("heading", name="Welcome back")).to_be_visible()
    tour.sees(new_page, "4-welcome-back")
    for n in range(2, TRIALS["seeing"] + 1):
        person.reads_on()
        person.clicks(n)
    expect(new_page.get_by_text("Part 1 is done.")).to_be_visible()
    tour.sees(new_page, "5-break")
    person.reads_on()
    person.waits_for_question(TRIALS["seeing"] + 1)
    tour.sees(new_page, "6-trust")
    person.finishes(first=TRIALS["seeing"] + 1)
    tour.sees(new_page, "7-finish")


def test_axe_finds_nothing_while_answers_wait_and_pictures_load(new_page: Page, live: LiveStudy, tour: Tour) -> None:
    person = Person.arrives(new_page, live)
    new_page.route("**/images/*", lambda route: route.abort())  # first: instructions fetch the first picture already
    person.consents()
    person.reads_on()
    expect(new_page.get_by_role("button", name="Try again now")).to_be_visible()
    tour.sees(new_page, "8-picture-missing")
    new_page.get_by_role("button", name="Try again now").click()
    new_page.unroute("**/images/*")  # after it: the page tries by itself too, and then the button is gone
    person.waits_for_question(1)
    new_page.route("**/trials/*", lambda route: route.abort())
    person.clicks(1)
    person.waits_for_question(2)
    expect(new_page.locator("#save-note")).to_contain_text("Not saved yet")
    tour.sees(new_page, "9-not-saved")


def test_axe_finds_nothing_on_error_pages(new_page: Page, live: LiveStudy, tour: Tour) -> None:
    new_page.goto(f"{live.origin}/p/nobody")
    expect(new_page.get_by_role("heading", level=1)).to_be_visible()
    tour.sees(new_page, "error")


A4 = {"width": 680, "height": 1022}  # CSS pixels between the margins of the printed report


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of simulated people: it has the most to show, banner and bands included."""
    folder = tmp_path_factory.mktemp("report")
    with drawn_only("as_svg"):
        return analyze(write_export(small_study(), folder / "export"), folder / "report")


def test_axe_finds_nothing_on_a_report_whose_first_page_fits_one_sheet(
    new_page: Page, report: Path, tour: Tour, device: str
) -> None:
    for name in ("report", "supplement"):
        new_page.goto(report.with_name(f"{name}.html").as_uri())
        tour.sees(new_page, name)
    new_page.goto(report.as_uri())
    drawn = new_page.locator("figure.wide img").nth(1).evaluate("image => image.naturalWidth / image.naturalHeight")
    assert (drawn < 3) == (device == "phone"), "the narrow drawing is for phones"
    new_page.emulate_media(media="print")
    new_page.set_viewport_size(A4)
    below = new_page.locator(".front").evaluate("front => front.getBoundingClientRect().bottom")
    assert below <= A4["height"]
    # What is longer than that leaves no empty sheet behind, and the list of contents stays in one piece.
    assert new_page.locator(".front").evaluate("front => getComputedStyle(front).breakAfter") == "auto"
    assert new_page.locator(".contents").evaluate("list => getComputedStyle(list).breakInside") == "avoid"


def test_axe_finds_nothing_on_a_researchers_pages(new_page: Page, live: LiveStudy, tour: Tour) -> None:
    live.fills(people=8, simulated=3)
    join(live.app)  # one who has only just begun
    name, password = RESEARCHER
    new_page.goto(f"{live.origin}/researcher/")
    tour.sees(new_page, "researcher-1-login")
    new_page.get_by_label("Name").fill(name)
    new_page.get_by_label("Password").fill("not the password")
    new_page.get_by_role("button", name="Log in").click()
    expect(new_page.get_by_role("alert")).to_be_visible()
    new_page.get_by_label("Password").fill(password)
    new_page.get_by_role("button", name="Log in").click()
    tour.sees(new_page, "researcher-2-studies")
    new_page.get_by_role("link", name="What did the network see?").click()
    tour.sees(new_page, "researcher-3-progress")
    new_page.get_by_role("link", name="Collect more…").click()
    tour.sees(new_page, "researcher-4-changes")
    new_page.get_by_role("link", name="Participants", exact=True).click()
    tour.sees(new_page, "researcher-5-participants")
    new_page.get_by_role("rowheader").get_by_role("link").first.click()
    new_page.get_by_role("link", name="Exclude…").click()
    tour.sees(new_page, "researcher-6-participant")
    new_page.goto(f"{live.origin}/researcher/studies/none")
    tour.sees(new_page, "researcher-7-error")
    new_page.get_by_role("link", name="Back to the researchers' pages").click()
    expect(new_page.get_by_role("link", name="What did the network see?")).to_be_visible()


def test_a_researcher_previews_the_whole_study_and_nothing_is_stored(page: Page, live: LiveStudy) -> None:
    logs_in(page, live)
    page.get_by_role("link", name="Preview as a participant").click()
    assert findings(page) == []
    page.get_by_role("link", name="Continue to the questions").click()
    before = live.counts()
    person = Person(page, live)
    for n in range(1, TOTAL + 1):
        person.reads_on()
        person.clicks(n)
    assert person.code() == "PREVIEW"
    expect(page.get_by_text("nothing you do here is stored")).to_be_visible()
    assert findings(page) == []
    assert live.counts() == before


def logs_in(page: Page, live: LiveStudy) -> None:
    name, password = RESEARCHER
    page.goto(f"{live.origin}/researcher/studies/demo")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{live.origin}/researcher/studies/demo")


def test_a_researcher_downloads_the_data_and_sees_no_estimates(page: Page, live: LiveStudy) -> None:
    live.fills(people=1, simulated=1)
    logs_in(page, live)
    page.get_by_role("link", name="Simulated participants").click()
    expect(page.get_by_role("heading", name="Simulated participants")).to_be_visible()
    expect(page.get_by_text("They are not people")).to_be_visible()
    text = page.locator("main").inner_text().lower()
    for order in ("correct option listed first", "mean trial position"):
        text = text.replace(order, "")
    assert not any(word in text for word in ("accuracy", "correct", "score", "mean"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the data").click()
    assert download.value.suggested_filename.startswith("discern-demo-")


def test_everything_is_readable_at_200_percent_zoom(
    open_context: Callable[..., BrowserContext], live: LiveStudy
) -> None:
    page = open_context(**ZOOMED).new_page()
    person = Person.arrives(page, live)
    assert fits_the_width(page)
    person.starts()
    for n in range(1, TOTAL + 1):
        person.reads_on()
        person.waits_for_question(n)
        assert fits_the_width(page)
        person.options.last.scroll_into_view_if_needed()
        expect(person.options.last).to_be_in_viewport(ratio=0.99)
        person.clicks(n)
    person.code()
    assert fits_the_width(page)


def test_nothing_moves_when_a_picture_arrives_late(person: Person) -> None:
    page, held = person.page, list[Route]()
    page.route("**/images/*", lambda route: held.append(route), times=1)  # before consent, as above
    person.consents()
    person.reads_on()
    expect(page.get_by_text("The picture is loading")).to_be_visible()
    before = person.options.first.bounding_box()
    held.pop().continue_()
    person.waits_for_question(1)
    assert person.options.first.bounding_box() == before
    person.clicks(1)
    person.waits_for_question(2)
    assert person.options.first.bounding_box() == before
