"""The report's words: what is translated, in which form, and that no report holds a word that no language can change."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.display.wording import (
    CONTROLS,
    ENGLISH,
    EVENTS,
    LanguageError,
    count,
    enclosed,
    in_language,
    interval,
    listed,
    number,
    percent,
    signed,
    written_in,
)
from analysis.notes import Note, no_responses
from languages.read import languages, messages, translations

ROOT = Path(__file__).parents[3]
KOREAN = in_language("ko")
# What is written in Korean as in English, and sentences that are all blanks.
NAMES = ["Deconvolution", "Deconvolution Grad-CAM", "Guided Backpropagation", "Guided Grad-CAM"]  # of methods
SAME = [*NAMES, "p", "p, Holm", "percentage points", "{method}, RAIR", "{method}, RSR", "“{name}”"]
# One word for one thing: 참여자, 신경망, 데이터, 평정, 독립 가정 구간, 피전홀 부트스트랩.
FORMER = re.compile("참가자|네트워크|자료|(?<!과소)평가|소박|비둘기|민감도 분석")


def test_every_korean_text_is_korean_and_keeps_to_one_word_for_one_thing():
    korean = translations("ko", "report")
    texts = {
        message.id: korean.ngettext(*message.id, 2) if message.pluralizable else korean.gettext(message.id)
        for message in messages("report")
    }
    assert len(texts) > 300
    assert [text for text, said in texts.items() if not re.search("[가-힣]", said)] == SAME
    assert [text for text, said in texts.items() if FORMER.search(said)] == []


@pytest.mark.parametrize(
    ("n", "english", "korean"),
    [
        (1, "1 person joined.", "1명이 참여했습니다."),
        (2, "2 people joined.", "2명이 참여했습니다."),
        (1200, "1,200 people joined.", "1,200명이 참여했습니다."),
    ],
)
def test_a_number_and_its_noun_agree(n, english, korean):
    assert ENGLISH.plural("{n} person joined.", "{n} people joined.", n) == english
    assert KOREAN.plural("{n} person joined.", "{n} people joined.", n) == korean


def test_thousands_are_separated_as_the_language_does_it():
    """A comma in German would be read as a decimal comma."""
    said = {
        "de": "1\u202f200 Personen haben teilgenommen.",
        "ko": "1,200명이 참여했습니다.",
        "en": "1,200 people joined.",
    }
    for language, written in said.items():
        with written_in({}, language):
            assert in_language(language).plural("{n} person joined.", "{n} people joined.", 1200) == written
    assert count(1200) == "1,200"


def test_intervals_are_written_as_the_language_does_it():
    for language, written in (("en", "56.0\u00a0–\u00a066.1%"), ("ko", "56.0\u00a0~\u00a066.1%")):
        with written_in({}, language):
            assert (interval(0.56, 0.661, percent), enclosed(0.56, 0.661, percent)) == (written, f"({written})")
    assert interval(-0.68, 0.32, signed) == enclosed(-0.68, 0.32, signed) == "[−0.68,\u00a0+0.32]"
    assert interval(-0.68, -0.5, number) == "[−0.68,\u00a0−0.50]"


def test_a_note_is_translated_with_the_names_inside_it():
    note = no_responses([("guided-backprop", "vgg"), "cam"])
    assert str(note) == "No responses in guided-backprop × vgg, cam."
    assert ENGLISH.note(note) == "No responses in Guided Backpropagation × vgg, CAM."
    assert KOREAN.note(note) == "Guided Backpropagation × vgg, CAM에 응답이 없습니다."


def test_a_note_inside_a_note_is_translated_too():
    note = Note("Accuracy by confidence: {estimates}.", {"estimates": Note("no responses")})
    assert str(note) == "Accuracy by confidence: no responses."
    assert KOREAN.note(note) == "확신도별 정답률: 응답 없음."


def test_what_is_no_note_is_left_as_it_was_written():
    assert KOREAN.note("What a researcher {wrote}") == "What a researcher {wrote}"
    assert KOREAN("an event nobody {foresaw}") == "an event nobody {foresaw}"
    assert (str(Note()), KOREAN.note(Note()), bool(Note())) == ("", "", False)


def test_categories_are_called_as_the_tasks_call_them():
    assert [KOREAN.category(name) for name in ("dog", "unheard-of")] == ["개", "unheard-of"]


def test_names_are_quoted_as_the_language_does(tmp_path, monkeypatch):
    (tmp_path / "zz").mkdir()
    (tmp_path / "zz" / "about.toml").write_text('name = "Z"\n')
    (tmp_path / "zz" / "report.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "“{name}”"\nmsgstr "«{name}»"\n'
    )
    monkeypatch.setenv("DISCERN_LANGUAGES", str(tmp_path))
    assert [t.quoted("seeing") for t in (ENGLISH, KOREAN, in_language("zz"))] == ["“seeing”", "“seeing”", "«seeing»"]


def test_words_of_the_data_are_marked():
    """Controls are named where machines observe, events where the browser notices them."""
    observers = (ROOT / "stimuli/evaluate/observers.py").read_text(encoding="utf-8")
    assert re.search(r"\nCONTROLS = (.*)\n", observers)[1] == json.dumps(CONTROLS).replace("[", "(").replace("]", ")")
    script = (ROOT / "study/static/js/participant/events.js").read_text(encoding="utf-8")
    called = " ".join(re.findall(r"record(?:Once)?\(([^;{]*)\)", script))
    assert set(re.findall(r'"([\w-]+)"', called)) == set(EVENTS)


def test_a_language_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(LanguageError, match="no language 'xx'; there are en, "):
        in_language("xx")


def test_the_command_offers_every_language_that_there_is(tmp_path):
    (tmp_path / "zz").mkdir()
    (tmp_path / "zz" / "about.toml").write_text('name = "Z"\n')
    command = [sys.executable, "manage.py", "analyze", "--help"]
    environment = {"DISCERN_LANGUAGES": str(tmp_path), "COLUMNS": "200"}
    shown = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert f"[{'|'.join([*languages(), 'zz'])}]" in shown


def test_a_finding_without_a_method_says_so():
    assert listed(["A 61%", "B 50%"], ENGLISH) == "A 61%; B 50%"
    assert listed([], ENGLISH) == "too few answers to say"
