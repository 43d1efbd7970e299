"""The study in Korean, and withdrawing, in a real browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.person import Person
from tests.browser.studies import LiveStudy, serving
from tests.browser.test_appearance import DEVICES, Tour

ENGLISH_WORDS = re.compile(r"\b(the|you|your|and|answers?|question|study)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def bilingual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStudy]:
    with serving(tmp_path_factory.mktemp("bilingual"), languages=("en", "ko")) as study:
        yield study


@pytest.mark.parametrize("device", [*DEVICES])
def test_a_study_in_korean_from_the_link_to_the_withdrawal(
    device: str, open_context: Callable[..., BrowserContext], bilingual: LiveStudy, screenshots: Path
) -> None:
    page, tour = open_context(**DEVICES[device]).new_page(), Tour(device, screenshots)

    def sees(name: str) -> None:
        tour.sees(page, f"korean-{name}")
        assert not ENGLISH_WORDS.search(page.locator("body").inner_text().replace("English", "")), name

    person = Person.arrives(page, bilingual)
    page.get_by_role("link", name="한국어").click()
    expect(page.get_by_role("heading", name="참여 동의")).to_be_visible()
    sees("1-landing")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="연구 시작하기").click()
    while not person.question_is_open():
        page.locator(".page-buttons .button").last.click()
    expect(person.options.first).to_be_enabled()
    sees("2-question")
    for _ in range(5):
        while not person.question_is_open():
            page.locator(".page-buttons .button").last.click()
        expect(person.options.first).to_be_enabled()
        person.options.first.click()
        person.waits_until_taken()
    person.code()
    sees("3-finish")
    page.get_by_role("link", name="참여를 철회하고 내 데이터 삭제하기").click()
    sees("4-withdraw")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="내 데이터 삭제하기").click()
    expect(page.get_by_role("heading", name="데이터가 삭제되었습니다")).to_be_visible()
    sees("5-withdrawn")
