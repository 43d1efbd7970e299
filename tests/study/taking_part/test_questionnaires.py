"""Questionnaires: each page is stored whole, once and for good, where it belongs in a participant's way."""

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from sqlalchemy import select, update

from contracts.questionnaires import ITEM_KINDS
from contracts.scales import SCALES
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import Participant, QuestionnaireAnswer
from study.definition import frozen_definition
from study.errors import AnswerConflictError, UnknownError
from study.export.files import export_study
from study.questionnaires import QuestionnaireConfig, problems
from study.rehearsal.simulated import _said
from study.taking_part.questionnaire_answers import PageAnswers, preview_pages, record_page
from study.taking_part.questionnaire_answers import _answers as checked
from study.taking_part.questionnaire_answers import _is_number as is_number
from study.taking_part.questionnaire_answers import _item as shown
from study.taking_part.withdrawal import withdraw
from tests.study.samples import NOW, document, seeing, trusting
from tests.study.visitor import join

ITEMS: list[dict[str, Any]] = [
    {"name": "sure", "kind": "likert", "points": 5, "text": {"en": "I was sure."}, "ends": {"en": ["no", "yes"]}},
    {"name": "lost", "kind": "likert", "points": 5, "text": {"en": "I was lost."}, "reversed": True, "required": False},
    {"name": "eyes", "kind": "choice", "text": {"en": "Glasses?"}, "options": {"yes": {"en": "Y"}, "no": {"en": "N"}}},
    {
        "name": "used",
        "kind": "choices",
        "text": {"en": "What did you use?"},
        "options": {"edges": {"en": "Edges"}, "colours": {"en": "Colours"}},
        "required": False,
    },
    {"name": "years", "kind": "number", "text": {"en": "Years?"}, "minimum": 0, "maximum": 90, "required": False},
    {"name": "word", "kind": "text", "text": {"en": "One word?"}, "required": False},
    {"name": "why", "kind": "long-text", "text": {"en": "Why?"}, "required": False},
]
NEEDED = {"sure": "4", "eyes": "no"}


def asking(at: str = "end", *tasks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    sample = document(*(tasks or (seeing(images=2, k=9),)))
    return sample | {"questionnaires": [{"name": "after-all", "at": at, "items": ITEMS} | changes]}


def rows(database: Database) -> dict[str, str | None]:
    with database.reading() as session:
        answers = select(QuestionnaireAnswer.item, QuestionnaireAnswer.answer).order_by(QuestionnaireAnswer.position)
        return {item: answer for item, answer in session.execute(answers)}


def config(*items: dict[str, Any], **changes: Any) -> QuestionnaireConfig:
    return QuestionnaireConfig.model_validate({"name": "q", "items": list(items) or ITEMS} | changes)


def test_a_page_is_stored_whole_and_once_and_the_same_again_is_acknowledged(open_app, database: Database) -> None:
    visitor = join(open_app(asking()))
    (page,) = visitor.plan()["questionnaires"]
    assert [item["name"] for item in page["items"]] == [item["name"] for item in ITEMS]
    assert "reversed" not in page["items"][0]
    first = visitor.fills_in(page, **NEEDED, used="edges;colours", why=" two\r\nlines\0 ")
    assert (first.status_code, first.get_json()) == (200, {"page": 1})
    stored = {"sure": "4", "lost": None, "eyes": "no", "used": "edges;colours", "years": None, "word": None}
    assert rows(database) == stored | {"why": "two\nlines"}
    assert visitor.plan()["questionnaires"] == []
    again = visitor.fills_in(page, **NEEDED, used="edges;colours", why=" two\r\nlines\0 ")
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert visitor.fills_in(page, **NEEDED | {"sure": "1"}).status_code == 409
    assert rows(database)["sure"] == "4", "an answer is final"


def test_a_page_tells_the_browser_what_it_draws(open_app) -> None:
    way = {"name": "way", "kind": "likert", "points": 2, "text": {"en": "How?"}, "labels": {"en": ["so", "thus"]}}
    texts = {"title": {"en": "Last"}, "introduction": {"en": "Please answer."}}
    first, second = join(open_app(asking(per_page=4, items=[way, *ITEMS], **texts))).plan()["questionnaires"]
    of_page = {"name": "after-all", "at": "end", "pages": 2, "title": "Last"}
    shown = of_page | {"page": 1, "introduction": "Please answer."}
    assert {key: value for key, value in first.items() if key != "items"} == shown
    assert {key: value for key, value in second.items() if key != "items"} == of_page | {
        "page": 2,
        "introduction": None,
    }
    plain = {"required": True, "points": None, "ends": None, "labels": None, "options": [], "longest": 500}
    plain |= {"minimum": None, "maximum": None}
    choices = [{"value": "yes", "label": "Y"}, {"value": "no", "label": "N"}]
    assert [item | {"longest": 500} for item in first["items"][:2] + first["items"][3:]] == [
        plain | {"name": "way", "kind": "likert", "text": "How?", "points": 2, "labels": ["so", "thus"]},
        plain | {"name": "sure", "kind": "likert", "text": "I was sure.", "points": 5, "ends": ["no", "yes"]},
        plain | {"name": "eyes", "kind": "choice", "text": "Glasses?", "options": choices},
    ]
    assert [item["longest"] for item in second["items"]] == [
        ITEM_KINDS[item["kind"]].longest for item in second["items"]
    ]


def posted(database: Database, token: str, page: int = 1, name: str = "after-all", **changes: Any) -> dict[str, Any]:
    body = {"answers": dict.fromkeys(item["name"] for item in ITEMS) | NEEDED, "time_on_page": 1.0} | changes
    with database.writing() as session:
        reply = record_page(session, token, name, page, json.dumps(body).encode(), NOW)
        session.commit()
    return reply


def test_a_page_that_is_not_stored_says_why(open_app, database: Database) -> None:
    visitor = join(open_app(asking()))
    visitor.send(visitor.plan()["trials"][0])
    with pytest.raises(UnknownError, match=r"^there is no such page of questions$"):
        posted(database, visitor.token, page=2)
    posted(database, visitor.token)
    with pytest.raises(AnswerConflictError, match=r"^already-answered; the next trial is 1$"):
        posted(database, visitor.token, answers=dict.fromkeys(item["name"] for item in ITEMS) | NEEDED | {"sure": "1"})


@pytest.mark.parametrize(("told", "stored"), [(None, None), (-1.0, None), (0.0, None), (0.5, 0.5), (2000.0, 2000.0)])
def test_a_time_on_the_page_that_cannot_be_is_none(open_app, database: Database, told, stored) -> None:
    posted(database, join(open_app(asking())).token, time_on_page=told)
    with database.reading() as session:
        assert set(session.scalars(select(QuestionnaireAnswer.time_on_page))) == {stored}


@pytest.mark.parametrize(
    ("ended", "is_renewed"),
    [({}, True), ({"stopped_at": NOW}, False), ({"finished_at": NOW, "completion_code": "CODE"}, False)],
)
def test_a_page_renews_the_lease_of_people_who_are_at_it(open_app, database: Database, ended, is_renewed) -> None:
    token, before = join(open_app(asking())).token, NOW - timedelta(days=1)
    with database.writing() as session:
        session.execute(update(Participant).values(ended | {"lease_until": before}))
        session.commit()
    posted(database, token)
    with database.reading() as session:
        until = session.scalars(select(Participant.lease_until)).one()
    assert until == (NOW + timedelta(minutes=60) if is_renewed else before)


def test_the_pages_that_are_stored_are_those_that_were_shown(open_app, database: Database) -> None:
    """In a random order of each person, and of the questionnaire that was asked, whatever its questions are called."""
    sample = asking(per_page=3, order="random")
    app = open_app(
        sample | {"questionnaires": [one | {"name": name} for one in sample["questionnaires"] for name in "ab"]}
    )
    for visitor in [join(app) for _ in range(3)]:
        for page in visitor.plan()["questionnaires"]:
            needed = {name: value for name, value in NEEDED.items() if name in {item["name"] for item in page["items"]}}
            assert visitor.fills_in(page, **needed).status_code == 200
        assert visitor.plan()["questionnaires"] == []


def test_one_line_stays_one_line_and_may_be_as_long_as_it_is_told(open_app, database: Database) -> None:
    visitor = join(open_app(asking()))
    (page,) = visitor.plan()["questionnaires"]
    assert f"used: {'m' * 40!r} is no possible answer" in visitor.fills_in(page, **NEEDED, used="m" * 41).text
    visitor.fills_in(page, **NEEDED, word=" one\r\ntwo   " + "w" * 492)
    assert rows(database)["word"] == "one two " + "w" * 492


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"eyes": "no"}, "sure must be answered"),
    (NEEDED | {"sure": "6"}, "sure: '6' is no possible answer"),
    (NEEDED | {"sure": "0"}, "sure: '0'"),
    (NEEDED | {"eyes": "maybe"}, "eyes: 'maybe'"),
    (NEEDED | {"used": "edges;edges"}, "used: 'edges;edges'"),
    (NEEDED | {"used": "edges;"}, "used: 'edges;'"),
    (NEEDED | {"years": "91"}, "years: '91'"),
    (NEEDED | {"years": "1e1"}, "years: '1e1'"),
    (NEEDED | {"years": "nan"}, "years: 'nan'"),
    (NEEDED | {"word": "w" * 501}, "word is longer than 500 characters"),
    (NEEDED | {"other": "x"}, "this page asks sure, lost"),
]


def test_what_is_no_answer_is_refused_and_nothing_is_stored(open_app, database: Database) -> None:
    visitor = join(open_app(asking()))
    (page,) = visitor.plan()["questionnaires"]
    for answers, words in REFUSED:
        reply = visitor.fills_in(page, **answers)
        assert (reply.status_code, words in reply.text) == (400, True), reply.text
    assert visitor.fills_in(page | {"page": 2}, **NEEDED).status_code == 404
    assert visitor.fills_in(page | {"name": "other"}, **NEEDED).status_code == 404
    assert rows(database) == {}


@pytest.mark.parametrize(
    ("bounds", "possible", "impossible"),
    [
        ({}, ("-999999999999999", "999999999999999", "0.0000000001"), ("", "1.", ".5", "+1", "1000000000000000")),
        ({"minimum": 2}, ("2", "2.5", "999999"), ("1.9", "-3")),
        ({"maximum": 2}, ("2", "-999999"), ("2.1", "3")),
        ({"minimum": -2, "maximum": 2}, ("-2", "2", "0"), ("-2.01", "2.01")),
    ],
)
def test_a_number_is_possible_within_its_bounds_which_count_as_well(bounds, possible, impossible) -> None:
    item = config({"name": "n", "kind": "number", "text": {"en": "N?"}} | bounds).asked[0]
    assert [text for text in possible if not is_number(item, text)] == []
    assert [text for text in impossible if is_number(item, text)] == []


def test_pages_are_cut_and_mixed_for_each_participant_alike_at_every_look(open_app) -> None:
    app = open_app(asking(per_page=3, order="random"))
    orders = []
    for _ in range(6):
        visitor = join(app)
        pages = visitor.plan()["questionnaires"]
        assert pages == visitor.plan()["questionnaires"]
        assert [(page["page"], page["pages"], len(page["items"])) for page in pages] == [
            (1, 3, 3),
            (2, 3, 3),
            (3, 3, 1),
        ]
        orders.append(tuple(item["name"] for page in pages for item in page["items"]))
    assert len(set(orders)) > 1
    assert {frozenset(order) for order in orders} == {frozenset(item["name"] for item in ITEMS)}


def test_a_preview_has_all_pages_whatever_they_come_after(open_app, database: Database) -> None:
    open_app(asking("after:trusting", seeing(), trusting(), per_page=4, title={"en": "Last"}))
    with database.reading() as session:
        pages = preview_pages(frozen_definition(find_study(session, "demo")), "en")
    names = [item["name"] for item in ITEMS]
    assert [(page["name"], page["title"], page["page"], page["pages"]) for page in pages] == [
        ("after-all", "Last", 1, 2),
        ("after-all", "Last", 2, 2),
    ]
    assert [[item["name"] for item in page["items"]] for page in pages] == [names[:4], names[4:]]


def test_the_code_waits_for_the_pages_but_not_for_those_of_a_task_that_somebody_does_not_do(open_app) -> None:
    sample = asking("after:trusting", seeing(images=2, k=9), trusting(images=2, k=9))
    sample["participants"]["tasks"] = "one"
    asked = [join(app := open_app(sample))]
    asked += [join(app) for _ in range(3)]
    for visitor in asked:
        tasks = [task["name"] for task in visitor.plan()["tasks"]]
        assert bool(visitor.plan()["questionnaires"]) == (tasks == ["trusting"])


def test_who_has_answered_all_trials_is_led_to_the_pages_and_then_to_the_code(open_app) -> None:
    visitor = join(open_app(asking()))
    for trial in visitor.plan()["trials"]:
        visitor.send(trial)
    finish, study = f"/p/{visitor.token}/finish", f"/p/{visitor.token}/study"
    assert visitor.client.get(finish).headers["Location"] == study
    assert visitor.client.get(study).status_code == 200
    assert "next page shows your completion code" in visitor.client.get(f"/p/{visitor.token}/leave").text
    assert 'id="completion-code"' in visitor.client.get(f"{finish}?asked=yes").text, "who stops there is paid too"
    visitor.fills_in(visitor.plan()["questionnaires"][0], **NEEDED)
    assert visitor.client.get(study).headers["Location"] == finish
    assert 'id="completion-code"' in visitor.client.get(finish).text


def test_answers_are_exported_with_their_kind_and_place_and_gone_after_withdrawal(
    open_app, database: Database, tmp_path: Path
) -> None:
    visitors = [join(app := open_app(asking("start", per_page=4))), join(app, observer_kind="simulated")]
    for visitor in visitors:
        first, second = visitor.plan()["questionnaires"]
        visitor.fills_in(first, **NEEDED)
        visitor.fills_in(second, years="8.5", word="=1+1")
    with database.writing() as session:
        folder = export_study(session, "demo", tmp_path / "export")
        with (folder / "data/study-demo_description-questionnaire_data.csv").open(newline="") as file:
            table = list(csv.DictReader(file))
        withdraw(session, visitors[0].token, NOW)
        withdraw(session, visitors[1].token, NOW)
        session.commit()
    assert [row["observer_kind"] for row in table] == ["human"] * 7 + ["simulated"] * 7
    mine = {row["item"]: row for row in table[:7]}
    assert [row["page"] for row in mine.values()] == ["1"] * 4 + ["2"] * 3
    assert [row["position"] for row in mine.values()] == list("1234567")
    assert (mine["sure"]["value"], mine["sure"]["reversed"], mine["lost"]["reversed"]) == ("4", "0", "1")
    assert (mine["years"]["value"], mine["word"]["answer"], mine["word"]["value"]) == ("8.5", "'=1+1", "")
    assert (mine["lost"]["answer"], mine["sure"]["time_on_page"]) == ("", "2500.0")
    assert rows(database) == {}


def test_simulated_people_give_possible_answers() -> None:
    rng, items = np.random.default_rng(0), config().asked
    for _ in range(50):
        said = {item.name: _said(shown(item, "en"), rng) for item in items}
        assert dict(checked(PageAnswers(answers=said, time_on_page=1), items)) == said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "likert"}, "likert needs points"),
        ({"kind": "choice"}, "choice needs options"),
        ({"kind": "text", "points": 5}, "points is not for kind text"),
        ({"kind": "likert", "points": 5, "ends": {"en": ["a", "b", "c"]}}, "2 texts are needed"),
        ({"kind": "likert", "points": 3, "labels": {"en": ["a", "b"]}}, "3 texts are needed"),
        ({"kind": "number", "minimum": 2, "maximum": 1}, "minimum is more than maximum"),
    ],
)
def test_an_item_that_does_not_fit_its_kind_is_refused_with_the_remedy(changes, words) -> None:
    with pytest.raises(ValidationError, match=words):
        config({"name": "x", "text": {"en": "?"}} | changes)


def test_what_a_questionnaire_alone_cannot_see_is_found() -> None:
    one, other = config(at="after:seing"), config(title={"en": "Title"})
    found = problems([one, other], ["en", "ko"], ["seeing"])
    assert "questionnaires: two are named 'q'; rename one" in found
    assert "questionnaire \"q\": at: no task 'seing'; there are seeing" in found
    assert 'questionnaire "q": title has no text for language ko; add it' in found
    assert 'questionnaire "q": item "sure": ends has no text for language ko; add it' in found
    with pytest.raises(ValidationError, match="no items"):
        QuestionnaireConfig(name="q")
    with pytest.raises(ValidationError, match="two items are named sure"):
        config(ITEMS[0], ITEMS[0])


def test_a_scale_by_name_has_its_published_items_steps_and_reversed_ones() -> None:
    load = QuestionnaireConfig(name="load", scale="nasa-tlx-raw")
    assert [item.name for item in load.asked] == [*SCALES["nasa-tlx-raw"].items]
    assert {item.points for item in load.asked} == {21}
    assert (load.asked[3].ends["en"], load.asked[0].ends["en"]) == (("perfect", "failure"), ("very low", "very high"))
    trust = QuestionnaireConfig(name="trust", scale="xai-trust", subject={"en": "tool"}, required=False)
    assert [item.name for item in trust.asked if item.reversed] == ["wary"]
    assert trust.asked[5].text["en"] == "I am wary of the tool."
    assert not any("{" in text for item in trust.asked for text in item.text.values())
    assert problems([load, QuestionnaireConfig(name="t", scale="xai-trust")], ["en", "ko", "de"], []) == []


@pytest.mark.parametrize("scale", ["jian-trust", "sus"])
def test_texts_that_may_not_be_shipped_are_asked_for_with_where_they_are_found(scale: str) -> None:
    (found,) = problems([QuestionnaireConfig(name="q", scale=scale)], ["en"], [])
    number = len(SCALES[scale].items)
    assert f"Give them as texts.en = [{number} texts]" in found
    assert SCALES[scale].source in found
    own = QuestionnaireConfig(name="q", scale=scale, texts={"en": tuple(f"Sentence {i}." for i in range(number))})
    assert problems([own], ["en"], []) == []
    assert own.asked[-1].text["en"] == f"Sentence {number - 1}."


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"scale": "nasa"}, "there is no 'nasa'; there are nasa-tlx-raw"),
        ({"scale": "sus", "items": ITEMS}, "both items and a scale"),
        ({"scale": "sus", "texts": {"en": ("a", "b")}}, "sus has 10 items"),
        ({"items": ITEMS, "subject": {"en": "x"}}, "subject is for a scale"),
    ],
)
def test_a_scale_that_cannot_be_is_refused_with_the_remedy(given, words) -> None:
    with pytest.raises(ValidationError, match=words):
        QuestionnaireConfig.model_validate({"name": "q"} | given)
