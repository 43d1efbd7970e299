"""The page of screening answers a form; back and reload must not lead to the browser's own error page."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.person import Person
from tests.browser.studies import serving

ANSWERS = {"yes": {"en": "Yes"}, "no": {"en": "No"}}
SCREENING = {"questions": [{"name": "used", "text": {"en": "Have you used it?"}, "options": ANSWERS}]}


def test_reload_and_back_lead_to_the_sheet_and_then_into_the_study(page: Page, tmp_path: Path) -> None:
    ids = "?PROLIFIC_PID=5f0c1e2d3a4b5f0c1e2d3a4b&STUDY_ID=60aa&SESSION_ID=70bb"
    with serving(tmp_path, provider="prolific", screening=SCREENING) as live:
        person = Person.arrives(page, live, ids)
        agree = page.get_by_role("button", name="Agree and continue")
        for _ in range(2):
            page.get_by_role("checkbox").check()
            agree.click()
            expect(page.get_by_text("Have you used it?")).to_be_visible()
            page.reload()
            expect(agree).to_be_visible()
            assert page.url == live.landing + ids
        page.get_by_role("checkbox").check()
        agree.click()
        page.get_by_role("radio", name="Yes").check()
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url("**/study")
        token = person.token
        page.go_back()
        page.wait_for_url(f"**/p/{token}/study")
