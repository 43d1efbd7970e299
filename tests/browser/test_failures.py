"""The page of failures in a real browser: the command that it offers chooses the failures that it shows."""

import shlex
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from models.photographs import Photograph
from stimuli.failures.find import Failure, Judged
from stimuli.failures.pictures import Tile
from stimuli.failures.table import Filter
from stimuli.failures.write import _page, _row
from tests.browser.test_appearance import fits_the_width

AGAIN = "./manage.py failures --study my.toml --out failures"
PAIRS = (("dog's bowl", "gas pump"), ("cat", "dog"))
WAYS = product(("one", "two"), PAIRS, ("size", "co-occurring object"), (0.3, 0.5, 0.95))
TILES = [
    Tile(n, Failure(network, Photograph(f"p{n}", Path("p"), 9, 9, ()), wrong, right, sure, 0.1, wrong), group, None, "p", ())
    for n, (network, (right, wrong), group, sure) in enumerate(WAYS)
]  # fmt: skip


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("failures") / "index.html"
    found = [Judged("one", 99, tuple(tile.failure for tile in TILES))]
    file.write_text(_page("Study", found, TILES, AGAIN), encoding="utf-8")
    return file.as_uri()


def chosen_by(command: str) -> set[str]:
    """The photographs that the options of `command` choose, read as a shell reads them."""
    told = shlex.split(command.removeprefix(AGAIN))
    texts = {name: told[told.index(f"--{name}") + 1] if f"--{name}" in told else "" for name in NAMES}
    at = told.index("--confidence") if "--confidence" in told else None
    bounds = (0.0, 2.0) if at is None else (float(told[at + 1]), float(told[at + 2]))
    networks = (texts["network"],) if texts["network"] else ()
    wanted = Filter(networks, texts["true"], texts["predicted"], texts["looks-like"], bounds)
    return {row.image for row in map(_row, TILES) if wanted.shows(row)}


NAMES = ("network", "true", "predicted", "looks-like")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_command_chooses_what_is_shown(page: Page, failures: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(failures)
    page.get_by_text("Make these a study").click()
    command = page.locator("#command")
    expect(command).to_have_text(f"{AGAIN} --make-study failures-study")
    expect(page.get_by_role("heading", level=2)).to_have_text(["Co-occurring object", "Size"])
    for label, value in (
        ("Looks like", "co-occurring object"),
        ("True → predicted", "dog's bowl → gas pump"),
        ("Confidence", "50% to 90%"),
        ("Network", "two"),
    ):
        page.get_by_label(label).select_option(label=value)
        shown = page.locator(".failure:visible").all_inner_texts()
        assert {words.split(" · ")[0].split()[-1] for words in shown} == chosen_by(command.inner_text())
    assert len(shown) == 1
    expect(page.get_by_role("heading", level=2)).to_have_text(["Co-occurring object"])
    page.get_by_role("button", name="Copy the command").click()
    expect(page.locator("#copied")).not_to_be_empty()
    assert fits_the_width(page)
    page.get_by_label("Looks like").select_option(label="annotation")
    expect(page.get_by_text("Make these a study")).to_be_hidden()
