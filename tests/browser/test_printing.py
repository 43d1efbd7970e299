"""What a real browser makes of a report's page."""

import re
import unicodedata
from functools import partial
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page
from pypdf import PdfReader

import analysis.report
from analysis.config import AnalysisConfig, ContrastConfig
from analysis.display.wording import in_language
from analysis.report.printing import print_pdf
from analysis.report.write import analyze
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from tests.analysis.exports import write_export
from tests.browser.test_appearance import fits_the_width

LONG = ("deconvolution-grad-cam", "shuffled-grad-cam")  # with the longest names of methods


def test_a_page_is_printed_with_the_same_bytes_each_time(tmp_path: Path, browser_program: str) -> None:
    page = tmp_path / "report.html"
    page.write_text("<!doctype html><title>A report</title><h1>정답률</h1>" + "<p>words</p>" * 99)
    one, two = tmp_path / "one.pdf", tmp_path / "two.pdf"
    for file in (one, two):
        print_pdf(page, file, browser_program)
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes().count(b"/Type /Page\n") > 1
    assert b"Date" not in one.read_bytes()


def test_a_tall_figure_leaves_room_for_the_end_of_a_table_above_it(tmp_path: Path, browser_program: str) -> None:
    style = (Path(analysis.report.__file__).parent / "templates/report.css").read_text(encoding="utf-8")
    drawn = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="15" viewBox="0 0 10 15"></svg>'
    (tmp_path / "tall.svg").write_text(drawn, encoding="utf-8")
    page, file = tmp_path / "page.html", tmp_path / "page.pdf"
    body = '<div style="height: 7cm"></div><figure class="wide"><img src="tall.svg"></figure>'
    page.write_text(f"<!doctype html><style>{style}</style>{body}", encoding="utf-8")
    print_pdf(page, file, browser_program)
    assert file.read_bytes().count(b"/Type /Page\n") == 1


@pytest.mark.parametrize("language", ["en", "de", "ko"])
def test_the_first_page_and_the_results_of_a_study_of_two_tasks_take_nine_pages_at_most(
    tmp_path: Path, browser_program: str, language: str
) -> None:
    """Like the demo: four methods and two. The supplement is a file of its own."""
    four = ("deconvolution", "guided-backprop", "deconvolution-grad-cam", "guided-grad-cam")
    designs = (
        TaskDesign("seeing", "class-discrimination", four, images=20, ratings=9),
        TaskDesign("trusting", "trust", ("guided-backprop", "guided-grad-cam"), images=15, ratings=12),
    )
    pairs = (("seeing", *four[3:0:-2]), ("trusting", "guided-grad-cam", "guided-backprop"))
    contrasts = tuple(ContrastConfig(task=task, a=a, b=b) for task, a, b in pairs)
    config = AnalysisConfig(contrasts=contrasts, paper="grad-cam")
    export = simulate_export(np.random.default_rng(5), designs=designs, participants=72, config=config)
    folder = write_export(export, tmp_path / "export")
    printed = partial(print_pdf, browser=browser_program)
    report = analyze(folder, tmp_path / "report", translate=in_language(language), to_pdf=printed)
    assert 4 <= (report.parent / "report.pdf").read_bytes().count(b"/Type /Page\n") <= 9
    are_numbered_rightly(report)


def are_numbered_rightly(report: Path) -> None:
    """Each heading is on the page that the contents list says. Oracle: the text of the pages."""
    html = report.read_text(encoding="utf-8")
    entries = re.findall(r'<span class="entry"><a href="[^"]*">(\d.*?)</a>', html)
    pages = [_lines(page.extract_text()) for page in PdfReader(report.parent / "report.pdf").pages]
    shown = {line for lines in pages for line in lines}
    assert len(entries) > 8
    for words in map(_squeezed, map(unescape, entries)):
        (page,) = [n for n, lines in enumerate(pages, start=1) if words in lines]
        assert f"{words}{page}" in shown


def _lines(text: str) -> list[str]:
    return [_squeezed(line) for line in text.splitlines()]


def _squeezed(text: str) -> str:
    """Without spaces and ligatures, of which a PDF has others than its page."""
    return "".join(unicodedata.normalize("NFKC", text).split())


@pytest.fixture
def in_german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The report on methods with long names, without figures."""
    monkeypatch.setattr(
        "analysis.report.write._figures", lambda *_: {"flow": (), "multiverse": (), "task t": (), "quality t": ()}
    )
    config = AnalysisConfig(contrasts=(ContrastConfig(task="t", a=LONG[0], b=LONG[1], smallest_effect=0.05),))
    designs = (TaskDesign("t", "class-discrimination", LONG, images=8, ratings=3),)
    export = simulate_export(np.random.default_rng(5), designs=designs, participants=12, config=config)
    folder = write_export(export, tmp_path / "export")
    return analyze(folder, tmp_path / "report", translate=in_language("de"))


@pytest.mark.parametrize("width", [390, 720, 800, 1100])
def test_no_table_of_long_german_words_is_wider_than_the_page(in_german: Path, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(in_german.as_uri())
    assert fits_the_width(page)


def test_long_headings_of_numbers_leave_the_first_column_a_third_of_the_page(in_german: Path, page: Page) -> None:
    page.set_viewport_size({"width": 680, "height": 900})  # A4 without its margins
    page.emulate_media(media="print")
    page.goto(in_german.as_uri())
    flow = page.locator("table", has=page.get_by_text("Antwort über die geplanten Bewertungen hinaus"))
    widths = [flow.locator(part).first.bounding_box()["width"] for part in ("tbody th", "tbody")]
    assert 0.32 < widths[0] / widths[1] < 0.4
    assert fits_the_width(page)
