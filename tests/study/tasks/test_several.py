"""A rating of several explanations: one item, one answer, and a plan that tells where the page cuts the pictures."""

import json
from dataclasses import replace

import pytest
from pydantic import ValidationError

from contracts.sheets import Sheet
from contracts.tasks import KINDS, RESPONSE
from study.conduct.opening import take_in
from study.conduct.stand_ins import drawn, parts_of, stand_ins
from study.config import TaskConfig
from study.database.find import find_study
from study.errors import OpeningError
from study.export.rows import READERS
from study.taking_part.answers import record_answer
from study.taking_part.plan import plan
from study.tasks.wording import lacking
from tests.study.samples import NOW, document, enrol, sha256, trials_of

CATEGORIES = ["an ant", "a bee", "a cat"]


def rating(**changes):
    return {
        "name": "rating",
        "kind": "rating",
        "wording": "plain",
        "methods": ["grad-cam", "gradient"],
        "networks": ["fine", "broken"],
        "images": 5,
        "ratings_per_item": 1,
        "trials_per_participant": 4,
        "explanations": 3,
    } | changes


def opened(database, folder, task, change=lambda row: row):
    rows = [change(row) for row in stand_ins([TaskConfig.model_validate(task)], CATEGORIES)]
    with database.writing() as session:
        take_in(session, document(task), sha256(task), rows, {}, folder, NOW)
        session.commit()


def exported(database, table):
    with database.snapshot() as session:
        return list(READERS[table](session, find_study(session, "demo")))


def test_a_trial_shows_three_photographs_and_stores_one_answer(database, tmp_path):
    opened(database, tmp_path, rating())
    person = enrol(database, 0)
    with database.reading() as session:
        told = plan(session, session.merge(person, load=False), lambda token: token)
    trials = trials_of(database, person)
    assert len({trial.image_id for trial in trials}) == 4
    assert not any(word in json.dumps(told["trials"]) for word in ("grad-cam", "gradient", "fine", "broken"))
    foils = {row["trial_id"]: row["foil"] for row in exported(database, "trials")}
    for trial, shown in zip(trials, told["trials"], strict=True):
        names = [name for name, _ in Sheet.read(foils[trial.id]).held]
        photographs, explanations = shown["images"]
        assert shown["prompt"] is None
        assert [part["prompt"] for part in photographs["tiles"]] == [["The program predicts: ", n, ""] for n in names]
        assert [part["alt"] for part in photographs["tiles"]] == [f"Photograph {number}" for number in (1, 2, 3)]
        for image in (photographs, explanations):
            assert (image["width"], image["height"], image["columns"]) == (448, 448, 1)
            assert [part["place"] for part in image["tiles"]] == [0, 1, 2]
        body = {"question": RESPONSE, "response": "4", "rt": 900, "time_elapsed": 5000, "trial_index": trial.position}
        record_answer(database, person.token, trial.trial_token, json.dumps(body).encode(), NOW)
    assert [row["score"] for row in exported(database, "trials")] == [4] * 4
    images = [image for row in exported(database, "trials") for _, image in Sheet.read(row["foil"]).held]
    assert len(images) == len(set(images)) == 12, "nobody sees a photograph twice"


def test_photographs_alone_can_be_rated_together(database, tmp_path):
    opened(database, tmp_path, rating(methods=["photograph"], networks=["fine"]))
    person = enrol(database, 0)
    with database.reading() as session:
        told = plan(session, session.merge(person, load=False), lambda token: token)
    assert all([len(image["tiles"]) for image in trial["images"]] == [3] for trial in told["trials"])


@pytest.mark.parametrize(("foil", "there"), [("", 1), ("photographs|a bee|b|a cat|c", 2)])
def test_a_set_with_other_pictures_is_refused(foil, there, database, tmp_path):
    with pytest.raises(OpeningError, match=rf"shows 3 photographs together, and stimulus \w+ holds {there}; run"):
        opened(database, tmp_path, rating(), lambda row: replace(row, foil=foil))


@pytest.mark.parametrize("code", ["en", "ko", "de"])
@pytest.mark.parametrize("wording", ["paper", "plain", "told", "failure"])
def test_every_wording_has_words_for_several(code, wording):
    task = TaskConfig.model_validate(rating(wording=wording, comprehension=True, motives=True))
    assert lacking(task, code) == []


def test_kinds_that_show_one_explanation_refuse_more():
    agreeing = rating(kind="agreement", wording="paper", networks=["fine"])
    with pytest.raises(ValidationError, match=r"explanations = 3: agreement shows one .*; remove it"):
        TaskConfig.model_validate(agreeing)
    assert [kind.name for kind in KINDS.values() if kind.most_explanations > 1] == ["rating"]


def test_a_stand_in_has_as_many_pictures():
    assert [parts_of(file) for file in ("stand-in-1", "stand-in-2", "images/ab/abc.png", "stand-in")] == [1, 2, 0, 0]
    assert drawn("a", 3).count(">stand-in</text>") == 3
