"""Whatever participants can be shown exists in every language: templates, task words, scripts, the demo's texts."""

import ast
import gettext
import re
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from pydantic import ValidationError

import definition
from contracts.tasks import KINDS
from study.conduct.actions import set_state
from study.config import Language, StudyConfig
from study.errors import ConsentError, NotOpenError, RecruitmentError, StudyFullError, UnknownError
from study.tasks.wording import WORDINGS, attention_question, category_label, further_question, practice_feedback
from tests.study.samples import NOW, document
from tests.study.visitor import consent, hidden_fields, join

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "study"
TEMPLATES = STUDY / "templates"
KEYWORDS = {"_": None, "ngettext": (1, 2)}
PARTICIPANTS = [*sorted(TEMPLATES.glob("*.html")), *sorted(TEMPLATES.glob("participant/*.html"))]
TRANSLATED = [language for language in get_args(Language) if language != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w*\}")
HANGUL = re.compile("[가-힣]")


def catalog(language: str):
    with (ROOT / f"study/translations/{language}/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=language)


def extracted() -> set[str]:
    """What templates and views mark, and the sentences of the errors that participants can meet."""
    found = [
        *extract_from_dir(TEMPLATES, [("**.html", "jinja2")], keywords=KEYWORDS),
        *extract_from_dir(STUDY / "views", [("**.py", "python")], keywords=KEYWORDS),
    ]
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found} | refusals()


def refusals() -> set[str]:
    """The fixed sentences with which these errors are raised; those that name something have a general one instead."""
    raised = [
        node.exc
        for path in sorted(STUDY.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    ]
    kinds = {error.__name__ for error in (UnknownError, NotOpenError, StudyFullError, ConsentError, RecruitmentError)}
    sentences = [call.args[0] for call in raised if isinstance(call.func, ast.Name) and call.func.id in kinds]
    return {sentence.value for sentence in sentences if isinstance(sentence, ast.Constant)}


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
    source = (ROOT / "study/static/js/participant/strings.js").read_text(encoding="utf-8")
    blocks = re.findall(r"const ([A-Z]+) = \{\n(.*?)\n\};", source, flags=re.DOTALL)
    return {name: dict(re.findall(r'^  (\w+): "(.*)",$', block, flags=re.MULTILINE)) for name, block in blocks}


def test_the_scripts_say_the_same_things_in_every_language() -> None:
    english, korean = sentences()["ENGLISH"], sentences()["KOREAN"]
    assert list(english) == list(korean)
    for key, text in korean.items():
        assert HANGUL.search(text), key
        expected = set(PLACEHOLDER.findall(english[key]))
        assert set(PLACEHOLDER.findall(text)) == expected, key
    used = "".join(path.read_text() for path in (ROOT / "study/static/js").rglob("*.js") if path.name != "strings.js")
    assert [key for key in english if f'"{key}"' not in used] == []


def said_in_tasks(language: str) -> list[str]:
    sure = further_question(KINDS["class-discrimination"].questions[1], language)
    texts = [sure["text"], *(option["label"] for option in sure["options"]), attention_question(language, "1")]
    texts += [practice_feedback(language, truth, "dog") for truth in ("dog", "cat", None)]
    for (_, _, spoken), wording in WORDINGS.items():
        if spoken == language:
            texts += [wording.question, wording.prompt, *wording.image_labels, *wording.image_alts]
            texts += [*wording.option_labels, *wording.instructions]
            texts += [text for question in wording.comprehension for text in (question.text, *question.options)]
    return [re.sub(r"<[^>]*>|\{\w+\}", "", text) for text in texts if text]


def test_every_word_of_the_tasks_is_korean() -> None:
    assert [text for text in said_in_tasks("ko") if not HANGUL.search(text) or re.search("[A-Za-z]{2}", text)] == []
    assert [text for text in said_in_tasks("en") if HANGUL.search(text)] == []
    assert len(said_in_tasks("ko")) == len(said_in_tasks("en"))
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
    sample["study"]["contact"] = {"en": "the laboratory"}
    for field in ("title", "consent", "debriefing", "contact"):
        sample["study"][field]["ko"] = "한국어 글"
    return sample


def test_a_participant_switches_the_language_before_consent_and_keeps_it(open_app) -> None:
    app = open_app(bilingual())
    client = app.test_client()
    page = client.get("/s/demo").text
    assert "Your consent" in page
    assert page.count("the laboratory") == 2, "beside the consent and below the page"
    page = client.get("/s/demo?language=ko").text
    assert "the laboratory" not in page
    assert '<html lang="ko">' in page
    assert "참여 동의" in page
    assert hidden_fields(page)["language"] == "ko"
    assert "참여 동의" in client.get("/s/demo", headers={"Accept-Language": "ko-KR,ko;q=0.9"}).text
    visitor = join(app, "?language=ko", language="ko")
    plan = visitor.plan()
    assert plan["language"] == "ko"
    assert plan["trials"][-1]["questions"][0]["text"] == "어느 로봇이 더 합리적입니까?"
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


KOREAN_BROWSER = {"Accept-Language": "ko-KR,ko;q=0.9"}


def words_of(page: str) -> str:
    return re.sub(r"<[^>]*>", " ", page[page.index("<main") :])


def without_names(text: str) -> str:
    """Codes and names that are the same in every language left out."""
    return re.sub(r"Prolific|SONA|Mechanical Turk|ID|Discern|someone@example\.org|What did the network see\?", "", text)


@pytest.mark.parametrize(
    ("method", "path", "form", "status"),
    [
        ("GET", "/s/nothing", None, 404),
        ("GET", "/p/nobody", None, 404),
        ("GET", "/nowhere", None, 404),
        ("GET", "/s/demo/consent", None, 405),
        ("POST", "/s/demo/consent", {}, 400),
        ("POST", "/s/demo/consent", {"consent": "yes"}, 400),
        ("POST", "/s/demo/withdraw", {}, 400),
        ("POST", "/s/demo/consent", {"consent": "x" * 200_000}, 413),
        ("GET", "/s/prolific", None, 400),
        ("GET", "/s/closed", None, 409),
        ("POST", "/researcher/login", {"name": "ada", "password": "x"}, 400),
    ],
)
def test_error_pages_are_korean_for_a_korean_browser(
    open_app, database, method: str, path: str, form: dict | None, status: int
) -> None:
    open_app(document(slug="prolific", provider="prolific"))
    open_app(document(slug="closed"))
    with database.writing() as session:
        set_state(session, "closed", "closed", "ada", NOW)
        session.commit()
    client = open_app(bilingual()).test_client()
    reply = client.open(path, method=method, data=form, headers=KOREAN_BROWSER)
    assert reply.status_code == status
    assert '<html lang="ko">' in reply.text
    assert HANGUL.search(words_of(reply.text))
    assert not re.search("[A-Za-z]{2}", without_names(words_of(reply.text))), words_of(reply.text)


def test_an_error_speaks_the_language_that_was_chosen_not_the_browsers(open_app) -> None:
    client = open_app(bilingual()).test_client()
    form = hidden_fields(client.get("/s/demo?language=ko").text)
    assert "참여하려면 동의가 필요합니다" in client.post("/s/demo/consent", data=form).text
    assert "Taking part needs your consent." in client.post("/s/demo/consent", data=form | {"language": "en"}).text


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        (("title",), "title has no text for language ko"),
        (("consent",), "consent has no text for language ko"),
        (("contact",), "contact has no text for language ko"),
        (("debriefing",), "debriefing has no text for language ko"),
        (("demographics", 0, "label"), "'age' has no text for language ko"),
        (("demographics", 0, "options", "old"), "'age' has no text for language ko"),
    ],
    ids=str,
)
def test_a_definition_that_lacks_a_text_in_one_of_its_languages_is_refused(path: tuple, fault: str) -> None:
    study = bilingual()["study"]
    both = {"en": "Age", "ko": "나이"}
    study["demographics"] = [{"name": "age", "label": dict(both), "options": {"old": dict(both)}}]
    StudyConfig.model_validate(study)
    texts = study
    for step in path:
        texts = texts[step]
    del texts["ko"]
    with pytest.raises(ValidationError, match=fault):
        StudyConfig.model_validate(study)


MTURK = "&hitId=H1&turkSubmitTo=https%3A%2F%2Fwww.mturk.com"


def test_mechanical_turks_preview_and_button_are_korean(open_app) -> None:
    sample = bilingual()
    sample["participants"]["provider"] = "mturk"
    app = open_app(sample)
    preview = app.test_client().get("/s/demo?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE" + MTURK, headers=KOREAN_BROWSER)
    visitor = join(app, f"?assignmentId=A1&workerId=W1{MTURK}&language=ko", language="ko")
    code = visitor.finish()
    finish = visitor.client.get(f"/p/{visitor.token}/finish").text
    assert "완료하고 돌아가기</button>" in finish
    for page in (preview.text, finish.replace(code, "")):
        said = re.sub(r"http://\S+|\b[A-HJ-NP-Z2-9]{4}(-[A-HJ-NP-Z2-9]{4}){2}\b", "", without_names(words_of(page)))
        assert not re.search("[A-Za-z]{2}", said), said


def test_only_a_language_of_the_study_and_only_our_own_form_switches(open_app) -> None:
    visitor = join(open_app(bilingual()))
    address = f"/p/{visitor.token}/language"
    form = hidden_fields(visitor.client.get(f"/p/{visitor.token}/study").text)
    assert form["language"] == "ko"
    for wrong in (form | {"language": "fr"}, form | {"csrf_token": "x"}, {"language": "ko"}):
        assert visitor.client.post(address, data=wrong).status_code == 400
    assert visitor.plan()["language"] == "en"
    assert visitor.client.post(address, data=form).status_code == 303
    assert visitor.plan()["language"] == "ko"
    assert visitor.client.get(address).status_code == 405


def test_a_study_in_one_language_offers_no_switch(open_app) -> None:
    visitor = join(open_app(document()))
    assert "/language" not in visitor.client.get(f"/p/{visitor.token}/study").text
