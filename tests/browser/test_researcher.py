"""Researchers' pages in a browser: accessible in light and dark, on a phone and at a desk; kept up to date by a script."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.studies import LiveStudy
from tests.browser.test_appearance import DEVICES, Tour, findings, logs_in
from tests.study.visitor import join

PAGES = {
    "progress": "/researcher/studies/demo",
    "quality": "/researcher/studies/demo/quality",
    "quality-of-nobody": "/researcher/studies/demo/quality?kind=machine",
    "close": "/researcher/studies/demo?form=close",
    "simulated": "/researcher/studies/demo?kind=simulated",
    "participants": "/researcher/studies/demo/participants",
    "answers": "/researcher/studies/demo/answers",
    "changes": "/researcher/studies/demo/changes",
    "server": "/researcher/server",
    "studies": "/researcher/",
    "error": "/researcher/studies/none",
}


@pytest.mark.parametrize(("scheme", "device"), [("light", "phone"), ("dark", "desktop")])
def test_axe_finds_nothing_on_the_pages_that_watch_a_study(
    open_context: Callable[..., BrowserContext], live: LiveStudy, screenshots, device: str, scheme: str
) -> None:
    live.fills(people=2, simulated=1)
    join(live.app)  # one who has only just begun
    page = open_context(**DEVICES[device], color_scheme=scheme).new_page()
    logs_in(page, live)
    tour = Tour(f"{device}-{scheme}", screenshots)
    for name, path in PAGES.items():
        page.goto(live.origin + path)
        for summary in page.locator("figure summary").all():
            summary.click()
        tour.sees(page, f"watch-{name}")


@pytest.fixture
def progress(page: Page, live: LiveStudy) -> Page:
    """The progress page of a study with somebody in it, whose clock the test moves."""
    live.fills(people=1, simulated=0)
    page.clock.install()
    logs_in(page, live)
    return page


def consented_cell(page: Page) -> Locator:
    return page.get_by_role("row", name="Consented").first.get_by_role("cell").first


def consented(page: Page) -> int:
    return int(consented_cell(page).inner_text())


def test_counts_are_brought_up_to_date_and_what_is_open_stays_open(progress: Page, live: LiveStudy) -> None:
    before = consented(progress)
    first = progress.locator("figure details").first
    first.locator("summary").click()
    search = progress.get_by_label("Search by code")
    search.fill("p12")
    first.locator("summary").focus()
    join(live.app)
    progress.clock.run_for(31_000)
    expect(consented_cell(progress)).to_have_text(str(before + 1))
    expect(first).to_have_attribute("open", "")
    expect(first.locator("summary")).to_be_focused()
    expect(search).to_have_value("p12")
    assert findings(progress) == []


def test_updates_can_be_paused_with_the_keyboard_and_resumed(progress: Page, live: LiveStudy) -> None:
    before = consented(progress)
    progress.get_by_role("button", name="Pause updates").press("Enter")
    join(live.app)
    progress.clock.run_for(120_000)
    assert consented(progress) == before
    progress.get_by_role("button", name="Resume updates").press("Enter")
    progress.clock.run_for(31_000)
    expect(consented_cell(progress)).to_have_text(str(before + 1))
    expect(progress.get_by_role("button", name="Pause updates")).to_be_focused()


def test_after_a_log_out_elsewhere_the_page_stops_asking_and_says_so(progress: Page, live: LiveStudy) -> None:
    progress.context.clear_cookies()
    asked = []
    progress.on("request", lambda request: asked.append(request.url == progress.url))
    progress.clock.run_for(31_000)
    expect(progress.get_by_text("Not updated any more")).to_be_visible()
    progress.clock.run_for(300_000)
    assert sum(asked) == 1


def test_the_pages_work_without_scripts(open_context: Callable[..., BrowserContext], live: LiveStudy) -> None:
    live.fills(people=1, simulated=0)
    page = open_context(java_script_enabled=False).new_page()
    logs_in(page, live)
    page.get_by_text("As a table").first.click()
    expect(page.locator("figure table").first).to_be_visible()
    expect(page.locator("[data-chart]:visible")).to_have_count(0)
    expect(page.get_by_role("button", name="Pause updates")).to_have_count(0)
    pause = page.get_by_role("button", name="Pause")
    box = pause.bounding_box()
    assert box["y"] + box["height"] <= 100, "what changes the study is at the top"
    pause.click()
    done = page.get_by_role("status")
    expect(done).to_contain_text("Nobody new can join.")
    expect(done).to_be_focused()
    done.get_by_role("button", name="Undo").click()
    expect(done).to_contain_text("People can join now.")
    page.get_by_role("link", name="Close…").click()
    page.get_by_label("To confirm, type the study's name").fill("something else")
    page.get_by_role("button", name="Close the study").click()
    expect(page.get_by_label("To confirm, type the study's name")).to_have_value("something else")
    expect(page.get_by_label("To confirm, type the study's name")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("To close the study, type its name")
    page.get_by_label("State").select_option("finished")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row", name="Finished")).not_to_have_count(0)
    expect(page.get_by_text("Taking part", exact=True)).to_have_count(0)
