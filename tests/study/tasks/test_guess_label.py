"""Guessing a label: each person sees the five in an order of their own, and the plan tells what the photograph shows."""

import json
from dataclasses import replace

import pytest
from pydantic import ValidationError

from contracts.tasks import KINDS
from study.conduct.opening import take_in
from study.conduct.stand_ins import stand_ins
from study.config import TaskConfig
from study.database.schema import ATTENTION, Item
from study.errors import OpeningError
from study.taking_part.plan import plan
from study.tasks.kinds import STUDY_KINDS
from study.tasks.wording import practice_feedback
from tests.study.samples import NOW, document, enrol, sha256, trials_of

KIND = next(kind.name for kind in KINDS.values() if kind.labels)
CATEGORIES = ["ant", "bee", "cat", "dog", "elk", "fox"]
TASK = {
    "name": "guessing",
    "kind": KIND,
    "methods": ["grad-cam", "photograph"],
    "networks": ["weak"],
    "images": 8,
    "ratings_per_item": 4,
    "trials_per_participant": 5,
    "attention_checks": 2,
    "practice": 1,
    "wording": "plain",
}


def opened(database, folder, change=lambda row: row):
    rows = [change(row) for row in stand_ins([TaskConfig.model_validate(TASK)], CATEGORIES)]
    definition = document(TASK)
    with database.writing() as session:
        take_in(session, definition, sha256(definition), rows, {}, folder, NOW)
        session.commit()


def test_five_labels_in_an_own_order_and_what_the_photograph_shows(database, tmp_path):
    opened(database, tmp_path)
    orders = set()
    for number in range(3):
        person = enrol(database, number)
        with database.reading() as session:
            items = {item.id: item for item in session.query(Item)}
            shown = plan(session, session.merge(person, load=False), lambda token: token)["trials"]
        for trial, told in zip(trials_of(database, person), shown, strict=True):
            item = items[trial.item_id]
            content, *others = item.foil.split("|")
            assert sorted(trial.option_order) == sorted((item.category, *others))
            assert [option["value"] for option in told["questions"][0]["options"]] == trial.option_order
            assert told["prompt"] == ["This photograph shows: ", content, "."]
            assert told["is_listed"]
            assert "category" not in json.dumps(told)
            places = [trial.option_order.index(label) for label in sorted(trial.option_order)]
            orders.add(tuple(places))
            if trial.purpose == ATTENTION:
                assert trial.expected_response in others, "who only answers what they see does not pass"
    assert len(orders) > 10


def test_right_is_the_label_that_the_network_gave():
    kind, task = STUDY_KINDS[KIND], TaskConfig.model_validate(TASK)
    item = Item(category="cow", foil="dog|ant|bee|cat|eel")
    assert kind.options(item) == ("ant", "bee", "cat", "cow", "eel")
    assert kind.truth(item) == ("cow",)
    assert practice_feedback(task, "en", ("cow",), "bee") == "Not quite. You chose “bee”; the label was “cow”."


@pytest.mark.parametrize("foil", ["dog", "", "dog|ant|bee|cat", "dog|ant|bee|cat|cat", "dog|ant|bee|cat|fox"])
def test_stimuli_without_five_labels_are_refused(foil, database, tmp_path):
    with pytest.raises(OpeningError, match="does not have what the photograph shows and 4 labels other than 'fox'"):
        opened(database, tmp_path, lambda row: replace(row, category="fox", foil=foil))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"foil": "runner-up"}, "gives one wrong option, and .* offers 5 labels"),
        (
            {"foil": "table", "foils": "image,foil\na,owl|hen|pig\n"},
            "the first of image 'a', have not 4 different labels",
        ),
        ({"matched": True}, "matched is for kinds with right and wrong predictions"),
    ],
)
def test_what_cannot_be_is_said(told, said):
    TaskConfig.model_validate(TASK | {"foil": "table", "foils": "image,foil\na,owl|hen|pig|yak\n"})
    with pytest.raises(ValidationError, match=said):
        TaskConfig.model_validate(TASK | told)
