"""The information sheet: rows for what the definition says, none for what it leaves empty, and what Discern stores."""

import pytest
from pydantic import ValidationError

from study.config import StudyConfig
from study.database.schema import Participant
from study.definition import definition_of
from study.information import InformationConfig
from study.pay import PayConfig
from tests.study.samples import document
from tests.study.visitor import consent, join

LOGO = "data:image/svg+xml;base64,PHN2Zy8+"


def sheet(**information: str) -> dict:
    sample = document(device={"phones": False, "min_width": 700, "min_height": 500})
    moved = {name: information.pop(name) for name in ("ethics",) if name in information}
    sample["study"] |= {"minimum_age": 18, "information": information} | moved
    sample["study"]["consents"] = [{"name": "sharing", "text": {"en": "You may publish it."}, "required": False}]
    return sample


def test_each_fact_is_a_row_and_an_empty_one_is_none(open_app) -> None:
    client = open_app(sheet(logo=LOGO, pay="£1.60", ethics="Board <1>, board@example.org", funder="")).test_client()
    page = client.get("/s/demo").text
    assert "<dt>Pay</dt><dd>£1.60</dd>" in page
    assert 'Board &lt;1&gt;, <a href="mailto:board@example.org">board@example.org</a>' in page
    assert "Funding" not in page
    assert "Computer or tablet" in page
    assert "A phone is too small. The window needs 700 × 500 pixels." in page
    for stored in (
        "time of day of each answer",
        "questions about the instructions",
        "your language",
        "changed in size",
    ):
        assert stored in page
    logo = client.get("/s/demo/logo")
    assert (logo.mimetype, logo.data) == ("image/svg+xml", b"<svg/>")


def test_pay_is_written_as_each_language_writes_money(open_app) -> None:
    """Oracle: the forms of Unicode's CLDR, typed here."""
    sample = document()
    sample["study"] |= {"languages": ["en", "ko", "de"], "minutes": 12, "pay": {"amount": 2.5, "currency": "GBP"}}
    for text in ("title", "consent", "debriefing"):
        sample["study"][text] = dict.fromkeys(("en", "ko", "de"), "text")
    client = open_app(sample).test_client()
    for language, amount, hourly in (
        ("en", "£2.50", "that is about £12.50 per hour"),
        ("ko", "£2.50", "시간당 약 £12.50에 해당합니다"),
        ("de", "2,50\xa0£", "das sind etwa 12,50\xa0£ pro Stunde"),
    ):
        assert f"<dd>{amount} <small>{hourly}</small></dd>" in client.get(f"/s/demo?language={language}").text


def test_a_currency_that_is_none_or_pay_said_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="no currency has this code; codes are such as GBP"):
        PayConfig(amount=2, currency="GPB")
    study = document()["study"] | {"pay": {"amount": 2, "currency": "KRW"}, "information": {"pay": "a credit"}}
    with pytest.raises(ValidationError, match="keep one of them"):
        StudyConfig.model_validate(study)


def test_a_study_that_was_opened_with_earlier_names_of_keys_is_read_as_before() -> None:
    sample = document()
    sample["study"] |= {"comment": False, "information": {"institution": "U", "ethics": "Board", "risks": "none"}}
    read = definition_of(sample).study
    assert (read.comments, read.institution["en"], read.ethics["en"]) == (False, "U", "Board")
    assert read.information.risks["en"] == "none"


def test_each_box_is_stored_and_a_required_one_is_asked_for(open_app, database) -> None:
    app = open_app(sheet())
    assert consent(app)[1].status_code == 400, "nobody says how old they are"
    join(app, **{"agree-age": "yes"})
    with database.reading() as session:
        assert session.query(Participant).one().consents == {"age": True, "sharing": False}
    assert app.test_client().get("/s/demo/logo").status_code == 404


def test_a_fact_that_is_too_long_or_lacks_a_language_is_refused() -> None:
    with pytest.raises(ValidationError, match="at most 80 characters"):
        InformationConfig(pay={"en": "x" * 81})
    study = document()["study"] | {"information": {"storage": {"ko": "서버"}}}
    with pytest.raises(ValidationError, match=r"information\.storage has no text for language en"):
        StudyConfig.model_validate(study)
