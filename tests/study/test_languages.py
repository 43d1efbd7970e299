"""Whatever participants can be shown exists in every language: templates, task words, scripts, the demo's texts."""

import gettext
import re
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import definition
from study.config import Language
from study.wording import CONFIDENCE, WORDINGS, category_label
from tests.study.samples import document
from tests.study.visitor import consent, hidden_fields, join

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "study" / "templates"
KEYWORDS = {"_": None, "ngettext": (1, 2)}
PARTICIPANTS = sorted(TEMPLATES.glob("*.html"))
TRANSLATED = [language for language in get_args(Language) if language != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w*\}")
HANGUL = re.compile("[가-힣]")


def catalog(language: str):
    with (ROOT / f"study/translations/{language}/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=language)


def extracted() -> set[str]:
    found = extract_from_dir(TEMPLATES, [("*.html", "jinja2")], keywords=KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_marked_string_is_translated_and_none_is_left_over(language: str) -> None:
    known = {m.id if isinstance(m.id, str) else m.id[0]: m for m in catalog(language) if m.id}
    assert extracted() == set(known)
    for source, message in known.items():
        texts = [message.string] if isinstance(message.string, str) else message.string
        assert all(texts), source
        assert not message.fuzzy, source
        assert all(sorted(PLACEHOLDER.findall(t)) == sorted(PLACEHOLDER.findall(source)) for t in texts), source


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_loaded_is_what_is_written(language: str) -> None:
    """The .mo file is the .po file compiled: `pybabel compile -d study/translations`."""
    with (ROOT / f"study/translations/{language}/LC_MESSAGES/messages.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in (message for message in catalog(language) if message.id):
        if isinstance(message.id, str):
            assert compiled.gettext(message.id) == message.string
        else:
            assert compiled.ngettext(*message.id, 2) == message.string[-1]


@pytest.mark.parametrize("template", PARTICIPANTS, ids=lambda path: path.name)
def test_no_template_of_participants_has_words_outside_the_catalogue(template: Path) -> None:
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    said = re.findall(r"(?:aria-label|title|alt|placeholder)=\"([^\"]*[A-Za-z][^\"]*)\"", source)
    said += re.findall(r">([^<]*[A-Za-z]{2}[^<]*)<", source)
    assert [text.strip() for text in said if text.strip() != "Discern"] == []


def sentences() -> dict[str, dict[str, str]]:
    source = (ROOT / "study/static/js/strings.js").read_text(encoding="utf-8")
    blocks = re.findall(r"const ([A-Z]+) = \{\n(.*?)\n\};", source, flags=re.DOTALL)
    return {name: dict(re.findall(r'^  (\w+): "(.*)",$', block, flags=re.MULTILINE)) for name, block in blocks}


def test_the_scripts_say_the_same_things_in_every_language() -> None:
    english, korean = sentences()["ENGLISH"], sentences()["KOREAN"]
    assert list(english) == list(korean)
    for key, text in korean.items():
        assert HANGUL.search(text), key
        expected = set(PLACEHOLDER.findall(english[key]))
        assert set(PLACEHOLDER.findall(text)) == expected, key
    used = "".join(path.read_text() for path in (ROOT / "study/static/js").glob("*.js") if path.name != "strings.js")
    assert [key for key in english if f'"{key}"' not in used] == []


def test_every_word_of_the_tasks_is_korean() -> None:
    for (_, _, language), wording in WORDINGS.items():
        texts = [wording.question, *wording.option_labels, *wording.instructions, *wording.image_alts]
        texts += [text for question in wording.comprehension for text in (question.text, *question.options)]
        assert all(bool(HANGUL.search(text)) == (language == "ko") for text in texts)
    assert all(HANGUL.search(label) for label in CONFIDENCE["ko"])
    demo = definition.load_definition(ROOT / "examples" / "demo.toml")
    assert all(HANGUL.search(category_label(category, "ko")) for category in demo.dataset.categories)


@pytest.mark.parametrize("variant", ["paper", "robots"])
@pytest.mark.parametrize("kind", ["class-discrimination", "trust"])
def test_the_right_answers_of_the_checks_stand_at_the_same_places(kind: str, variant: str) -> None:
    english, korean = (WORDINGS[kind, variant, language].comprehension for language in ("en", "ko"))
    assert [(q.right, len(q.options)) for q in english] == [(q.right, len(q.options)) for q in korean]


def bilingual() -> dict:
    sample = document()
    sample["study"]["languages"] = ["en", "ko"]
    for field in ("title", "consent", "debriefing"):
        sample["study"][field]["ko"] = "한국어 글"
    return sample


def test_a_participant_switches_the_language_before_consent_and_keeps_it(open_app) -> None:
    app = open_app(bilingual())
    client = app.test_client()
    assert "Your consent" in client.get("/s/demo").text
    page = client.get("/s/demo?language=ko").text
    assert '<html lang="ko">' in page
    assert "참여 동의" in page
    assert hidden_fields(page)["language"] == "ko"
    assert "참여 동의" in client.get("/s/demo", headers={"Accept-Language": "ko-KR,ko;q=0.9"}).text
    visitor = join(app, "?language=ko", language="ko")
    plan = visitor.plan()
    assert plan["language"] == "ko"
    assert plan["trials"][-1]["question"] == "어느 로봇이 더 합리적입니까?"
    for trial in plan["trials"]:
        visitor.send(trial)
    assert "완료 코드" in visitor.client.get(f"/p/{visitor.token}/finish").text
    assert "데이터" in visitor.client.get(f"/p/{visitor.token}/withdraw").text


def test_a_study_in_one_language_offers_no_other(open_app) -> None:
    app = open_app(document())
    assert "한국어" not in app.test_client().get("/s/demo?language=ko").text
    assert consent(app, language="ko")[1].status_code == 400


def test_the_language_links_keep_the_recruitment_ids(open_app) -> None:
    sample = bilingual()
    sample["participants"]["provider"] = "prolific"
    page = open_app(sample).test_client().get("/s/demo?PROLIFIC_PID=abc&STUDY_ID=s&SESSION_ID=x&slug=evil").text
    assert re.search(r'href="/s/demo\?PROLIFIC_PID=abc&amp;STUDY_ID=s&amp;SESSION_ID=x&amp;language=ko"', page)
