"""Advice leaves the server with the acknowledgement of what has to be answered first, and not before."""

import json
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from pydantic import ValidationError
from sqlalchemy import select

from contracts.methods import PHOTOGRAPH
from contracts.tasks import ADVICE, AT_ONCE, DELAYED, NO, ON_REQUEST, WAIT
from study import close_app, create_app
from study.conduct.opening import take_in
from study.conduct.stand_ins import stand_ins
from study.config import TaskConfig
from study.database.find import find_study
from study.database.loads import give_back
from study.database.schema import ATTENTION, Item, Trial
from study.definition import definition_of
from study.errors import EarlyAnswerError, UnknownError
from study.export.rows import READERS
from study.taking_part.advice import Advice, advice_of, comes_later, is_told, prompt_of, refuse_early, refuse_haste
from study.tasks.wording import words_of
from tests.study.samples import NOW, SECRET, document, png, sha256
from tests.study.visitor import Visitor, join


def advised(**changes: Any) -> dict[str, Any]:
    return {
        "name": "advised",
        "kind": "reliance",
        "methods": ["grad-cam"],
        "networks": ["weak"],
        "images": 8,
        "ratings_per_item": 4,
        "trials_per_participant": 4,
    } | changes


@pytest.fixture
def open_advised(database, sqlite_url, tmp_path):
    apps = []

    def build(**changes: Any) -> Flask:
        definition = document(advised(**changes))
        tasks = [TaskConfig.model_validate(task) for task in definition["tasks"]]
        with database.writing() as session:
            take_in(session, definition, sha256(definition), stand_ins(tasks, ["sofa", "bus"]), {}, tmp_path, NOW)
            session.commit()
        for name in ("stand-in-1", "measured.png"):  # the longest of a folder is that of its PNG files
            (tmp_path / name).write_bytes(png(1))
        apps.append(create_app({"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "TESTING": True}))
        return apps[-1]

    yield build
    for app in apps:
        close_app(app)


def trials(database) -> list[tuple[Trial, Item]]:
    with database.reading() as session:
        rows = session.execute(select(Trial, Item).join(Item, Trial.item_id == Item.id).order_by(Trial.position))
        return [(trial, item) for trial, item in rows]


def picture(visitor: Visitor, token: str) -> int:
    return visitor.client.get(f"/p/{visitor.token}/images/{token}").status_code


FIRST = {"after-own-answer": 2, "on-request": 1, "delayed": 1}  # answers before advice, confidence asked for
SETTINGS = {"after-own-answer": {"confidence": True}, "on-request": {}, "delayed": {"advice_delay": 3}}


def test_an_attention_check_has_its_photograph_alone_and_no_advice(open_advised, database):
    visitor = join(open_advised(advice="delayed", advice_delay=3, attention_checks=1))
    purposes = {trial.trial_token: trial.purpose for trial, _ in trials(database)}
    for told in visitor.plan()["trials"]:
        is_check = purposes[told["trial_token"]] == ATTENTION
        assert ("advice" in told, len(told["images"])) == ((False, 1) if is_check else (True, 2))


def test_the_question_that_waits_tells_how_long(open_advised):
    visitor = join(open_advised(advice="delayed", advice_delay=3))
    for trial in visitor.plan()["trials"]:
        assert {question["name"]: question.get("wait") for question in trial["questions"]} == {
            "wait": 3,
            "response": None,
        }


@pytest.mark.parametrize("advice", FIRST)
def test_neither_plan_nor_address_nor_picture_tells_the_advice_before(advice, open_advised, database):
    visitor = join(open_advised(advice=advice, **SETTINGS[advice]))
    told = visitor.plan()
    for shown, (trial, _item) in zip(told["trials"], trials(database), strict=True):
        assert trial.left_image_token not in json.dumps(told)
        assert shown["prompt"] is None
        assert shown["advice"] == {"after": FIRST[advice], "told": None}
        assert [image["url"] for image in shown["images"]] == [
            f"/p/{visitor.token}/images/{trial.right_image_token}",
            None,
        ]
        assert picture(visitor, trial.left_image_token) == 404
        assert picture(visitor, trial.right_image_token) == 200, "the photograph"
    options = {tuple(sorted(o["value"] for o in q["options"])) for t in told["trials"] for q in t["questions"][-1:]}
    assert options == {("bus", "sofa")}, "the prediction is one of two"
    trial, item = trials(database)[0]
    shown = told["trials"][0]
    for place in range(FIRST[advice]):
        assert picture(visitor, trial.left_image_token) == 404, "not with a part of the answers"
        reply = visitor.send(shown, place=place)
        assert ("advice" not in reply.get_json()) == (place + 1 < FIRST[advice])
    advice_told = reply.get_json()["advice"]
    url = f"/p/{visitor.token}/images/{trial.left_image_token}"
    assert advice_told == {"prompt": ["The AI answers: ", item.category, "."], "url": url}
    assert picture(visitor, trial.left_image_token) == 200
    assert visitor.send(shown, place=place).get_json() == reply.get_json(), "the same answer gets the same reply"
    again = visitor.plan()
    assert again["trials"][0]["advice"]["told"] == advice_told, "a page opened again goes on behind the own answer"
    assert len(again["trials"][0]["answered"]) == FIRST[advice]
    assert trials(database)[1][0].left_image_token not in json.dumps(again), "of no other photograph"
    changed = visitor.send(shown, shown["questions"][0]["options"][-1]["value"], rt=1.0)
    assert changed.status_code == 409, "what was seen cannot change the own answer"
    assert visitor.send(shown, place=place + 1).get_json()["next_index"] == 1


@pytest.fixture
def moment(monkeypatch):
    """Seconds from the beginning, which a test sets."""
    seconds = [0.0]
    monkeypatch.setattr("study.clock.now", lambda: NOW + timedelta(seconds=seconds[0]))
    return seconds


def test_the_server_keeps_the_delay_and_tells_nothing_before(open_advised, database, moment):
    visitor = join(open_advised(advice=DELAYED, advice_delay=5))
    first, second, *_ = visitor.plan()["trials"]
    moment[0] = 10.0
    for place in (0, 1):
        assert visitor.send(first, place=place).status_code == 200
    moment[0] = 13.0
    early = visitor.send(second)
    assert (early.status_code, early.headers["Retry-After"], early.get_json()["error"]) == (429, "1", "early")
    assert "advice" not in early.get_json()
    trial, _ = trials(database)[1]
    assert trial.questions_answered == 0
    assert picture(visitor, trial.left_image_token) == 404
    moment[0] = 14.0  # within the second that answers may be on their way
    told = visitor.send(second)
    assert "advice" in told.get_json()
    moment[0] = 14.1
    assert visitor.send(second).get_json() == told.get_json(), "the same answer gets the same reply"


def test_simulated_people_need_not_wait(open_advised, moment):
    visitor = join(open_advised(advice=DELAYED, advice_delay=120), observer_kind="simulated")
    assert visitor.finish()


def test_advice_alone_has_no_picture(open_advised, database):
    visitor = join(open_advised(methods=[PHOTOGRAPH]))
    shown = visitor.plan()["trials"][0]
    assert len(shown["images"]) == 1
    _, item = trials(database)[0]
    assert item.category not in json.dumps(shown["prompt"])
    trial, _ = trials(database)[0]
    assert picture(visitor, trial.left_image_token) == 200, "the photograph comes before the own answer"
    told = visitor.send(shown).get_json()["advice"]
    assert told == {"prompt": ["The AI answers: ", item.category, "."], "url": None}
    assert visitor.plan()["trials"][0]["advice"]["told"] == told, "a page opened again"


def test_people_who_decline_are_not_told(open_advised, database):
    visitor = join(open_advised(advice=ON_REQUEST))
    shown = visitor.plan()["trials"][0]
    reply = visitor.send(shown, NO).get_json()
    assert reply["next_question"] == "response"
    assert "advice" not in reply
    assert visitor.plan()["trials"][0]["advice"]["told"] is None
    assert picture(visitor, trials(database)[0][0].left_image_token) == 404
    assert visitor.send(shown, place=1).get_json()["next_index"] == 1


def test_at_once_everything_is_in_the_plan(open_advised, database):
    visitor = join(open_advised(advice=AT_ONCE))
    shown = visitor.plan()["trials"][0]
    assert [question["name"] for question in shown["questions"]] == ["response"]
    assert shown["prompt"] == ["The AI answers: ", trials(database)[0][1].category, "."]
    assert all(image["url"] for image in shown["images"])


def test_an_attention_check_has_no_advice_and_its_picture_is_never_shown(open_advised, database):
    visitor = join(open_advised(attention_checks=1))
    for shown, (trial, _) in zip(visitor.plan()["trials"], trials(database), strict=True):
        if trial.purpose == "attention":
            assert (len(shown["questions"]), len(shown["images"]), shown["prompt"]) == (1, 1, None)
            assert picture(visitor, trial.left_image_token) == 404


def test_everybody_gets_as_much_right_as_wrong_advice_and_the_export_has_both_answers(open_advised, database):
    app = open_advised()
    for _ in range(8):
        visitor = join(app)
        assert visitor.finish()
    for person in {trial.participant_id for trial, _ in trials(database)}:
        of = [item for trial, item in trials(database) if trial.participant_id == person]
        assert Counter(item.category == item.foil.split("|")[1] for item in of) == {True: 2, False: 2}
    assert Counter(trial.item_id for trial, _ in trials(database)).most_common()[-1][1] == 4, "exactly its ratings"
    with database.reading() as session:
        study = find_study(session, "demo")
        rows, answers = ([*READERS[name](session, study)] for name in ("trials", "answers"))
    assert all(row["correct"] == (row["response"] == row["foil"].split("|")[1]) for row in rows)
    assert Counter(answer["question"] for answer in answers) == {"own": 32}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"advice": DELAYED}, "advice_delay is the number of seconds"),
        ({"advice_delay": 5}, "advice_delay is the number of seconds"),
        ({"advice": DELAYED, "advice_delay": 0}, "greater than or equal to 1"),
        ({"advice": DELAYED, "advice_delay": 121}, "less than or equal to 120"),
        ({"advice": "never"}, "Input should be 'after-own-answer'"),
        ({"advice": AT_ONCE, "confidence": True}, "confidence is asked of the own answer"),
        ({"kind": "agreement", "advice": AT_ONCE}, "advice is for kinds in which the network advises"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes, fault):
    with pytest.raises(ValidationError, match=fault):
        TaskConfig.model_validate(advised(**changes))


def test_each_setting_has_its_questions():
    asked = {}
    for advice in ADVICE:
        task = TaskConfig.model_validate(advised(advice=advice, **SETTINGS.get(advice, {})))
        asked[advice] = [question.name for question in task.questions]
    assert asked == {
        "after-own-answer": ["own", "confidence", "response"],
        "on-request": ["request", "response"],
        "delayed": ["wait", "response"],
        "at-once": ["response"],
    }


def test_an_attention_check_never_waits_for_answers():
    """Of a kind without advice everything is told at once."""
    task = TaskConfig.model_validate(advised(confidence=True))
    assert (comes_later(task, "main"), comes_later(task, "attention")) == (2, 0)
    assert (is_told(task, "main", {}), is_told(task, "attention", {})) == (False, True)
    assert comes_later(TaskConfig.model_validate(advised(kind="agreement")), "main") == 0


def test_a_prompt_is_parted_at_the_first_place_of_the_category():
    words = words_of(TaskConfig.model_validate(advised()), "en")

    def parts(prompt: str | None, **own: str) -> tuple[str, ...]:
        return prompt_of(words.model_copy(update={"prompt": prompt, "categories": own}), "bus", "en")

    assert parts("It is a {category}, no {category}?") == ("It is a ", "bus", ", no {category}?")
    assert parts("It is a {category}!", bus="coach") == ("It is a ", "coach", "!")
    assert parts("It is sure.") == ("It is sure.", "", "")
    assert parts(None) == ()


def test_advice_is_told_in_the_words_of_the_person_s_condition():
    conditions = [{"name": "first"}, {"name": "second", "wording": {"advised": "plain"}}]
    definition = definition_of(document(advised()) | {"conditions": conditions})
    trial = SimpleNamespace(
        condition="second", task="advised", language="en", category="bus", left_image_token="l", right_image_token="r"
    )
    assert advice_of(definition, trial) == Advice(("The program answers: ", "bus", "."), "l")


def test_an_early_picture_is_refused_as_if_there_were_none(open_advised, database):
    visitor = join(open_advised())
    token = trials(database)[0][0].left_image_token
    with database.reading() as session, pytest.raises(UnknownError, match=r"^there is no such image$"):
        refuse_early(session, visitor.token, token)


@pytest.mark.parametrize(("seconds", "lacking"), [(0, 4), (3, 1), (3.5, 1), (4, None), (9, None)])
def test_how_long_somebody_still_has_to_wait_is_told_in_whole_seconds(seconds, lacking):
    task = TaskConfig.model_validate(advised(advice=DELAYED, advice_delay=5))
    person = SimpleNamespace(participant_id=1, observer_kind="human")
    driver = SimpleNamespace(row=lambda _statement, participant_id: SimpleNamespace(at=NOW if participant_id else None))

    def ask(question: str = WAIT, **other: Any) -> None:
        shown = SimpleNamespace(**vars(person) | other)
        refuse_haste(driver, shown, question, task, NOW + timedelta(seconds=seconds))

    ask("response")
    ask(observer_kind="simulated")
    ask(participant_id=0)  # nothing was answered before
    if lacking is None:
        ask()
        return
    with pytest.raises(EarlyAnswerError, match=r"^this answer cannot have been given yet$") as refusal:
        ask()
    assert refusal.value.seconds == lacking


def test_a_late_answer_of_somebody_who_waited_is_stored(open_advised, database, moment):
    """Under the lock, where the time that they waited is looked at once more."""
    visitor = join(open_advised(advice=DELAYED, advice_delay=5))
    first, second, *_ = visitor.plan()["trials"]
    for place in (0, 1):
        visitor.send(first, place=place)
    with database.writing() as session:
        give_back(session, [trials(database)[0][0].participant_id])
        session.commit()
    moment[0] = 10.0
    assert "advice" in visitor.send(second).get_json()
    assert trials(database)[1][0].questions_answered == 1
