"""Whatever participants can be shown exists in every language: templates, task words, scripts, the demo's texts."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from pydantic import ValidationError

import definition
from languages.extract import SOURCES, marked_in_sources
from languages.read import SOURCE, languages, untranslated
from study.conduct.actions import set_state
from study.config import StudyConfig
from study.errors import OpeningError
from study.tasks.wording import category_label, words_of
from tests.study.samples import NOW, document
from tests.study.tasks.test_wording import lacking_language, task
from tests.study.visitor import consent, hidden_fields, join

ROOT = Path(__file__).parents[3]
STUDY = ROOT / "study"
TEMPLATES = STUDY / "templates"
PARTICIPANTS = [*sorted(TEMPLATES.glob("*.html")), *sorted(TEMPLATES.glob("participant/*.html"))]
TRANSLATED = [code for code in languages() if code != SOURCE]
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w*\}")
HANGUL = re.compile("[가-힣]")


@pytest.mark.parametrize("catalogue", SOURCES)
def test_english_catalogues_hold_what_the_sources_say(catalogue: str) -> None:
    """`python -m languages.extract` writes them anew."""
    assert marked_in_sources(catalogue) == {message.id for message in messages("en", catalogue)}


def messages(language: str, catalogue: str) -> list[Message]:
    with (ROOT / f"languages/{language}/{catalogue}.po").open("rb") as file:
        return [message for message in read_po(file, locale=language) if message.id]


@pytest.mark.parametrize("catalogue", SOURCES)
@pytest.mark.parametrize("language", TRANSLATED)
def test_every_marked_string_is_translated_and_none_is_left_over(language: str, catalogue: str) -> None:
    assert untranslated(language, catalogue) == []
    assert {m.id for m in messages(language, catalogue)} == {m.id for m in messages("en", catalogue)}
    for message in messages(language, catalogue):
        one, many = message.id if isinstance(message.id, tuple) else (message.id, message.id)
        texts = [message.string] if isinstance(message.string, str) else message.string
        for place, text in enumerate(texts):
            english = [one, many] if place == 0 < len(texts) - 1 else [many]  # a form for one may name no number
            assert blanks(text) in [blanks(said) for said in english], many


def blanks(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


@pytest.mark.parametrize("template", PARTICIPANTS, ids=lambda path: path.name)
def test_no_template_of_participants_has_words_outside_the_catalogue(template: Path) -> None:
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    said = re.findall(r"(?:aria-label|title|alt|placeholder)=\"([^\"]*[A-Za-z][^\"]*)\"", source)
    said += re.findall(r">([^<]*[A-Za-z]{2}[^<]*)<", source)
    assert [text.strip() for text in said if text.strip() != "Discern"] == []


def test_no_script_shows_a_sentence_that_is_not_marked() -> None:
    """A string with a blank in it that begins with a capital letter is a sentence."""
    for path in (ROOT / "study/static/js/participant").glob("*.js"):
        source = re.sub(
            r"/\*.*?\*/|//[^\n]*|new Error\([^)]*\)|translate(?:Plural)?\((?:[^()]|\([^()]*\))*\)",
            "",
            path.read_text(),
            flags=re.DOTALL,
        )
        assert re.findall(r'"[A-Z][^"\n]* [^"\n]*"', source) == [], path.name


def said_in_tasks(language: str) -> list[str]:
    """Every text of the language's tasks.toml but names of categories."""

    def texts(part: object) -> Iterator[str]:
        if isinstance(part, dict):
            for key, value in part.items():
                yield from () if key == "categories" else texts(value)
        elif isinstance(part, list):
            for value in part:
                yield from texts(value)
        elif isinstance(part, str):
            yield part

    return [re.sub(r"<[^>]*>|\{\w+\}", "", text) for text in texts(languages()[language].tasks)]


def test_every_word_of_the_tasks_is_korean() -> None:
    said = [
        text for text in said_in_tasks("ko") if text.strip(" –1234") not in ("A", "B", "")
    ]  # names of pictures; no word
    assert [text for text in said if not HANGUL.search(text) or re.search("[A-Za-z]{2}", text)] == []
    assert [text for text in said_in_tasks("en") if HANGUL.search(text)] == []
    demo = definition.load_definition(ROOT / "examples" / "demo.toml")
    assert all(HANGUL.search(category_label(category, "ko")) for category in demo.dataset.categories)


@pytest.mark.parametrize("variant", ["paper", "robots"])
@pytest.mark.parametrize("kind", ["class-discrimination", "trust"])
def test_the_right_answers_of_the_checks_are_at_the_same_places(kind: str, variant: str) -> None:
    english, korean = (words_of(task(kind, variant), language).comprehension for language in ("en", "ko"))
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


def shown_on(page: str) -> str:
    return re.sub(r"<[^>]*>", " ", page[page.index("<main") :])


def without_names(text: str) -> str:
    """Codes and names that are the same in every language left out."""
    return re.sub(
        r"Prolific|SONA|Mechanical Turk|ID|IP|Discern|someone@example\.org|What did the network see\?", "", text
    )


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
    closed = bilingual()
    closed["study"]["slug"] = "closed"
    open_app(closed)
    with database.writing() as session:
        set_state(session, "closed", "closed", "ada", NOW)
        session.commit()
    client = open_app(bilingual()).test_client()
    reply = client.open(path, method=method, data=form, headers=KOREAN_BROWSER)
    assert reply.status_code == status
    assert '<html lang="ko">' in reply.text
    assert HANGUL.search(shown_on(reply.text))
    words = without_names(shown_on(reply.text)).replace("someone@example.org", "")
    assert not re.search("[A-Za-z]{2}", words), words


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
        said = re.sub(r"http://\S+|\b[A-HJ-NP-Z2-9]{4}(-[A-HJ-NP-Z2-9]{4}){2}\b", "", without_names(shown_on(page)))
        assert not re.search("[A-Za-z]{2}", said), said


def test_only_a_language_of_the_study_and_only_our_own_form_switches(open_app) -> None:
    visitor = join(open_app(bilingual()))
    address = f"/p/{visitor.token}/language"
    (link,) = re.findall(r'href="([^"]*/language[^"]*)"', visitor.client.get(f"/p/{visitor.token}/study").text)
    asked = visitor.client.get(link).text
    assert '<html lang="ko">' in asked, "asked in the language that somebody may want"
    assert visitor.plan()["language"] == "en", "nothing changes before that is answered"
    form = hidden_fields(asked)
    assert form["language"] == "ko"
    for wrong in (form | {"language": "fr"}, form | {"csrf_token": "x"}, {"language": "ko"}):
        assert visitor.client.post(address, data=wrong).status_code == 400
    assert visitor.plan()["language"] == "en"
    assert visitor.client.post(address, data=form).status_code == 303
    assert visitor.plan()["language"] == "ko"


def test_a_study_in_one_language_offers_no_switch(open_app) -> None:
    visitor = join(open_app(document()))
    assert "/language" not in visitor.client.get(f"/p/{visitor.token}/study").text


def test_a_study_in_a_language_that_lacks_texts_does_not_open(open_app, tmp_path, monkeypatch) -> None:
    sample = bilingual()
    sample["study"]["languages"] = ["en", "xx"]
    for field in ("title", "consent", "debriefing", "contact"):
        sample["study"][field]["xx"] = "text"
    lacking_language(tmp_path, monkeypatch, "[kinds.trust]")
    with pytest.raises(
        OpeningError, match=r"remove the language from study.languages:\n  languages/xx/tasks.toml: kinds."
    ) as error:
        open_app(sample)
    assert str(error.value).count("\n") == 11
    assert re.search(r"and \d+ more$", str(error.value))
