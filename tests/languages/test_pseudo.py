"""The language made for tests: what it changes, what it keeps, and that it is a language like any other."""

import os

import pytest
from matplotlib import font_manager

from languages.read import languages, translations
from tests.languages.pseudo import ACCENTED, CODE, plain_words, pseudo, write_language

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
TEXTS = """
msgid "Hello {name}, %(n)s of 5%% <a href=\\"x\\">here</a> &ndash;"
msgstr ""

msgctxt "verb"
msgid "Close"
msgstr ""

msgid "{n} person"
msgid_plural "{n} people"
msgstr[0] ""
msgstr[1] ""
"""


@pytest.mark.parametrize("kept", ["{name}", "%(n)s", "%s", "%%", '<a href="here">', "</a>", "&ndash;", "https://a.org"])
def test_what_a_text_needs_to_work_is_kept(kept):
    assert kept in pseudo(f"Before {kept} after")


def test_a_text_is_longer_accented_and_in_brackets():
    text = "Abc xyz"
    assert pseudo(text) == "[Áƀ" + "ć ẋýź~~~]"
    assert all(ord(letter) > 127 for letter in ACCENTED.values())


def test_plain_words_are_found_and_accented_ones_are_not():
    assert plain_words(pseudo("Some words") + " left plain, p = 0.05, and x2", ["plain text"]) == ["left", "and"]


def test_the_figures_font_has_its_letters():
    font = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    assert [letter for letter in ACCENTED.values() if not font.get_char_index(ord(letter))] == []


def test_it_is_a_language_like_any_other(tmp_path, monkeypatch):
    english, made = tmp_path / "further" / "en", tmp_path / "made"
    english.mkdir(parents=True)
    (english / "pages.po").write_text(HEADER + TEXTS, encoding="utf-8")
    (english / "tasks.toml").write_text('[kinds.half]\nright = 1\noptions = ["Upper", "Lower {x}"]\n')
    monkeypatch.setenv("DISCERN_LANGUAGES", str(english.parent))
    write_language(made)
    monkeypatch.setenv("DISCERN_LANGUAGES", f"{english.parent}{os.pathsep}{made}")
    assert languages()[CODE].name == pseudo("English")
    assert languages()[CODE].tasks["kinds"]["half"] == {"right": 1, "options": [pseudo("Upper"), pseudo("Lower {x}")]}
    pages = translations(CODE, "pages")
    assert pages.gettext('Hello {name}, %(n)s of 5%% <a href="x">here</a> &ndash;').startswith(
        "[Ĥéĺĺó {name}, %(n)s óƒ 5%% <a"
    )
    assert pages.pgettext("verb", "Close") == pseudo("Close")
    assert [pages.ngettext("{n} person", "{n} people", n) for n in (1, 2)] == [
        pseudo("{n} person"),
        pseudo("{n} people"),
    ]
