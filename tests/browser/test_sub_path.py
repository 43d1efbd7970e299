"""A study and its researchers' pages below a path of a host, https://lab.example/discern/: no address leaves it."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.browser.person import Person
from tests.browser.studies import RESEARCHER, serving

ROOT = "/discern"


def test_everything_is_below_the_path(open_context: Callable[..., BrowserContext], tmp_path: Path) -> None:
    """A person changes the language, finishes, comes back by their cookie and withdraws; a researcher looks."""
    with serving(tmp_path, languages=("en", "de"), root=ROOT) as live:
        context = open_context()
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url.split("/", 3)[3]))
        person = Person.arrives(context.new_page(), live, "?language=de")
        page = person.page
        page.goto(live.landing)
        person.starts()
        page.get_by_role("link", name="Deutsch").click()
        page.get_by_role("button").click()
        page.get_by_role("link", name="English").click()
        page.get_by_role("button").click()
        page.wait_for_url("**/study")
        code = person.finishes()
        assert code == live.completion_code(person.token)
        address = page.get_by_role("link", name="/withdraw").inner_text()
        assert address == f"{live.landing}/withdraw"
        page.goto(live.landing)
        page.wait_for_url("**/finish*")
        withdrawal_code = page.locator("#withdrawal-code").inner_text()
        page.goto(address)
        page.get_by_role("textbox").fill(withdrawal_code)
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Delete my data").click()
        page.wait_for_url("**/withdrawn*")
        page.goto(f"{live.origin}/researcher/studies/demo/quality")
        page.get_by_label("Name").fill(RESEARCHER[0])
        page.get_by_label("Password").fill(RESEARCHER[1])
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"**{ROOT}/researcher/studies/demo/quality")
        page.get_by_role("link", name="Studies").first.click()
        page.get_by_role("link", name="Server").first.click()
        expect(page.get_by_role("heading", name="Server")).to_be_visible()
        assert page.locator("[data-live]").get_attribute("data-live").startswith(f"{ROOT}/")
        cookies = {cookie["name"]: cookie["path"] for cookie in context.cookies(page.url)}
        assert set(cookies) == {"discern-session", "discern-zone"}
        assert all(path.startswith(ROOT) for path in cookies.values())
        assert len(asked) > 50
        assert [path for path in asked if not f"/{path}".startswith(f"{ROOT}/")] == []
