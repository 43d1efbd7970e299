"""A study in which everything comes from outside of Discern: made, taken in a browser, rehearsed, reported."""

import csv
import json
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PHONE
from tests.contracts.small_study import Study
from tests.drawing import drawn_only

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PEOPLE = 12
HANGUL = re.compile("[가-힣]")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The example, opened; its files as they are but for the folder of its stimuli."""
    folder = tmp_path_factory.mktemp("own-study")
    shutil.copytree(ROOT / "examples" / "own-study", folder, dirs_exist_ok=True)
    study = Study(folder)
    study.definition.write_text((folder / "study.toml").read_text().replace('"../../var/own-study/', '"'))
    study.of_study("generate-stimuli")
    study.manage("db", "upgrade")
    study.of_study("open-study")
    return study


@pytest.fixture(scope="module")
def exported(study: Study) -> Path:
    """After simulated people."""
    with study.served() as url:
        study.of_study("simulate", "--url", url, "--participants", str(PEOPLE))
    study.of_study("export", "--out", str(study.folder / "export"))
    return study.folder / "export"


def size_of(picture: Path) -> tuple[int, int]:
    with Image.open(picture) as image:
        return image.size


def rows(exported: Path, table: str) -> list[dict[str, str]]:
    (file,) = (exported / "data").glob(f"*{table}_data.csv")
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_pictures_of_all_kinds_are_of_one_size(study: Study) -> None:
    pictures = sorted((study.folder / "stimuli").rglob("*.png"))
    assert len(pictures) > 20, "equal ones, as the control's, are one file"
    assert {size_of(picture) for picture in pictures} == {(64, 64)}


def test_people_see_their_own_condition_s_methods_and_items_have_their_ratings(exported: Path) -> None:
    main = [row for row in rows(exported, "trials") if row["purpose"] == "main" and row["state"] == "answered"]
    seen = defaultdict(set)
    for row in main:
        if row["task"] == "seeing":
            seen[row["condition"]].add(row["method"])
    assert seen == {"pixels": {"saliency", "brightness"}, "regions": {"grad-cam", "centre-blob"}}
    ratings = Counter((row["condition"], row["item_id"]) for row in main if row["task"] == "seeing")
    assert set(ratings.values()) == {2}


def test_questionnaires_are_answered_before_and_after(exported: Path) -> None:
    answered = Counter(row["questionnaire"] for row in rows(exported, "questionnaire"))
    assert answered == {"expectation": PEOPLE, "load": PEOPLE * 6}


@pytest.mark.parametrize(("language", "method"), [("en", "Centre blob (control)"), ("ko", "중앙 점 (통제)")])
def test_the_report_names_methods_as_the_definition_does(
    exported: Path, tmp_path: Path, language: str, method: str
) -> None:
    with drawn_only():
        out = tmp_path / "report"
        Study(exported.parent).manage("analyze", str(exported), "--out", str(out), "--no-pdf", "--language", language)
    assert method in (out / "report.html").read_text()
    scores = (out / "tables/simulated/questionnaire-scores.csv").read_text().splitlines()
    assert "load" in {row["questionnaire"] for row in csv.DictReader(scores)}
    results = json.loads((out / "results.json").read_text())
    simulated = results["observers"]["simulated"]
    assert simulated["tasks"].keys() == {"seeing", "trusting"}
    pairs = {
        frozenset((row["a"], row["b"])): row["first"] + row["equal"] + row["second"]
        for row in simulated["network-pairs"]
    }
    rated = [row for row in rows(exported, "trials") if (row["task"], row["purpose"]) == ("trusting", "main")]
    shown = {(row["participant_id"], frozenset((row["left_network"], row["right_network"]))) for row in rated}
    assert len(rated) == len(shown) == PEOPLE * 2  # nobody compares the same two networks twice
    assert pairs == Counter(pair for _, pair in shown)
    assert len(pairs) == 3


def goes_on(page: Page) -> None:
    """One step of the way: a page to read, a questionnaire, a question."""
    if page.locator(".option:enabled").count():
        page.locator(".option:enabled").first.click()
        if page.locator(".feedback:not([hidden])").count():
            page.locator(".answered .button").click()
        return expect(page.locator(".option.chosen")).to_have_count(0)
    for group in page.locator("fieldset:has([type=radio])").all():
        group.get_by_role("radio").first.check(force=True)
    for scale in page.locator("input[type=range]").all():
        scale.press("ArrowRight")
    page.locator("main .button:enabled").last.click()
    page.wait_for_timeout(400)


def test_it_is_taken_in_korean_to_the_recruiter_s_page(
    study: Study, open_context: Callable[..., BrowserContext], screenshots: Path | None
) -> None:
    page = open_context(**PHONE).new_page()
    read = []
    with study.served() as url:
        page.goto(f"{url}/s/own-study?pid=r17&language=ko")
        page.get_by_role("checkbox").first.check()
        page.locator("main button[type=submit]").click()
        ends, anything = "a[href^='https://recruiter.example']", ".option:enabled, main .button:enabled"
        for _ in range(40):
            page.locator(f"{ends}, {anything}").first.wait_for()
            read.append(page.locator("main").inner_text())
            if screenshots:
                page.screenshot(path=screenshots / f"own-study-{len(read):02}.png", full_page=True)
            if page.locator(ends).count():
                break
            goes_on(page)
        assert re.fullmatch(
            r"https://recruiter\.example/done\?pid=r17&code=\w+", page.locator(ends).get_attribute("href")
        )
    words = "\n".join(read)
    assert "프로그램은 두 가지 중 무엇을 찾고 있었습니까?" in words
    assert "프로그램이 무엇을 찾았는지 볼 수 있을 것으로 기대합니다." in words
    assert all(HANGUL.search(text) for text in read)
    assert not re.search("saliency|centre-blob|brightness", page.content())
