"""Distinction: each person sees the four tiles in an order of their own, and the plan tells no class that it hides."""

import json
from dataclasses import replace

import pytest

from contracts.tasks import CLASS, CLASS_SURE, RESPONSE, SURE
from contracts.tiles import Tiled
from study.conduct.opening import take_in
from study.conduct.stand_ins import stand_ins
from study.config import TaskConfig
from study.database.find import find_study
from study.database.schema import ATTENTION, PRACTICE
from study.errors import OpeningError
from study.export.rows import READERS
from study.taking_part.answers import record_answer
from study.taking_part.plan import plan
from study.taking_part.tiles import tiles_of
from study.tasks.wording import practice_feedback, words_of
from tests.study.samples import NOW, document, enrol, sha256, trials_of

CATEGORIES = ["an ant", "a bee", "a cat", "a dog", "an elk"]  # with blanks, which no random token has by chance


def choosing(**changes):
    return {
        "name": "choosing",
        "kind": "distinction",
        "methods": ["grad-cam"],
        "networks": ["weak"],
        "images": 8,
        "ratings_per_item": 4,
        "trials_per_participant": 6,
        "confidence": True,
    } | changes


def opened(database, folder, task, change=lambda row: row, **more):
    rows = [change(row) for row in stand_ins([TaskConfig.model_validate(task)], CATEGORIES)]
    with database.writing() as session:
        take_in(session, document(task) | more, sha256(task), rows, {}, folder, NOW)
        session.commit()


def shown_to(database, person):
    with database.reading() as session:
        return plan(session, session.merge(person, load=False), lambda token: token)["trials"]


def answer(database, person, trial, question, response):
    body = {"question": question, "response": response, "rt": 900, "time_elapsed": 5000, "trial_index": trial.position}
    return record_answer(database, person.token, trial.trial_token, json.dumps(body).encode(), NOW)


def test_every_person_has_an_order_of_their_own_which_the_plan_and_the_export_hold(database, tmp_path):
    opened(database, tmp_path, choosing())
    orders = set()
    for number in range(4):
        person = enrol(database, number)
        trials = trials_of(database, person)
        assert len({trial.image_id for trial in trials}) == 6, "no image twice"
        for trial, told in zip(trials, shown_to(database, person), strict=True):
            assert sorted(trial.option_order) == ["1", "2", "3", "4"]
            photograph, tiles = told["images"]
            assert (photograph["url"], tiles["url"]) == (trial.right_image_token, trial.left_image_token)
            assert "tiles" not in photograph
            assert [str(tile["place"] + 1) for tile in tiles["tiles"]] == trial.option_order
            assert [option["value"] for option in told["questions"][0]["options"]] == trial.option_order
            assert [option["label"] for option in told["questions"][0]["options"]] == ["1", "2", "3", "4"]
            orders.add(tuple(trial.option_order))
    assert len(orders) > 8
    with database.snapshot() as session:
        exported = list(READERS["trials"](session, find_study(session, "demo")))
    assert {tuple(row["option_order"]) for row in exported} == orders


def test_a_plan_tells_how_the_page_cuts_a_picture():
    picture = {"width": 448, "height": 224, "label": "{number}: {class}", "alt": None}
    words = words_of(TaskConfig.model_validate(choosing()), "en")
    assert tiles_of(["2", "1", "4", "3"], "1|2|ant|bee|cat|dog", words, picture, "en") == {
        "width": 224,
        "height": 112,
        "columns": 2,
        "tiles": [
            {"place": place, "label": label, "alt": ""}
            for place, label in ((1, "1: bee"), (0, "2: ant"), (3, "3: dog"), (2, "4: cat"))
        ],
    }
    own = words.model_copy(update={"categories": {"bee": "bumblebee"}})
    told = tiles_of(["2", "1", "4", "3"], "1|2|ant|bee|cat|dog", own, picture, "en")
    assert told["tiles"][0]["label"] == "1: bumblebee"
    assert json.dumps([told["width"], told["height"]]) == "[224, 112]", "whole pixels"


def test_feedback_without_an_order_names_tiles_by_their_number():
    task = TaskConfig.model_validate(choosing(practice=1))
    said = practice_feedback(task, "en", ("2",), "3")
    assert said == "Not quite. You chose 3; the model predicts 2."


def test_nothing_tells_a_class_unless_the_wording_does(database, tmp_path):
    opened(database, tmp_path, choosing())
    told = json.dumps(shown_to(database, enrol(database, 0)))
    assert not any(name in told for name in CATEGORIES)


@pytest.mark.parametrize(("wording", "are_named"), [("paper-labels", False), ("named", True)])
def test_the_correct_class_or_all_four_can_be_named(wording, are_named, database, tmp_path):
    opened(database, tmp_path, choosing(wording=wording))
    person = enrol(database, 0)
    with database.snapshot() as session:
        foils = {r["trial_id"]: r["foil"] for r in READERS["trials"](session, find_study(session, "demo"))}
    for trial, told in zip(trials_of(database, person), shown_to(database, person), strict=True):
        tiled = Tiled.read(foils[trial.id])
        if are_named:
            labels = [tile["label"] for tile in told["images"][1]["tiles"]]
            named = [tiled.names[int(place) - 1] for place in trial.option_order]
            assert labels == [f"{number} – {name}" for number, name in enumerate(named, start=1)]
        else:
            assert "".join(told["prompt"]) == f"This is a photo of {tiled.correct}."
            assert not any(name in json.dumps(told["images"]) for name in CATEGORIES)


def test_four_answers_are_stored_one_by_one_and_half_of_the_predictions_are_right(database, tmp_path):
    opened(database, tmp_path, choosing())
    person = enrol(database, 0)
    for trial in trials_of(database, person):
        for question, response in ((RESPONSE, "2"), (SURE, "5"), (CLASS, "3"), (CLASS_SURE, "1")):
            answer(database, person, trial, question, response)
    with database.snapshot() as session:
        study = find_study(session, "demo")
        trials = list(READERS["trials"](session, study))
        answers = list(READERS["answers"](session, study))
    for row in trials:
        assert row["correct"] == (row["foil"].split("|")[0] == "2")
    assert sum(Tiled.read(row["foil"]).is_right for row in trials) == 3
    given = [(row["question"], row["response"]) for row in answers]
    assert all(given.count(pair) == 6 for pair in ((SURE, "5"), (CLASS, "3"), (CLASS_SURE, "1")))


def test_practice_names_tiles_by_their_place_and_checks_ask_for_a_wrong_one(database, tmp_path):
    opened(database, tmp_path, choosing(practice=1, attention_checks=1, confidence=False))
    for number in range(4):
        person = enrol(database, number)
        trials = trials_of(database, person)
        with database.snapshot() as session:
            rows = READERS["trials"](session, find_study(session, "demo"))
            foils = {row["trial_id"]: row["foil"] for row in rows}
        check = next(trial for trial in trials if trial.purpose == ATTENTION)
        assert check.expected_response != foils[check.id].split("|")[0]
        practice = next(trial for trial in trials if trial.purpose == PRACTICE)
        right = foils[practice.id].split("|")[0]
        wrong = next(place for place in practice.option_order if place != right)
        answer(database, person, practice, RESPONSE, wrong)
        said = answer(database, person, practice, CLASS, wrong).feedback
        place = {value: number for number, value in enumerate(practice.option_order, start=1)}
        assert said == f"Not quite. You chose {place[wrong]}; the model predicts {place[right]}."


def test_practice_is_told_in_the_words_of_ones_condition(database, tmp_path):
    conditions = [{"name": name, "wording": {"choosing": name}} for name in ("paper", "plain")]
    opened(database, tmp_path, choosing(practice=1, confidence=False), conditions=conditions)
    said = {}
    for number in range(2):
        person = enrol(database, number)
        practice = trials_of(database, person)[0]
        answer(database, person, practice, RESPONSE, "1")
        said[person.condition] = answer(database, person, practice, CLASS, "1").feedback
    assert "the model predicts" in said["paper"]
    assert "the model" not in said["plain"]


def test_a_set_without_four_classes_is_refused(database, tmp_path):
    with pytest.raises(OpeningError, match=r"'dog' does not say what 4 tiles explain"):
        opened(database, tmp_path, choosing(), lambda row: replace(row, foil="dog"))
