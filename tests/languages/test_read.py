"""A language is a folder: what is read from it, and from folders that DISCERN_LANGUAGES adds."""

import pytest

from languages.extract import brought_up
from languages.read import CATALOGUES, HERE, languages, translations, untranslated

HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=2; plural=n > 1;\\n"\n'
)


def write(folder, name, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def further(tmp_path, monkeypatch):
    """A folder with a language of its own, and with more texts for English."""
    write(tmp_path / "xx", "about.toml", 'name = "Ixx"\nfonts = ["A", "B"]\nletters = "x"\n')
    write(tmp_path / "xx", "pages.po", HEADER + 'msgid "Contact"\nmsgstr "Xontact"\n')
    write(tmp_path / "xx", "tasks.toml", '[kinds.half]\nquestion = "?"\n')
    write(tmp_path / "en", "tasks.toml", '[kinds.half]\nquestion = "Which half?"\n')
    write(tmp_path / "en", "pages.po", HEADER + 'msgid "One more"\nmsgstr ""\n#, fuzzy\nmsgid "b"\nmsgstr "b"\n')
    monkeypatch.setenv("DISCERN_LANGUAGES", str(tmp_path))
    return tmp_path


def test_english_is_first_and_each_language_has_its_own_name():
    assert next(iter(languages())) == "en"
    assert languages()["ko"].name == "한국어"


def test_a_further_folder_adds_a_language_and_completes_one(further, monkeypatch):
    with monkeypatch.context() as without:
        without.delenv("DISCERN_LANGUAGES")
        before = languages()
    assert languages().keys() - before.keys() == {"xx"}
    found = languages()["xx"]
    assert (found.name, found.fonts, found.letters) == ("Ixx", ("A", "B"), "x")
    assert translations("xx", "pages").gettext("Contact") == "Xontact"
    assert translations("xx", "pages").gettext("Not there") == "Not there"
    assert languages()["en"].tasks["kinds"]["half"]["question"] == "Which half?"


def test_what_is_missing_or_fuzzy_is_named(further):
    assert untranslated("en", "pages") == []
    write(further / "xx", "pages.po", HEADER + '#, fuzzy\nmsgid "One more"\nmsgstr "Xone"\n\nmsgid "b"\nmsgstr ""\n')
    assert {"One more", "b"} <= set(untranslated("xx", "pages"))


@pytest.mark.parametrize("catalogue", CATALOGUES)
@pytest.mark.parametrize("code", ["en", "ko", "de"])
def test_catalogues_are_as_make_languages_leaves_them(code, catalogue):
    path = HERE / code / f"{catalogue}.po"
    assert path.read_bytes() == brought_up(path, code, catalogue), "run make languages"
