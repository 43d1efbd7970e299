"""Questionnaires and reasons in a browser: filled in, left and opened again, sent without a network, stored once."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from contracts.tasks import REASON
from study.database.schema import QuestionnaireAnswer, Response
from tests.browser.person import Person
from tests.browser.studies import LiveStudy, serving
from tests.browser.test_appearance import findings

QUESTIONNAIRES = (
    {
        "name": "before",
        "at": "start",
        "items": [
            {
                "name": "sure",
                "kind": "likert",
                "points": 7,
                "text": {"en": "I am sure."},
                "ends": {"en": ["no", "yes"]},
            },
            {"name": "load", "kind": "likert", "points": 21, "text": {"en": "How hard?"}, "ends": {"en": ["0", "100"]}},
            {"name": "why", "kind": "long-text", "text": {"en": "Why?"}, "required": False},
        ],
    },
    {"name": "after", "items": [{"name": "years", "kind": "number", "text": {"en": "Years?"}, "minimum": 0}]},
)


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStudy]:
    with serving(tmp_path_factory.mktemp("asking"), questionnaires=QUESTIONNAIRES, reasons="required") as study:
        yield study


def stored(live: LiveStudy) -> list[tuple[str, str | None]]:
    with live.database.reading() as session:
        rows = session.execute(select(QuestionnaireAnswer.item, QuestionnaireAnswer.answer))
        return sorted((item, answer) for item, answer in rows)


def reasons(live: LiveStudy) -> list[str]:
    with live.database.reading() as session:
        return list(
            session.scalars(select(Response.response).where(Response.question == REASON).order_by(Response.answered_at))
        )


def answers(person: Person, n: int) -> None:
    """Where a reason is asked: it waits for the answer, and cannot be left empty."""
    person.waits_for_question(n)
    field, on = person.page.get_by_role("textbox"), person.page.get_by_role("button", name="Continue")
    asks = field.count()
    if asks:
        expect(field).to_be_disabled()
    person.options.first.click()
    if asks:
        expect(field).to_be_focused()
        on.click()
        expect(field).to_be_focused()
        field.fill(f"Stripes <b>{n}</b>")
        if n == 1:
            assert findings(person.page) == []
        on.click()
    person.waits_until_taken()


def test_pages_survive_leaving_and_a_lost_network_and_are_stored_once(page: Page, asking: LiveStudy) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    person = Person.arrives(page, asking)
    person.consents()
    send = page.get_by_role("button", name="Continue")
    expect(page.get_by_role("group", name="I am sure.").get_by_role("radio")).to_have_count(7)
    send.press("Enter")
    expect(page.get_by_text("Please answer this question.")).to_have_count(2)
    expect(page.get_by_role("radio").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    slider = page.get_by_role("slider", name="How hard?")
    assert slider.get_attribute("aria-valuetext") == "not answered yet"
    slider.click()  # in the middle, where it was before
    assert slider.get_attribute("aria-valuetext") == "11 of 21"
    page.get_by_role("textbox", name="Why?").fill("Two\nlines")
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert findings(page) == []
    page.goto(asking.landing)  # left, and opened again
    expect(page.get_by_role("radio", name="2", exact=True)).to_be_checked()
    page.context.set_offline(True)
    send.click()
    expect(page.locator("h1")).not_to_have_text("A few questions")
    expect(page.locator("#save-note")).to_have_text("Offline, answers stored")
    assert stored(asking) == []
    page.context.set_offline(False)
    expect(page.locator("#save-note")).to_have_text("All answers saved")
    assert stored(asking) == [("load", "11"), ("sure", "2"), ("why", "Two\nlines")]
    page.reload()
    expect(page.locator("h1")).not_to_have_text("A few questions")
    assert page.evaluate("localStorage.length") == 0
    for n in range(1, 6):
        person.reads_on()
        answers(person, n)
    assert reasons(asking) == ["Stripes <b>1</b>", "Stripes <b>2</b>", "Stripes <b>3</b>"]
    expect(page.get_by_role("spinbutton", name="Years?")).to_be_visible()
    page.goto(f"{asking.origin}/p/{person.token}/finish")  # the code waits for the page
    page.get_by_role("spinbutton", name="Years?").fill("-1")
    send.click()
    expect(page.get_by_text("Please enter a number of at least 0.")).to_be_visible()
    page.get_by_role("spinbutton", name="Years?").fill("3.5")
    page.keyboard.press("Enter")
    assert person.code()
    assert ("years", "3.5") in stored(asking)
