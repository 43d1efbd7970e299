"""The researcher's gallery in a real browser: filters, orders, one picture at large, on a desk and a phone."""

import pytest
from playwright.sync_api import Page, expect

from contracts.stimulus_set import read_stimuli
from stimuli.gallery.write import write_gallery
from stimuli.rendering import Rendering
from tests.browser.test_appearance import fits_the_width
from tests.stimuli.sample_set import make, pictures


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> str:
    home = tmp_path_factory.mktemp("gallery")
    images = pictures(home / "pictures")
    folder = make(home / "set", images)
    by_id = {image.image_id: image for image in images}
    write_gallery(home / "out", "Study", folder, read_stimuli(folder), by_id, lambda _method: Rendering("paper-v1"), 60)
    return (home / "out/index.html").as_uri()


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_pictures_are_filtered_ordered_and_looked_at(page: Page, gallery: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(gallery)
    shown = page.locator(".tile:visible")
    everything = shown.count()
    page.get_by_label("Method").select_option("Grad-CAM")
    page.get_by_label("Network").select_option("weak")
    assert 0 < shown.count() < everything
    expect(page.get_by_role("status")).to_have_text(f"{shown.count()} of {everything} shown")
    assert all("Grad-CAM, weak" in words for words in shown.all_inner_texts())
    page.get_by_label("Order").select_option("emptiest")
    visible = [float(tile.get_attribute("data-visible") or "") for tile in shown.all()]
    assert visible == sorted(visible)
    shown.first.click()
    number = shown.first.get_attribute("data-number")
    expect(page.get_by_role("heading", name=f"Picture {number}")).to_be_in_viewport()
    assert fits_the_width(page)
    page.keyboard.press("Escape")
    expect(page.get_by_label("Selected picture")).to_be_hidden()
    expect(shown.first).to_be_focused()
