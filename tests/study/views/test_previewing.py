"""A study is shown before anything is made, opened or stored, and again whenever its definition changes."""

import gc
import re
from pathlib import Path
from typing import Any

import pytest

from study.conduct.stand_ins import STAND_IN, stand_ins
from study.config import TaskConfig
from study.errors import StudyError
from study.views import previewing
from study.views.previewing import NotPreviewableError, Source, create_preview
from tests.study.samples import document, seeing, trusting

CONDITIONS = [
    {"name": "few", "methods": {"seeing": ["deconvolution"]}, "wording": {"trusting": "paper"}},
    {"name": "others", "wording": {"trusting": "robots"}},
]


@pytest.fixture
def written():
    """The definition as it is now: tests change it."""
    sample = document(seeing(), trusting())
    sample["study"] |= {"languages": ["en", "ko"]}
    for text in ("title", "consent", "debriefing"):
        sample["study"][text] = {"en": "A study", "ko": "연구"}
    return {"document": sample | {"conditions": CONDITIONS}, "wrong": "", "version": 0}


@pytest.fixture
def client(written):
    def load() -> Source:
        if written["wrong"]:
            raise NotPreviewableError(written["wrong"])
        tasks = [TaskConfig.model_validate(task) for task in written["document"]["tasks"]]
        return Source(written["document"], stand_ins(tasks, ["cat", "dog", "horse"]), Path(), has_stand_ins=True)

    return create_preview(load, lambda: str(written["version"])).test_client()


def test_every_page_is_there_in_every_language_without_a_database(client):
    for page in ("/", "/questions", "/finish"):
        for language, word in (("en", "A study"), ("ko", "연구")):
            reply = client.get(f"{page}?language={language}")
            assert (reply.status_code, f'<html lang="{language}">' in reply.text) == (200, True)
            assert word in reply.text
            assert "Preview: nothing you do here is stored. Pictures are stand-ins." in " ".join(reply.text.split())
            assert "Set-Cookie" not in reply.headers
    assert client.post("/trials/x", json={}).get_json()["done"] is False
    assert client.post("/questionnaires/x/0", json={}).get_json() == {"page": 0}


def test_the_questions_of_the_screening_come_between_the_sheet_and_the_study(client, written):
    assert 'href="/screening' not in client.get("/").text
    texts = {"en": "Do you see colours?", "ko": "색을 구별하십니까?"}
    question = {"name": "eyes", "text": texts, "options": {name: texts for name in ("yes", "no")}}
    written["document"] |= {"screening": {"questions": [question]}}
    written["version"] += 1
    assert re.search(r'<a class="button" href="/screening\?language=ko">', client.get("/?language=ko").text)
    page = client.get("/screening?language=ko").text
    assert texts["ko"] in page
    assert re.search(r'<a class="button" href="/questions\?language=ko">', page)


def test_each_condition_and_task_can_be_looked_at(client):
    plans = {name: client.get(f"/plan?condition={name}").get_json() for name in ("few", "others")}
    assert {name: plan["tasks"][1]["wording"] for name, plan in plans.items()} == {"few": "paper", "others": "robots"}
    only = client.get("/plan?task=trusting&language=ko").get_json()
    assert [task["name"] for task in only["tasks"]] == ["trusting"]
    bar = client.get("/questions?condition=few").text
    for link in ("condition=others", "task=seeing", "language=ko"):
        assert re.search(f'href="/questions[^"]*{link}', bar)
    assert (
        client.get("/plan?condition=few").get_json()["trials"][0]["questions"] == plans["few"]["trials"][0]["questions"]
    )


def test_one_category_of_an_image_is_shown_where_the_foil_is_another_one(client, written):
    written["document"]["tasks"][0]["foil"] = "runner-up"
    options = [trial["questions"][0]["options"] for trial in client.get("/plan?task=seeing").get_json()["trials"]]
    assert all(len({option["value"] for option in both}) == 2 for both in options)


def test_pictures_are_drawn_and_say_what_they_are(client):
    first = client.get("/plan").get_json()["trials"][0]["images"][0]["url"]
    reply = client.get(first)
    assert reply.mimetype == "image/svg+xml"
    assert f">{STAND_IN}</text>" in reply.text
    assert client.get("/pictures/unknown").status_code == 409


def test_what_is_wrong_is_shown_and_goes_when_it_is_mended(client, written):
    before = client.get("/version").text
    written |= {"wrong": "study.minuts: <unknown> key", "version": 1}
    reply = client.get("/")
    assert reply.status_code == 409
    assert "study.minuts: &lt;unknown&gt; key" in reply.text
    assert f'data-version="{client.get("/version").text}"' in reply.text
    assert before != client.get("/version").text
    written |= {"wrong": "", "version": 2}
    assert client.get("/").status_code == 200


def test_the_database_of_an_earlier_version_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disposing an engine closes its connection and gives it a new pool."""
    made: list[tuple[Any, Any]] = []
    create = previewing.create_engine

    def created(*arguments: Any, **options: Any) -> Any:
        made.append((engine := create(*arguments, **options), engine.pool))
        return engine

    def load() -> Any:
        raise StudyError("not yet complete")

    monkeypatch.setattr(previewing, "create_engine", created)
    versions = iter("12")
    preview = previewing.Previewed(load, lambda: next(versions))
    for _ in range(2):
        with pytest.raises(StudyError), preview.opened():
            pass
    gc.collect()
    assert made[0][0].pool is not made[0][1]
