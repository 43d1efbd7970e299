"""Both wordings of both tasks, complete in every language, and categories as people read them."""

import re

import pytest
from pydantic import ValidationError

from contracts.methods import PHOTOGRAPH
from contracts.tasks import KINDS
from languages.read import languages
from study.config import TaskConfig
from study.markdown import to_html
from study.tasks import wording
from study.tasks.kinds import STUDY_KINDS
from study.tasks.wording import category_label, lacking, missing_texts, practice_feedback, words_of

SENTENCES = {"foil": "table", "foils": 'image,foil\n1,"sky / sea|sea / sky"\n'}
CUES = "network,cue,changed,scenes\nstrong,background,1,40\nweak,background,30,40\n"
VARIANTS = [(kind, wording) for kind in KINDS for wording in languages()["en"].tasks["kinds"][kind]["wordings"]]


def task(kind: str, wording: str = "paper", **more) -> TaskConfig:
    networks = ["strong", "weak"][: KINDS[kind].networks or 1]
    if KINDS[kind].asks_reliance_on_cue:
        networks, more = ["strong", "weak"], {"cues": CUES} | more
    if KINDS[kind].offers_sentences:
        more = SENTENCES | more
    settings = {"images": 20, "ratings_per_item": 1, "trials_per_participant": 4, "practice": 1, "comprehension": True}
    settings |= {"methods": ["cam"], "networks": networks}
    return TaskConfig(name="t", kind=kind, wording=wording, **settings | more)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize(("kind", "variant"), VARIANTS)
def test_every_kind_variant_and_language_has_words(kind, variant, language):
    wording = words_of(task(kind, variant), language)
    assert len(wording.image_alts) == KINDS[kind].shown
    assert len(wording.options) == len(KINDS[kind].questions[0].values)
    told = wording.learning if KINDS[kind].learns else wording  # where the prediction is told
    if not KINDS[kind].tiles:  # people look for the prediction
        assert (told.prompt is not None) == KINDS[kind].needs_predictions
    assert wording.title
    assert len(wording.steps) >= 2
    assert all(question.why for question in wording.comprehension), "who is wrong is told why"
    placeholders = {"{category}", "{truth}", "{chosen}", "{option}"}
    placeholders |= {"{for}", "{against}"} if KINDS[kind].offers_sentences else set()
    placeholders |= {"{confidence}"} if KINDS[kind].tells_confidence else set()
    placeholders |= {"{number}", "{class}"} if KINDS[kind].tiles else set()
    assert set(re.findall(r"\{\w+\}", wording.model_dump_json())) <= placeholders


@pytest.mark.parametrize("language", languages())
def test_no_language_lacks_a_text(language):
    confident = task("class-discrimination", confidence=True)
    assert missing_texts([confident, task("trust"), task("trust", "robots")], [language]) == []


def test_the_words_are_the_papers() -> None:
    """IJCV version, section 5.1 and figure 5."""
    question = "Which of the two object categories is depicted in the image?"
    assert words_of(task("class-discrimination"), "en").question == question
    assert words_of(task("class-discrimination", "robots"), "en").question == "What do you see?"
    robots = words_of(task("trust", "robots"), "en")
    assert robots.question == "Which robot is more reasonable?"
    assert robots.image_labels == ("Robot A based its decision on", "Robot B based its decision on")
    assert robots.prompt.format(category="person") == "Both robots predicted: person"
    assert robots.options[0] == "Robot A seems clearly more reasonable than robot B"
    assert robots.options[-1] == "Robot B seems clearly more reasonable than robot A"


def test_a_wording_that_a_kind_does_not_have_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(ValidationError, match="no wording 'cats' of trust; there are paper, robots, plain"):
        task("trust", "cats")


def lacking_language(folder, monkeypatch, tasks: str) -> str:
    (folder / "xx").mkdir()
    (folder / "xx" / "about.toml").write_text('name = "X"\n')
    (folder / "xx" / "tasks.toml").write_text(tasks)
    monkeypatch.setenv("DISCERN_LANGUAGES", str(folder))
    return "xx"


def test_a_text_that_a_language_lacks_is_named_with_its_place(tmp_path, monkeypatch) -> None:
    code = lacking_language(
        tmp_path,
        monkeypatch,
        '[kinds.class-discrimination]\nimage_alts = []\ntitle = "?"\nintro = "?"\nsteps = []\n'
        '[kinds.class-discrimination.questions.confidence]\ntext = "?"\noptions = ["1", "2"]\n'
        '[kinds.class-discrimination.wordings.paper]\nquestion = "?"\n',
    )
    missing = missing_texts([task("class-discrimination", confidence=True), task("trust")], [code])
    of_tasks = [text.removeprefix("languages/xx/tasks.toml: ") for text in missing if "tasks.toml" in text]
    place = "kinds.class-discrimination"
    assert of_tasks == [
        f"{place}.image_alts: 0 texts, 1 are needed",
        f"{place}.right: no text",
        f"{place}.wrong: no text",
        f"{place}.comprehension: no text",
        f"{place}.example: no text",
        f"{place}.questions.confidence: 2 options, 4 are needed",
        "attention: no text",
        "kinds.trust: no section (wording 'paper')",
    ]
    assert "languages/xx/pages.po: “Your consent”" in missing
    assert missing_texts([task("class-discrimination", confidence=True), task("trust")], [code, "en"]) == missing
    assert missing_texts([task("class-discrimination", confidence=True), task("trust")], ["en", code]) == missing
    assert (
        missing_texts([task("trust")], [code, code])[0]
        == "languages/xx/tasks.toml: kinds.trust: no section (wording 'paper')"
    )
    assert "languages/xx/scripts.po: “Continue”" in missing


def test_a_text_that_the_wording_cannot_do_without_is_named(tmp_path, monkeypatch) -> None:
    code = lacking_language(
        tmp_path,
        monkeypatch,
        '[kinds.class-discrimination]\nimage_alts = []\ntitle = "?"\nsteps = []\n'
        'comprehension = [{ options = ["a", "b"], right = 1 }]\n'
        '[kinds.class-discrimination.wordings.paper]\nquestion = "?"\n',
    )
    place = "kinds.class-discrimination"
    assert lacking(task("class-discrimination"), code) == [
        f"{place}.intro: field required",
        f"{place}.comprehension.0.text: field required",
    ]


@pytest.mark.parametrize(
    ("kind", "settings", "key"),
    [
        ("sentence-fit", {}, "sentence"),
        ("simulatability", {"classes": ["a", "b"], "learning": 2}, "learning"),
        ("trust", {}, "comprehension"),
    ],
)
def test_a_text_is_needed_only_where_it_is_shown(kind, settings, key, monkeypatch) -> None:
    shown, hidden = task(kind, **settings), task("class-discrimination", comprehension=False)
    for asked, missing in ((shown, [f"kinds.{kind}.{key}: no text"]), (hidden, [])):
        words = words_of(asked, "en").model_copy(update={key: None})
        monkeypatch.setattr(wording, "words_of", lambda task, language, words=words: words)
        assert lacking(asked, "en") == missing
        monkeypatch.undo()


@pytest.mark.parametrize(
    ("kind", "variant", "methods", "title"),
    [
        ("rating", "paper", ["cam"], "Explained"),
        ("rating", "paper", ["cam", PHOTOGRAPH], "Explained"),
        ("rating", "paper", [PHOTOGRAPH], "Photograph"),
        ("rating", "plain", [PHOTOGRAPH], "Plain photograph"),
        ("agreement", "paper", [PHOTOGRAPH], "Explained"),
    ],
)
def test_photographs_alone_have_words_of_their_own_where_there_are_some(
    kind, variant, methods, title, tmp_path, monkeypatch
) -> None:
    texts = 'question = "?"\nimage_alts = []\nsteps = []\nintro = "?"\n'
    code = lacking_language(
        tmp_path,
        monkeypatch,
        f'[kinds.rating]\n{texts}title = "Explained"\nunexplained = {{ title = "Photograph" }}\n'
        '[kinds.rating.wordings]\npaper = {}\nplain = { unexplained = { title = "Plain photograph" } }\n'
        f'[kinds.agreement]\n{texts}title = "Explained"\n[kinds.agreement.wordings]\npaper = {{}}\n',
    )
    assert words_of(task(kind, variant, methods=methods), code).title == title


def test_instructions_have_the_kind_s_example_with_its_words() -> None:
    """Of classes of pictures, a picture's labels and a note for each mark; the right option is told by its place."""
    for kind, right in (("class-discrimination", 0), ("trust", None)):
        of = task(kind, confidence=kind == "class-discrimination")
        words, example = words_of(of, "en"), STUDY_KINDS[kind].example
        told = wording.instructions(of, words, frozenset(example.recipes[:1]), str)
        assert (told["title"], told["intro"], told["html"]) == (words.title, words.intro, None)
        steps = [words.questions[question.name].step for question in of.further]
        assert told["steps"] == [step for step in (*words.steps, *steps) if step]
        assert told["example"] == {
            "pictures": [
                {"file": file, "alt": alt, "label": label}
                for file, alt, label in zip(
                    example.files, words.example.image_alts, words.example.image_labels or [None], strict=True
                )
            ],
            "marks": [
                {"picture": mark.picture, "x": mark.x, "y": mark.y, "rings": mark.rings} for mark in example.marks
            ],
            "right": right,
            "title": words.example.title,
            "notes": words.example.notes,
            "options": words.example.options,
            "conclusion": words.example.conclusion,
        }
        lost = words.model_copy(update={"example": None})
        assert wording.instructions(of, lost, frozenset(example.recipes), str)["example"] is None
        few = words.model_copy(update={"example": words.example.model_copy(update={"image_alts": ()})})
        with pytest.raises(ValueError, match="zip"):
            wording.instructions(of, few, frozenset(example.recipes), str)
        assert wording.instructions(of, words, frozenset({"heat-v1"}), str)["example"] is None


def test_a_scale_with_as_many_points_as_labels_has_these() -> None:
    assert words_of(task("rating", points=5), "en").options == words_of(task("rating"), "en").options


@pytest.mark.parametrize("response", ["dog", "cat"])
def test_practice_feedback_names_what_was_chosen_and_the_truth_as_people_read_them(response) -> None:
    said = practice_feedback(task("class-discrimination"), "en", ("tvmonitor",), response)
    assert said.startswith(f"Not quite. You chose “{response}”; the picture shows “TV monitor”.")
    said = practice_feedback(task("class-discrimination"), "en", (response,), response)
    assert said == f"Correct. You chose “{response}”, and the picture shows “{response}”."
    assert practice_feedback(task("trust"), "en", (), response) is None, "there is no right answer"


@pytest.mark.parametrize(
    ("category", "label"),
    [("tvmonitor", "TV monitor"), ("pottedplant", "potted plant"), ("diningtable", "dining table"), ("dog", "dog")],
)
def test_categories_are_readable(category: str, label: str) -> None:
    assert category_label(category, "en") == label


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\n\ntwo", "<p>one</p>\n<p>two</p>\n"),
        ("**bold** and *slanted*", "<p><strong>bold</strong> and <em>slanted</em></p>\n"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
    ],
)
def test_texts_become_paragraphs_and_never_scripts(text: str, html: str) -> None:
    assert to_html(text) == html
