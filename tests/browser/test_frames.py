"""A study in a frame of another site, in a real browser."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import PATIENCE_MS
from tests.browser.studies import TOTAL, serving
from tests.study.visitor import Visitor


def test_in_a_frame_of_a_named_host_a_person_takes_part_and_returns_to_the_whole_page(
    browser: Browser, tmp_path: Path
) -> None:
    """Not in `open_context`, because the other site, which is never asked over the network, is foreign to it."""
    outer, back = "https://survey.example.org/page", "https://survey.example.org/done?id={pid}"
    context = browser.new_context(permissions=["local-network-access"])  # our address is one of this machine
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    hosts = {"frame_hosts": ["https://survey.example.org"], "return_url": back}
    with serving(tmp_path, participants=hosts) as live:
        frame = f'<iframe src="{live.landing}?pid=p7" width="1200" height="700"></iframe>'
        page.route("https://survey.example.org/**", lambda route: route.fulfill(content_type="text/html", body=frame))
        page.goto(outer)
        framed = page.frame_locator("iframe")
        framed.get_by_role("checkbox").check()
        framed.get_by_role("button", name="Agree and continue").click()
        framed.locator(".page-buttons .button").click()
        framed.locator(".option").first.click()
        expect(framed.locator("#progress-text")).to_have_text(f"Question 2 of {TOTAL}")
        page.reload()
        expect(framed.locator("#progress-text")).to_have_text(f"1 of {TOTAL} questions answered")
        token = page.frames[1].url.split("/p/")[1].split("/")[0]
        Visitor(live.app.test_client(), token).finish()
        page.reload()
        framed.get_by_role("link", name="Complete and return").click()
        page.wait_for_url(back.format(pid="p7"))
    context.close()
