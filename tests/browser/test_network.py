"""On slow links, with ad blockers, and nowhere but here: what the study's page asks of the network."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, CDPSession, Page, Request, expect

from tests.browser.conftest import PHONE
from tests.browser.person import Person
from tests.browser.studies import TOTAL, TRIALS, LiveStudy

STATIC = Path(__file__).parents[2] / "study" / "static"
# What lists like EasyList block or hide, wherever it stands between the separators of a path or name.
BLOCKED = re.compile(
    r"(?:^|[/._-])(ads?|advert\w*|affiliate\w*|analytics?|banners?|beacon|collect|metrics?|pixel|popup|promo\w*"
    r"|sponsor\w*|stats?|telemetry|track\w*)(?:[/._-]|$)",
    re.IGNORECASE,
)
CONDITIONS = "Network.emulateNetworkConditions"
SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
HARDLY_ANY = SLOW_3G | {"latency": 1500, "downloadThroughput": 12_000}
CUT = SLOW_3G | {"offline": True}


def throttle(page: Page, conditions: dict) -> CDPSession:
    """Other conditions for the same page later: by the same session, or the first ones stay."""
    devtools = page.context.new_cdp_session(page)
    devtools.send(CONDITIONS, conditions)
    return devtools


def test_what_ad_blockers_look_for_is_told_apart() -> None:
    for blocked in ("/ad/1", "/js/banner.js", "/track", "/p/x/analytics", "user-tracking.js", "top_banner"):
        assert BLOCKED.search(blocked), blocked
    for fine in (
        "/p/x/trials/y",
        "/s/demo",
        "/static/js/participant/delivery.js",
        "/load",
        "/readable",
        "/p/x/images/y",
    ):
        assert not BLOCKED.search(fine), fine


def test_no_address_file_or_element_has_a_name_that_ad_blockers_block(live: LiveStudy) -> None:
    names = [rule.rule for rule in live.app.url_map.iter_rules()]
    names += [str(path.relative_to(STATIC)) for path in STATIC.rglob("*") if path.is_file()]
    for template in (STATIC.parent / "templates").rglob("*.html"):
        names += re.findall(r'(?:id|class)="([\w -]+)"', template.read_text(encoding="utf-8"))
    assert len(names) > 50
    assert [name for name in names if any(BLOCKED.search(part) for part in name.split())] == []


def test_a_whole_study_asks_nobody_else_and_nothing_that_is_blocked(page: Page, live: LiveStudy) -> None:
    asked: list[Request] = []
    page.context.on("request", lambda request: asked.append(request))
    person = Person.arrives(page, live)
    person.starts()
    person.finishes()
    page.get_by_role("link", name="Withdraw", exact=True).click()
    addresses = [request.url for request in asked]
    assert len(addresses) > TOTAL
    assert [url for url in addresses if not url.startswith((live.origin + "/", "data:"))] == []
    assert [url for url in addresses if BLOCKED.search(url.removeprefix(live.origin))] == []


def test_on_a_slow_link_the_next_pictures_are_there_before_their_questions(person: Person) -> None:
    page, there = person.page, []
    page.on("requestfinished", lambda request: "/images/" in request.url and there.append(request))
    person.consents()
    devtools = throttle(page, SLOW_3G)
    person.reads_on()
    person.waits_for_question(1)
    deadline = time.monotonic() + 60
    while len(there) <= TRIALS["seeing"] and time.monotonic() < deadline:  # somebody looks at the first picture
        page.wait_for_timeout(200)
    assert len(there) > TRIALS["seeing"], "pictures of later questions, those of the next task among them"
    devtools.send(CONDITIONS, CUT)
    person.clicks(1)
    expect(page.locator("#save-note")).to_have_text("Offline, answers stored")
    person.waits_for_question(2)


def test_on_a_link_that_hardly_works_the_page_says_so_and_waits(
    open_context: Callable[..., BrowserContext], live: LiveStudy
) -> None:
    page = open_context(**PHONE).new_page()
    person = Person.arrives(page, live)
    page.route("**/images/*", lambda route: route.abort())  # they come while the instructions are read
    person.consents()
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    throttle(page, HARDLY_ANY)
    page.unroute("**/images/*")
    person.reads_on()
    expect(page.get_by_text(re.compile("The picture is (loading|taking longer)"))).to_be_visible()
    expect(person.options.first).to_be_disabled()
    person.clicks(1)
    person.waits_for_question(2)
    (stored,) = person.stored(1)
    assert stored.rt < 5000, "the wait is not part of it"


def test_the_page_of_the_questions_is_light(open_context: Callable[..., BrowserContext], live: LiveStudy) -> None:
    """With nothing in the cache. How soon it can be used is measured by bench/trial_page.py."""
    page = open_context().new_page()
    done: list[Request] = []
    page.on("requestfinished", lambda request: done.append(request))
    person = Person.arrives(page, live)
    person.starts()
    person.waits_for_question(1)
    sizes = [request.sizes() for request in done if "/images/" not in request.url]
    weight = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    assert 50_000 < weight < 400_000
