"""Letters inside figures: the report's language where the machine can draw it, else English, and said so."""

from pathlib import Path

import pytest
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from analysis.display import drawing
from analysis.display.drawing import DEJAVU, font_for, mark_of
from analysis.display.wording import ENGLISH, in_language
from analysis.report.write import analyze
from languages.read import Language, languages

pytestmark = pytest.mark.slow

KOREAN = in_language("ko")
FIGURES = "figures/simulated"
NO_FONT = "이 컴퓨터에는 한글 글꼴이 없어"


@pytest.fixture
def no_further_font(monkeypatch):
    """A machine whose only fonts are Matplotlib's own."""
    monkeypatch.setattr(drawing, "_found", lambda letters, preferred: None)


def korean_font():
    return font_for(languages()["ko"])


def test_a_korean_font_really_has_korean_letters():
    name = korean_font()
    font = font_manager.get_font(font_manager.findfont(name or DEJAVU, fallback_to_default=False))
    assert all(font.get_char_index(ord(letter)) for letter in "한글정답률") == bool(name)


@pytest.mark.parametrize(("letters", "covered"), [("", True), ("äßçžøığ", True), ("ΩЖ", True), ("한", False)])
def test_only_a_language_whose_letters_dejavu_sans_lacks_needs_another_font(letters, covered, no_further_font):
    assert font_for(Language("xx", "X", letters, (), {})) == (DEJAVU if covered else None)


def test_of_several_fonts_with_the_letters_the_one_that_the_language_prefers_is_taken(monkeypatch, tmp_path):
    """Matplotlib's own fonts stand for a machine's: three families with Latin letters, one without."""
    folder = Path(font_manager.findfont(DEJAVU)).parent
    installed = [str(folder / f"{name}.ttf") for name in ("DejaVuSerif", "cmsy10", "STIXGeneral", "DejaVuSansMono")]
    (tmp_path / "broken.ttf").write_text("no font")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(tmp_path / "broken.ttf"), *installed])
    found = drawing._found.__wrapped__
    assert found("é", ("Nowhere", "STIXGeneral", "DejaVu Serif")) == "STIXGeneral"
    assert found("é", ()) == "DejaVu Sans Mono"
    assert FT2Font(installed[1]).get_char_index(ord("é")) == 0
    assert found("한", ("STIXGeneral",)) is None


@pytest.mark.usefixtures("vector_only")
def test_figures_of_a_korean_report_are_lettered_in_korean_or_the_report_says_that_they_are_not(
    export_folder, small_report, tmp_path
):
    korean = analyze(export_folder, tmp_path / "ko", translate=KOREAN)
    assert (NO_FONT in korean.read_text()) == (korean_font() is None)
    for figure in (small_report.folder / FIGURES).glob("*.svg"):
        same = figure.read_bytes() == (korean.parent / FIGURES / figure.name).read_bytes()
        assert same == (korean_font() is None), figure.name


@pytest.mark.usefixtures("no_further_font", "vector_only")
def test_without_a_font_figures_are_english_and_the_report_says_so(export_folder, small_report, tmp_path):
    korean = analyze(export_folder, tmp_path / "ko", translate=KOREAN)
    assert NO_FONT in korean.read_text()
    pictures = [folder / FIGURES / "seeing-accuracy.svg" for folder in (korean.parent, small_report.folder)]
    assert pictures[0].read_bytes() == pictures[1].read_bytes()


@pytest.mark.parametrize(
    ("kind", "words"),
    [("human", ""), ("simulated", "SIMULATED"), ("machine", "MACHINE"), ("machine:box-energy", "MACHINE: box-energy")],
)
def test_a_figure_says_who_answered_unless_people_did(kind, words):
    assert mark_of(kind, ENGLISH) == words
