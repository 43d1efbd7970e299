"""German keeps to one word for one thing (docs/reference/german.md), one form of address and its own quotation marks."""

import re
from pathlib import Path

import pytest

from languages.read import CATALOGUES, HERE, languages, messages, sentences

EXAMPLES = Path(__file__).parents[2] / "examples"
# Netz, Kategorie, Genauigkeit, Teilnehmende, Durchgang, Kontrollfrage, Einwilligung, Telefon; "Sie", never "du".
OTHER_WORDS = re.compile(
    r"Netzwerk|Klassifi|\bKlassen?\b|Treffer|Teilnehmer\b|Teilnehmerin|Proband|Versuchsperson|Trial|Aufmerksamkeitsfrage|Zustimmung|"
    r"Einverständnis|Handy|Smartphone|\bLabels?\b|ohne Frage|(?<!Antwort)[Kk]riterium\b|\b[Dd](?:u|ir|ich|eine?[nmrs]?)\b|\b[Ee](?:uch|uer|ure[nmrs]?)\b"
)
FOREIGN_MARKS = re.compile(r"[\"“][^“”\"„]*[”\"]|[‘']\w")
# What German writes as English does.
SAME = {
    "p", "Person", "Balance", "Export", "Definition, SHA-256", "Maximum", "Minimum", "Median, s", "{people}, {trials}",
    "{method}, RAIR", "{method}, RSR", "{ms} ms in {task}", "{share} in {task}", "{responses}; {people}; {images}.", "p (Holm)",
    "Deconvolution", "Deconvolution Grad-CAM", "Guided Backpropagation", "Guided Grad-CAM",
}  # fmt: skip


def texts() -> dict[str, list[str]]:
    """English sentence → German ones, of all catalogues; tasks under their places, texts of the demo under their files."""
    found = {english: said for name in CATALOGUES for english, said in sentences("de", name).items()}
    german = languages()["de"]
    found |= {place: [text] for place, text in _of_tasks({"tasks": german.tasks, "scales": german.scales}, "de")}
    return found | {
        file.name: [file.read_text(encoding="utf-8")]
        for file in (*EXAMPLES.rglob("*.de.md"), *(HERE / "de").glob("*.md"))
    }


def _of_tasks(part: object, place: str) -> list[tuple[str, str]]:
    if isinstance(part, dict | list):
        inner = part.items() if isinstance(part, dict) else enumerate(part)
        return [found for key, value in inner for found in _of_tasks(value, f"{place}.{key}")]
    return [(place, re.sub(r"<[^>]*>", " ", part))] if isinstance(part, str) else []


TEXTS = texts()


def test_no_sentence_is_left_in_english():
    english = [message.id for name in CATALOGUES for message in messages(name) if isinstance(message.id, str)]
    assert {text for text in english if TEXTS[text] == [text]} <= SAME


@pytest.mark.parametrize("wrong", [OTHER_WORDS, FOREIGN_MARKS], ids=["words", "quotation marks"])
def test_each_thing_has_one_word_and_people_are_addressed_in_one_way(wrong):
    assert {place: said for place, said in TEXTS.items() if any(wrong.search(text) for text in said)} == {}


def test_methods_of_a_sentence_are_quoted_and_numbers_are_written_as_in_tables():
    """With a comparison's method stands a preposition that does not fit the case of a name such as Ohne Erklärung."""
    report = sentences("de", "report")
    unquoted = [said for said in report.values() if any("{value_a}" in s and "„{a}“" not in s for s in said)]
    assert unquoted == []
    assert [said for said in report.values() if any(re.search(r"\d,\d|\d\s%", text) for text in said)] == []


def test_one_thing_and_several_are_told_apart():
    plural = [message.id[0] for name in CATALOGUES for message in messages(name) if message.pluralizable]
    alike = {text for text in plural if len(set(TEXTS[text])) == 1}
    assert alike <= {"“{shown}” taken for “{chosen}” {n} time ({share})", "{n} of {total} question answered"}
