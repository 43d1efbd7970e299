"""`./manage.py new-study` writes a definition that loads, with the texts of the languages that were asked for."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import manage
from commands import new_study
from commands.check import _unfinished
from commands.new_study import TEMPLATE, TITLES
from definition import load_definition
from languages.read import HERE as LANGUAGES


def run(*arguments: str) -> str:
    done = CliRunner().invoke(manage.cli, ["new-study", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_definition_loads_as_it_is_written(tmp_path: Path):
    told = run(str(tmp_path / "mine"), "--language", "en", "--language", "ko", "--title", 'A "strange" one', "--categories", "a b, c")  # fmt: skip
    assert f"check --study {tmp_path / 'mine' / 'study.toml'}" in told
    made = load_definition(tmp_path / "mine" / "study.toml")
    assert (made.study.slug, made.study.languages, made.study.title["ko"]) == (
        "my-study",
        ("en", "ko"),
        'A "strange" one',
    )
    assert made.dataset.categories == ("a b", "c")
    assert made.dataset.root == tmp_path / "mine" / "photographs"
    assert "자발적" in made.study.consent["ko"]
    assert sorted(p.name for p in (tmp_path / "mine").iterdir()) == [
        "consent.en.md", "consent.ko.md", "debriefing.en.md", "debriefing.ko.md", "study.toml",
    ]  # fmt: skip


@pytest.mark.parametrize("original", [[], ["--from", "hive-agreement"]])
def test_its_commands_can_be_pasted_where_a_folder_has_a_space(original, tmp_path: Path):
    path = tmp_path / "meine Studie" / "study.toml"
    told = run(str(path.parent), *original)
    commands = re.findall(r"`(\./manage\.py [^`]*)`", told)
    commands += re.findall(r"^# +(\./manage\.py .*?)(?:  |$)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) >= 4
    assert all(shlex.split(command)[3] == str(path) for command in commands), commands


def test_a_published_study_has_a_title_of_its_own_unless_one_is_given(tmp_path: Path):
    titles = tomllib.loads(TITLES.read_text(encoding="utf-8"))
    assert set(titles) <= set(new_study.published_studies())
    assert all(set(title) == set(new_study.written_languages()) for title in titles.values())
    run(str(tmp_path / "a"), "--from", "debugging", "--language", "en", "--language", "de")
    assert load_definition(tmp_path / "a/study.toml").study.title == {
        "en": "Is this program ready to be sold?",
        "de": "Ist dieses Programm reif für den Verkauf?",
    }
    run(str(tmp_path / "b"), "--from", "debugging", "--title", "Mine")
    assert load_definition(tmp_path / "b/study.toml").study.title == {"en": "Mine"}


@pytest.mark.parametrize("layout", ["voc", "coco", "folder"])
def test_each_layout_of_photographs_is_one(layout, tmp_path: Path):
    run(str(tmp_path / "mine"), "--format", layout)
    assert load_definition(tmp_path / "mine" / "study.toml").dataset.format == layout


def test_in_a_terminal_it_asks(tmp_path: Path, monkeypatch):
    """The questions are made when the command is; so is what is asked here."""
    import importlib
    import sys

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    asking = importlib.reload(new_study)
    monkeypatch.undo()
    done = CliRunner().invoke(
        asking.new_study,
        [str(tmp_path / "mine")],
        input="A!\nseen\n\nme@lab.org\nko, xx\nko, en\nfolder\nshots\ndog, cat\n",
    )
    importlib.reload(new_study)
    assert "small letters, digits and hyphens" in done.output
    assert "'xx' is none of en, de, ko" in done.output
    made = load_definition(tmp_path / "mine" / "study.toml")
    assert (made.study.slug, made.study.contact["en"], made.dataset.format) == ("seen", "me@lab.org", "folder")
    assert made.study.languages == ("ko", "en")
    assert (tmp_path / "mine" / "consent.ko.md").is_file()


def test_what_is_to_be_filled_in_is_marked_in_each_text():
    texts = [path for name in ("consent", "debriefing") for path in LANGUAGES.glob(f"*/{name}.md")]
    assert len(texts) >= 4
    for path in texts:
        assert path.read_text(encoding="utf-8").count("[") >= 1, path
        assert (path.parent / "consent.md").exists()
        assert (path.parent / "debriefing.md").exists()
    assert "@" in TEMPLATE.read_text()


def test_the_rows_of_the_sheet_are_begun_in_each_language(tmp_path: Path):
    run(str(tmp_path / "mine"), *(option for code in ("en", "ko", "de") for option in ("--language", code)))
    facts = load_definition(tmp_path / "mine" / "study.toml").study.information
    asked_by_boards = {"investigator", "storage", "retention", "access", "sharing", "legal_basis", "rights"}
    assert {name for name, texts in facts if texts} >= asked_by_boards | {"authority", "ethics_contact"}
    assert "Art. 6(1)(a) GDPR" in facts.legal_basis["en"]
    assert "DSGVO" in facts.legal_basis["de"]
    assert "개인정보 보호법" in facts.legal_basis["ko"]


def test_check_names_the_texts_that_are_still_to_be_filled_in(tmp_path: Path):
    run(str(tmp_path / "mine"), "--language", "en", "--language", "de")
    path = tmp_path / "mine" / "study.toml"
    left = list(_unfinished(load_definition(path).study))
    assert {"consent.en", "consent.de", "debriefing.de", "information.storage.en"} <= set(left)
    rows = re.compile(r'^(?!title|consent|debriefing)(\w+\.\w\w = ").*$', re.MULTILINE)
    path.write_text(rows.sub(r'\1said"', path.read_text()))
    for file in path.parent.glob("*.md"):
        file.write_text(
            re.sub(r"\[[^\]\n]+\]", "said", file.read_text()) + "\nSee [our page](https://example.org) [1].\n"
        )
    assert list(_unfinished(load_definition(path).study)) == []
