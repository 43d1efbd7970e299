"""A task's own words: shown in place of the built-in ones, the same in every language, or refused with the remedy."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from definition.own_words import LARGEST, read_own_words, unknown_categories
from languages.read import languages
from study.config import TaskConfig
from study.database.schema import Trial
from study.tasks.kinds import STUDY_KINDS
from study.tasks.own_words import faults_of_own_words
from study.tasks.wording import missing_texts, option_label, practice_feedback, words_of
from tests.study.samples import document, seeing, trusting
from tests.study.visitor import join

FOUR = {"foil": "table", "foils": "image,foil\n1,owl|hen|pig|yak\n"}
SENTENCES = {"foil": "table", "foils": 'image,foil\n1,"sky / sea|sea / sky"\n'}
OPTION = "“{option}”"
CHECK = {"text": "Left?", "options": ["yes", "no"], "right": 2, "why": "It is right."}


def own(kind=seeing, also: dict | None = None, **words) -> TaskConfig:
    """A task of which everything is asked, with these words in English, and in Korean with the changes `also`."""
    asked = {"practice": 1, "attention_checks": 2, "comprehension": True, "reasons": "optional"}
    asked |= {"confidence": True} if kind is seeing else {}
    korean = {key: text for key, text in (words | (also or {})).items() if text is not None}
    return TaskConfig.model_validate(kind(images=12, trials=4) | asked | {"words": {"en": words, "ko": korean}})


def test_own_words_take_the_place_of_the_wordings_and_the_others_stay() -> None:
    task = own(
        question="What was it looking for?",
        right="Yes, {chosen}.",
        comprehension=[CHECK],
        questions={"confidence": {"text": "Sure?", "options": ["a", "b", "c", "d"]}},
    )
    words, built_in = words_of(task, "en"), words_of(TaskConfig.model_validate(seeing()), "en")
    assert (words.question, words.intro, words.steps) == ("What was it looking for?", built_in.intro, built_in.steps)
    assert [question.why for question in words.comprehension] == ["It is right."]
    assert (words.questions["confidence"].text, words.questions["reason"].text) == (
        "Sure?",
        "Why did you choose this answer?",
    )
    assert practice_feedback(task, "en", ("dog",), "dog") == "Yes, dog."
    assert practice_feedback(task, "en", ("dog",), "cat").startswith("Not quite.")
    assert missing_texts([task], ["en", "ko"]) == faults_of_own_words(task, ["en", "ko"]) == []


def test_own_words_may_use_words_of_the_built_in_texts() -> None:
    words = words_of(own(title="{actor} looks", steps=["{actor} saw a scene."]), "en")
    assert (words.title, words.steps) == ("A computer program looks", ("A computer program saw a scene.",))


def test_a_word_of_the_built_in_texts_can_be_changed_alone() -> None:
    words = words_of(own(trusting, words={"actor": "AI", "Actor": "AI", "quality": "careful"}), "en")
    assert words.title == "Which AI seems more careful?"
    assert words.options[0] == "AI A seems clearly more careful than AI B"


ASKED = {"practice": 1, "attention_checks": 2, "comprehension": True, "reasons": "optional"}


def asked(kind: str, networks: tuple[str, ...] = ("strong",), **more) -> TaskConfig:
    wording = next(iter(languages()["en"].tasks["kinds"][kind]["wordings"]))
    sample = seeing(images=12, trials=4, kind=kind, wording=wording, methods=["cam"], networks=networks)
    return TaskConfig.model_validate(sample | ASKED | more)


@pytest.mark.parametrize(
    ("kind", "words", "also", "fault"),
    [
        (seeing, {"question": "?"}, {"question": None}, "question: missing, while words.en.question is given; add it, or leave out both"),
        (seeing, {"questions": {"reason": {"text": "?"}}}, {"questions": {}}, "questions.reason: missing, while words.en.questions.reason is given; add it, or leave out both"),
        (seeing, {"comprehension": [CHECK]}, {"comprehension": [CHECK | {"right": 1}]}, "comprehension: as many questions as in words.en with the same right are needed"),
        (seeing, {"attention": [{"text": OPTION, "choose": 2}]}, {"attention": [{"text": OPTION}]}, "attention: as many checks as in words.en with the same choose are needed"),
    ],
)  # fmt: skip
def test_words_that_differ_between_languages_are_told_with_the_remedy(kind, words, also, fault) -> None:
    assert faults_of_own_words(own(kind, also, **words), ["en", "ko"]) == [f"words.ko.{fault}"]


INSTEAD = "instructions are given, which take its place; leave out one of them"


@pytest.mark.parametrize(
    ("kind", "words", "faults"),
    [
        (seeing, {"comprehension": [CHECK, CHECK | {"right": 3}]}, ["comprehension 2: right = 3, and there are 2 options"]),
        (seeing, {"attention": [{"text": OPTION, "choose": 3}]}, ["attention 1: choose = 3, and 2 answers are shown"]),
        (trusting, {"attention": [{"text": OPTION}, {"text": OPTION, "choose": 6}]}, ["attention 2: choose = 6, and 5 answers are shown"]),
        (seeing, {"attention": [{"text": OPTION}, {"text": "Choose the second."}]}, ["attention 2: the text must hold the answer in quotation marks, as in “{option}”"]),
        (seeing, {"options": ["a", "b"]}, ["options: the answers of class-discrimination are categories; leave them out"]),
        (trusting, {"options": ["a", "b"]}, ["options: 2 texts are given, 5 are needed"]),
        (trusting, {"image_labels": ["A"]}, ["image_labels: 1 texts are given, 2 are needed"]),
        (seeing, {"image_alts": ["A", "B"]}, ["image_alts: 2 texts are given, 1 are needed"]),
        (trusting, {"right": "Yes."}, ["right: no answer of trust is right or wrong; leave it out"]),
        (trusting, {"questions": {"confidence": {"text": "?"}}}, ["questions.confidence: not asked in this task; asked are reason"]),
        (seeing, {"questions": {"motive": {"text": "?"}}}, ["questions.motive: not asked in this task; asked are confidence, reason"]),
        (seeing, {"questions": {"confidence": {"text": "?", "options": ["a"]}}}, ["questions.confidence.options: 1 texts are given, 4 are needed"]),
        (seeing, {"right": "It is {thruth}."}, ["right: unknown placeholder {thruth}; is {truth} meant?"]),
        (seeing, {"question": "Is it a {category}?"}, ["question: unknown placeholder {category}; there are {actor}"]),
        (trusting, {"question": "Who saw the {categroy}?"}, ["question: unknown placeholder {categroy}; is {category} meant?"]),
        (seeing, {"title": "{category}"}, ["title: unknown placeholder {category}; there are {actor}"]),
        (seeing, {"steps": ["Look.", "{x}"]}, ["steps: unknown placeholder {x}; there are {actor}"]),
        (seeing, {"questions": {"reason": {"text": "{x}"}}}, ["questions.reason: unknown placeholder {x}; there are {actor}"]),
        (seeing, {"comprehension": [CHECK | {"why": "{x}"}]}, ["comprehension: unknown placeholder {x}; there are {actor}"]),
        (seeing, {"instructions": "Look.", "steps": ["Look."], "intro": "Look."}, [f"intro: {INSTEAD}", f"steps: {INSTEAD}"]),
        (seeing, {"learning": {"prompt": "A", "question": "B", "option": "C"}}, ["learning: class-discrimination has no examples to learn from; leave it out"]),
    ],
)  # fmt: skip
def test_words_that_cannot_be_shown_are_told_with_the_remedy(kind, words, faults) -> None:
    told = [f"words.{code}.{fault}" for code in ("en", "ko") for fault in faults]
    assert faults_of_own_words(own(kind, **words), ["en", "ko"]) == told


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ({"comprehension": [CHECK]}, "comprehension: nobody is asked these; add comprehension = true to the task, or leave them out"),
        ({"attention": [{"text": OPTION}]}, "attention: the task has no attention checks; add attention_checks to it, or leave them out"),
        ({"wrong": "No."}, "wrong: it is said after practice; add practice to the task, or leave it out"),
        ({"questions": {"reason": {"text": "Why?"}}}, "questions.reason: not asked in this task; asked are none"),
    ],
)  # fmt: skip
def test_words_that_nobody_would_read_are_told(words, fault) -> None:
    task = TaskConfig.model_validate(seeing() | {"words": {"en": words}})
    assert faults_of_own_words(task, ["en"]) == [f"words.en.{fault}"]


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("class-discrimination", {}, {"question": "{actor}?", "title": "{actor}", "right": "{truth} {chosen}"}),
        ("class-discrimination", {}, {"attention": [{"text": OPTION, "choose": 2}], "comprehension": [CHECK]}),
        ("class-discrimination", {}, {"instructions": "A {place}.", "title": "Look"}),
        ("trust", {"networks": ("strong", "weak")}, {"question": "{category}?", "prompt": "{category}:"}),
        ("reliance", {}, {"prompt": "{category}"}),
        ("simulatability", {"classes": ("a", "b"), "learning": 2},
         {"learning": {"prompt": "{category}", "question": "Look.", "option": "Go"}}),
        ("distinction", {}, {"image_labels": ["A", "{number}: {class}"], "image_alts": ["B", "{number}: {class}"]}),
        ("guess-label", FOUR, {"attention": [{"text": OPTION, "choose": 5}]}),
        ("sentence-fit", SENTENCES | {"attention_checks": 0}, {"sentence": "{for}, not {against}"}),
    ],
)  # fmt: skip
def test_every_text_may_hold_what_it_is_told(kind, settings, words) -> None:
    assert faults_of_own_words(asked(kind, words={"en": words}, **settings), ["en"]) == []


@pytest.mark.parametrize(
    ("kind", "settings", "words", "fault"),
    [
        ("reliance", {}, {"question": "{category}?"}, "question: unknown placeholder {category}; there are {The_actor}, {the_actor}"),
        ("trust", {"networks": ("strong", "weak")}, {"image_alts": ["{class}", "b"]}, "image_alts: unknown placeholder {class}; there are {Actor}, {actor}, {quality}"),
        ("class-discrimination", {}, {"attention": [{"text": "“{option}” {truth}"}]}, "attention: unknown placeholder {truth}; there are {actor}, {option}"),
        ("guess-label", FOUR, {"attention": [{"text": OPTION, "choose": 6}]}, "attention 1: choose = 6, and 5 answers are shown"),
    ],
)  # fmt: skip
def test_what_only_other_texts_may_hold_is_refused(kind, settings, words, fault) -> None:
    assert faults_of_own_words(asked(kind, words={"en": words}, **settings), ["en"]) == [f"words.en.{fault}"]


def test_a_language_without_own_words_is_named() -> None:
    fault = "words.de: there are own words for en, ko and none for de; add [tasks.words.de]"
    assert faults_of_own_words(own(question="?"), ["en", "ko", "de"]) == [fault]


def drawn(file: Path, kind: str = "PNG") -> Path:
    Image.new("RGB", (30, 20), (9, 120, 30)).save(file, kind)
    return file


def read(folder: Path, text: str) -> tuple[dict, list[str]]:
    (folder / "how.md").write_text(text, encoding="utf-8")
    words = {"instructions": "how.md"}
    return words, read_own_words({"tasks": [{"name": "seeing", "words": {"en": words}}]}, folder)


def test_instructions_are_read_with_their_pictures(tmp_path) -> None:
    drawn(tmp_path / "그림.png")
    drawn(tmp_path / "b.webp", "WEBP")
    words, problems = read(tmp_path, "Look.\n\n![a line](그림.png)\n\n![a dot](b.webp)\n")
    assert problems == []
    assert words["instructions"].startswith("Look.")
    assert [(p["width"], p["height"], p["content"][:14]) for p in words["pictures"].values()] == [
        (30, 20, "data:image/png"),
        (30, 20, "data:image/web"),
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("![x](https://example.org/a.png)", "is an address of another host; put the file beside"),
        ("![x](//example.org/a.png)", "is an address of another host"),
        ("![x](none.png)", "cannot be read (No such file or directory); put the file beside the instructions"),
        ("![x](how.md)", "is no whole PNG, JPEG or WebP picture; save it as one of these"),
        ("![x](half.png)", "is no whole PNG, JPEG or WebP picture"),
        ("![x](large.png)", f"at most {LARGEST:,} are allowed; make it smaller"),
        ("  \n", "how.md is empty; write the instructions into it"),
    ],
)
def test_what_the_instructions_cannot_show_is_told_with_its_place(tmp_path, text, fault) -> None:
    (tmp_path / "half.png").write_bytes(drawn(tmp_path / "whole.png").read_bytes()[:60])
    (tmp_path / "large.png").write_bytes(bytes(LARGEST + 1))
    (problem,) = read(tmp_path, text)[1]
    assert problem.startswith('task 1 ("seeing"): words.en.instructions: ')
    assert fault in problem


def test_instructions_and_their_pictures_reach_the_browser_and_no_html_does(open_app, tmp_path) -> None:
    drawn(tmp_path / "a.png")
    words, _ = read(tmp_path, "Look **well**.\n\n![a <line>](a.png)\n\n<script>x</script>")
    visitor = join(open_app(document(seeing(words={"en": words | {"title": "How to look"}}))))
    (task,) = visitor.plan()["tasks"]
    assert (task["title"], task["intro"], task["steps"], task["example"]) == ("How to look", "", [], None)
    html = task["html"]
    assert "<p>Look <strong>well</strong>.</p>" in html
    assert "<script" not in html
    (image,) = re.findall(r"<img [^>]*>", html)
    assert all(part in image for part in ('width="30"', 'height="20"', 'loading="lazy"', 'alt="a &lt;line&gt;"'))
    reply = visitor.client.get(re.search(r'src="([^"]+)"', image)[1])
    assert (reply.status_code, reply.mimetype) == (200, "image/png")
    assert Image.open(BytesIO(reply.data)).size == (30, 20)
    assert visitor.client.get(f"/p/{visitor.token}/images/{'0' * 32}").status_code == 404


@pytest.mark.parametrize(
    ("stimuli", "is_shown"),
    [({}, True), ({"recipe": "heat-v1"}, False), ({"recipes": {"guided-grad-cam": "heat-v1"}}, False)],
)
def test_the_example_of_lines_is_shown_only_where_all_pictures_are_lines(open_app, stimuli, is_shown) -> None:
    (task,) = join(open_app(document(seeing()) | {"stimuli": stimuli})).plan()["tasks"]
    assert (task["example"] is not None) == is_shown


@pytest.mark.parametrize("kind", [seeing, trusting])
def test_own_attention_checks_come_in_order_and_ask_for_their_place(open_app, database, kind) -> None:
    checks = [
        {"text": "One: “{option}”.", "choose": 2},
        {"text": "Two: “{option}”.", "choose": 1},
        {"text": "“{option}”!"},
    ]
    task = kind(images=9, k=9, trials=4, attention_checks=4, words={"en": {"attention": checks}})
    app: Flask = open_app(document(task))
    row_kind = task["kind"]
    for _ in range(3):
        visitor = join(app)
        with database.reading() as session:
            rows = session.scalars(select(Trial).where(Trial.purpose == "attention")).all()
            rights = {row.trial_token: (row, STUDY_KINDS[row_kind].truth(row.item)) for row in rows}
        asked = [
            (*rights[t["trial_token"]], t["questions"][0])
            for t in visitor.plan()["trials"]
            if t["trial_token"] in rights
        ]
        assert [question["text"].split(" ")[0] for *_, question in asked][:2] == ["One:", "Two:"]
        assert asked[3][2]["text"].startswith("One: "), "from the first again"
        assert [row.option_order.index(row.expected_response) for row, *_ in asked][:2] == [1, 0]
        assert all(row.expected_response != right for row, right, _ in asked), "who answers what they see must not pass"


def test_categories_of_one_s_own_have_names_in_each_language() -> None:
    task = own(categories={"tench": "잉어"})
    assert option_label(task, words_of(task, "ko"), "tench", "ko") == "잉어"
    assert option_label(task, words_of(task, "ko"), "dog", "ko") == "개", "the others are as built in"
    fault = "words.en.categories: no category 'tenhc' in the study; is 'tench' meant?"
    given = TaskConfig.model_validate(seeing() | {"words": {"en": {"categories": {"tenhc": "carp"}}}})
    assert list(unknown_categories(given, ["tench"])) == [fault]


@pytest.mark.parametrize(
    "section", ["", "[kinds.{kind}]", "[kinds.{kind}.wordings.robots]", "[kinds.{kind}.wordings.paper]"]
)
def test_a_language_without_words_to_replace_offers_none(section, tmp_path, monkeypatch) -> None:
    (tmp_path / "xx").mkdir()
    (tmp_path / "xx" / "about.toml").write_text('name = "X"\n')
    (tmp_path / "xx" / "tasks.toml").write_text(section.format(kind="class-discrimination"))
    monkeypatch.setenv("DISCERN_LANGUAGES", str(tmp_path))
    task = TaskConfig.model_validate(seeing(words={"xx": {"title": "{actor}"}}))
    assert faults_of_own_words(task, ["xx"]) == ["words.xx.title: unknown placeholder {actor}; there are none"]
