"""Pictures, storage and clocks of a browser that fail in silence, and pages that somebody else has altered."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from study.conduct.failures import PICTURE
from study.views.server.counts import failures
from tests.browser.person import Person, stop_the_clock
from tests.browser.studies import LiveStudy

NEVER_OPENS = "indexedDB.open = () => ({})"
NEVER_COMPLETES = """
  const real = IDBDatabase.prototype.transaction
  IDBDatabase.prototype.transaction = function (...given) {
    if (given[1] !== "readwrite") return real.apply(this, given)
    return { objectStore: () => ({ put: () => ({}), delete: () => ({}) }) }
  }
"""


def missed(live: LiveStudy) -> int:
    with live.app.app_context():
        return failures().last_hour(failures().started_at, PICTURE)


def test_a_picture_that_never_answers_leaves_a_way_out_and_is_counted(page: Page, live: LiveStudy) -> None:
    held: list[Route] = []
    page.clock.install()
    person = Person.arrives(page, live)
    page.route("**/images/*", lambda route: held.append(route))
    person.consents()
    before = missed(live)
    stop_the_clock(page)
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".loading-note")).to_be_attached()
    page.clock.run_for(21_000)
    note = page.locator(".loading-note")
    expect(note).to_contain_text("taking longer than usual")
    with page.expect_response("**/missing"):
        page.clock.run_for(10_000)
    expect(note).to_contain_text("This is our fault, not yours")
    expect(note).to_contain_text("someone@example.org")
    expect(note.get_by_role("link", name="Stop taking part")).to_have_attribute("href", re.compile("/leave$"))
    assert missed(live) == before + 1

    page.unroute("**/images/*")
    page.clock.run_for(45_000)  # the second try may take 40 seconds
    page.clock.resume()
    expect(person.options.first).to_be_enabled()
    expect(note).to_be_empty()


@pytest.mark.parametrize("fault", [NEVER_OPENS, NEVER_COMPLETES], ids=["open", "transaction"])
def test_a_storage_that_never_answers_stops_nobody(page: Page, live: LiveStudy, fault: str) -> None:
    page.add_init_script(fault)
    person = Person.arrives(page, live)
    person.starts()
    person.clicks(1)
    person.clicks(2)
    assert [answer.position for answer in person.stored(2)] == [0, 1]


def test_a_clock_that_runs_backwards_gives_no_response_time(page: Page, live: LiveStudy) -> None:
    page.add_init_script("Object.defineProperty(Event.prototype, 'timeStamp', { get: () => -5 })")
    person = Person.arrives(page, live)
    person.starts()
    person.clicks(1)
    assert [answer.rt for answer in person.stored(1)] == [None]


def test_translation_and_colours_of_the_browser_are_noted_once(
    open_context: Callable[..., BrowserContext], live: LiveStudy
) -> None:
    page = open_context(forced_colors="active").new_page()
    person = Person.arrives(page, live)
    person.starts()
    page.evaluate("document.documentElement.className = 'translated-ltr'")
    page.evaluate("document.documentElement.lang = 'de'")
    person.clicks(1)
    person.stored(1)
    assert sorted({"translated", "forced-colors"} & {*(noted := live.events(person.token))}) == [
        "forced-colors",
        "translated",
    ]
    assert max(noted.count(name) for name in ("translated", "forced-colors")) == 1


def test_a_page_that_the_browser_darkens_is_noted(page: Page, live: LiveStudy) -> None:
    page.context.new_cdp_session(page).send("Emulation.setAutoDarkModeOverride", {"enabled": True})
    person = Person.arrives(page, live)
    person.starts()
    person.clicks(1)
    person.stored(1)
    assert live.events(person.token).count("forced-dark") == 1


def test_nothing_is_noted_of_a_page_as_it_is(person: Person, live: LiveStudy) -> None:
    person.starts()
    person.clicks(1)
    person.stored(1)
    assert not {"translated", "forced-colors", "forced-dark"} & {*live.events(person.token)}


def test_the_next_person_at_a_computer_starts_anew(page: Page, live: LiveStudy) -> None:
    person = Person.arrives(page, live)
    person.starts()
    person.clicks(1)
    person.stored(1)
    first = person.token
    page.goto(live.landing)
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    page.get_by_role("button", name="Not you? Start anew").click()
    person.consents()
    assert person.token != first
    assert len(live.answers(first)) == 1
