"""Researchers' charts: Observable Plot draws what the tables say, within the content security policy."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.studies import LiveStudy
from tests.browser.test_appearance import DEVICES, fits_the_width, logs_in
from tests.browser.test_researcher import PAGES, consented, consented_cell
from tests.study.visitor import join

DRAWING = ("progress", "quality", "server")
WATCHES = """
  window.refused = [];
  window.shifts = 0;
  document.addEventListener("securitypolicyviolation", (event) => refused.push(event.violatedDirective));
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (shifts += entry.value)))
    .observe({ type: "layout-shift", buffered: true });
"""
# Per chart: [sizes of its bars in px, numbers of its table], both without what is 0.
SIZES = """() => [...document.querySelectorAll("[data-chart]")].map((place) => {
  const isRows = place.dataset.chart === "rows";
  const table = isRows ? place.previousElementSibling : place.closest("figure").querySelector("table");
  const bars = [...place.querySelectorAll("[aria-label=rect] rect")].map((rect) => rect.getAttribute(isRows ? "width" : "height"));
  const numbers = [...table.querySelectorAll("[data-drawn]")].map((cell) => parseFloat(cell.textContent));
  return [bars.map(Number).filter(Boolean), numbers.filter(Boolean)];
})"""
OVERLAPS = """() => [...document.querySelectorAll("[data-chart] [aria-label='x-axis tick label']")].flatMap((axis) => {
  const boxes = [...axis.children].map((label) => label.getBoundingClientRect()).sort((a, b) => a.left - b.left);
  return boxes.slice(1).filter((box, i) => box.left < boxes[i].right + 3).map((box) => box.left);
})"""


@pytest.fixture(params=[*DEVICES])
def page(request: pytest.FixtureRequest, open_context: Callable[..., BrowserContext], live: LiveStudy) -> Page:
    """A researcher's browser that notes what the policy refuses and what moves."""
    live.fills(people=2, simulated=1)
    context = open_context(**DEVICES[request.param])
    context.add_init_script(WATCHES)
    page = context.new_page()
    logs_in(page, live)
    return page


@pytest.mark.parametrize("name", DRAWING)
def test_every_bar_is_as_long_as_the_number_in_its_table(page: Page, live: LiveStudy, name: str) -> None:
    page.goto(live.origin + PAGES[name])
    expect(page.locator("[data-chart]:not(:has(svg))")).to_have_count(0)
    drawings = page.evaluate(SIZES)
    assert any(bars for bars, _ in drawings)
    for bars, numbers in drawings:
        assert len(bars) == len(numbers)
        scale = bars[0] / numbers[0] if bars else 0
        # A row's bar begins at the axis, a column half a pixel off it at most.
        assert bars == pytest.approx([scale * number for number in numbers], rel=0.02, abs=0.6)


@pytest.mark.parametrize("name", DRAWING)
def test_the_policy_refuses_nothing_and_no_label_runs_into_another(page: Page, live: LiveStudy, name: str) -> None:
    policy = page.goto(live.origin + PAGES[name]).header_value("content-security-policy")
    assert {"script-src 'self'", "style-src 'self'"} <= set(policy.split("; "))
    expect(page.locator("[data-chart] svg").first).to_be_visible()
    assert page.evaluate("refused") == []
    assert page.locator("style").count() == 0
    assert page.evaluate(OVERLAPS) == []
    assert fits_the_width(page)


def test_a_chart_tells_the_exact_number_where_one_points(page: Page, live: LiveStudy) -> None:
    page.goto(live.origin + PAGES["progress"])
    chart = page.locator("[data-line-name=wanted]").first
    chart.locator("[aria-label=rect] rect:not([height='0'])").first.hover()
    tip = chart.locator("[aria-label=tip]")
    expect(tip).to_contain_text("Ratings: ")
    expect(tip).to_contain_text("seeing_00")
    expect(chart).to_contain_text("wanted")


def test_charts_follow_their_tables_and_nothing_on_the_page_moves(page: Page, live: LiveStudy) -> None:
    page.clock.install()
    page.goto(live.origin + PAGES["progress"])
    expect(page.locator("[data-chart]:not(:has(svg))")).to_have_count(0)
    before, people = page.evaluate(SIZES), consented(page)
    page.evaluate("shifts = 0")  # a phone moves things while it loads
    join(live.app)
    page.clock.run_for(31_000)
    expect(consented_cell(page)).to_have_text(str(people + 1))
    after = page.evaluate(SIZES)
    assert all(len(bars) == len(numbers) for bars, numbers in after)
    assert after[0] != before[0]
    assert page.evaluate("shifts") == 0


def test_charts_are_drawn_anew_for_another_width(page: Page, live: LiveStudy) -> None:
    page.goto(live.origin + PAGES["quality"])
    drawing = page.locator("[data-chart=columns] svg").first
    expect(drawing).to_be_visible()
    page.set_viewport_size({"width": 600, "height": 800})
    place = page.locator("[data-chart=columns]").first
    expect(drawing).to_have_attribute("width", str(place.evaluate("place => place.clientWidth")))


def test_an_axis_of_times_has_those_of_the_readers_zone(
    open_context: Callable[..., BrowserContext], live: LiveStudy
) -> None:
    live.fills(people=2, simulated=1)
    page = open_context(timezone_id="Australia/Adelaide").new_page()  # half an hour off all that are often meant
    logs_in(page, live)
    page.goto(live.origin + PAGES["server"])
    axis = page.locator("[data-scale=time] [aria-label='x-axis tick label']")
    told = re.findall(r"\d\d:\d\d", axis.text_content() or "")
    now, there = datetime.now(UTC), ZoneInfo("Australia/Adelaide")
    assert told
    assert set(told) <= {f"{(now - timedelta(minutes=n)).astimezone(there):%H:%M}" for n in range(-1, 65)}
    expect(page.get_by_text("Adelaide time")).to_be_visible()
