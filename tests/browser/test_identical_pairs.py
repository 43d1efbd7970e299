"""One picture on both sides: a participant and a researcher who previews the study both see it twice."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.person import Person
from tests.browser.studies import NETWORKS, LiveStudy, serving
from tests.browser.test_appearance import DEVICES, Tour, logs_in

PAIRS = 3
PIXELS = """image => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL();
}"""
ONE_TASK = {"kind": "trust", "wording": "robots", "networks": [*NETWORKS], "images": 4, "trials": 1}


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStudy]:
    with serving(tmp_path_factory.mktemp("paired"), **ONE_TASK, identical_pairs=PAIRS) as study:
        yield study


def sees_both(page: Page) -> bool:
    """Both pictures are there, of which this says whether they are one, pixel by pixel."""
    expect(page.locator(".option").first).to_be_enabled()
    shown = page.locator("figure img")
    expect(shown).to_have_count(2)
    left, right = shown.evaluate_all(f"images => images.map({PIXELS})")
    return left == right


def answers_all(person: Person) -> list[bool]:
    same = []
    for n in range(1 + PAIRS):
        person.reads_on()
        expect(person.page.locator("#progress-text")).to_contain_text(f"Question {n + 1} of")
        same.append(sees_both(person.page))
        person.options.nth(2).click()
        person.waits_until_taken()
    return same


@pytest.mark.parametrize("device", [*DEVICES])
def test_a_participant_sees_both(
    device: str, open_context: Callable[..., BrowserContext], paired: LiveStudy, screenshots: Path
) -> None:
    person = Person.arrives(open_context(**DEVICES[device]).new_page(), paired)
    person.starts()
    expect(person.options.first).to_be_enabled()
    Tour(device, screenshots).sees(person.page, "identical-pair")
    assert sum(answers_all(person)) == PAIRS


def test_a_preview_shows_both_though_they_have_one_address(page: Page, paired: LiveStudy) -> None:
    logs_in(page, paired)
    page.get_by_role("link", name="Preview as a participant").click()
    page.get_by_role("link", name="Continue to the questions").click()
    assert sum(answers_all(Person(page, paired))) == PAIRS
