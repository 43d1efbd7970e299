"""Letters inside figures: the report's language where the machine can draw it, else English, and said so."""

import pytest
from matplotlib import font_manager

from analysis.display import drawing
from analysis.display.drawing import korean_font, watermark
from analysis.display.wording import ENGLISH
from analysis.report.write import analyze, in_language

KOREAN = in_language("ko")
NO_FONT = "이 컴퓨터에는 한글 글꼴이 없어"


@pytest.fixture
def no_korean_font(monkeypatch):
    """A machine whose only fonts are Matplotlib's own."""
    monkeypatch.setattr(drawing, "korean_font", lambda: None)


def test_a_korean_font_really_has_korean_letters():
    name = korean_font()
    font = font_manager.get_font(font_manager.findfont(name or "DejaVu Sans", fallback_to_default=False))
    assert all(font.get_char_index(ord(letter)) for letter in "한글정답률") == bool(name)


def test_figures_of_a_korean_report_are_lettered_in_korean_or_the_report_says_that_they_are_not(
    export_folder, tmp_path
):
    reports = {
        translate.language: analyze(export_folder, tmp_path / translate.language, translate=translate)
        for translate in (KOREAN, ENGLISH)
    }
    assert (NO_FONT in reports["ko"].read_text()) == (korean_font() is None)
    drawn = {language: path.parent / "figures" / "simulated" for language, path in reports.items()}
    for figure in drawn["en"].iterdir():
        same = figure.read_bytes() == (drawn["ko"] / figure.name).read_bytes()
        assert same == (korean_font() is None), figure.name


def test_without_a_korean_font_figures_are_english_and_the_report_says_so(export_folder, tmp_path, no_korean_font):
    korean, english = (analyze(export_folder, tmp_path / s.language, translate=s) for s in (KOREAN, ENGLISH))
    assert NO_FONT in korean.read_text()
    pictures = [path.parent / "figures" / "simulated" / "seeing-accuracy.png" for path in (korean, english)]
    assert pictures[0].read_bytes() == pictures[1].read_bytes()


@pytest.mark.parametrize(
    ("kind", "words"),
    [("human", ""), ("simulated", "SIMULATED"), ("machine", "MACHINE"), ("machine:box-energy", "MACHINE: box-energy")],
)
def test_a_figure_says_who_answered_unless_people_did(kind, words):
    assert watermark(kind, ENGLISH) == words
