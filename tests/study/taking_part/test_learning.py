"""Examples to learn from: balanced, never asked, shown with the network's answer, and again where a task repeats."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.methods import PHOTOGRAPH
from study.conduct.opening import take_in
from study.conduct.stand_ins import stand_ins
from study.config import TaskConfig
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import ANSWERED, LEARNING, MAIN, PRACTICE, Item, Trial
from study.errors import StudyFullError
from study.export.rows import READERS
from study.taking_part.plan import plan
from tests.study.samples import NOW, answer, document, enrol, trials_of

METHODS = {"explained": "grad-cam", "unexplained": PHOTOGRAPH}
PEOPLE = 6  # 12 images × 1 rating / 4 trials, in each of two conditions


def predicting(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "simulatability",
        "wording": "plain",
        "methods": list(METHODS.values()),
        "networks": ["weak"],
        "classes": ["sofa", "bus"],
        "images": 12,
        "ratings_per_item": 1,
        "trials_per_participant": 4,
        "learning": 4,
        "practice": 1,
    } | changes


DEFINITION = document(predicting("before"), predicting("after", repeats="before")) | {
    "conditions": [
        {"name": name, "methods": {"before": [PHOTOGRAPH], "after": [method]}} for name, method in METHODS.items()
    ]
}


def opened(session: Session, definition: dict[str, Any], folder: Any) -> None:
    rows = stand_ins([TaskConfig.model_validate(task) for task in definition["tasks"]], ["sofa", "bus"])
    take_in(session, definition, "a" * 64, rows, {}, folder, NOW)
    session.commit()


def take(any_database: Database, folder: Any) -> None:
    """By everybody whom the design asks for; each chooses the first option."""
    definition = DEFINITION | {"tasks": [predicting("before", methods=[PHOTOGRAPH]), DEFINITION["tasks"][1]]}
    with any_database.writing() as session:
        opened(session, definition, folder)
    for seed in range(PEOPLE):
        person = enrol(any_database, seed)
        with any_database.reading() as session:
            shown = plan(session, session.merge(person, load=False), lambda token: token)
        trials = trials_of(any_database, person)
        check_plan(shown, {trial.trial_token: trial for trial in trials}, person.condition)
        for trial in trials:
            answer(any_database, person, trial)


def check_plan(shown: dict[str, Any], trials: dict[str, Trial], condition: str) -> None:
    """Examples tell the network's answer and explain it where the condition does; questions show the photograph."""
    assert shown["total"] == 8
    assert [(t["learning"], t["practice"]) for t in shown["tasks"]] == [(4, 1)] * 2
    before, after = shown["tasks"]
    assert "which parts of the photograph mattered" not in before["intro"], "nothing is explained in it"
    assert ("which parts of the photograph mattered" in after["intro"]) == (condition == "explained")
    for told in shown["trials"]:
        trial, question = trials[told["trial_token"]], told["questions"][0]
        assert len(told["questions"]) == 1
        pictures = [image["url"] for image in told["images"]]
        photograph = trial.right_image_token or trial.left_image_token
        is_explained = condition == "explained" and trial.task == "after"
        if trial.purpose == LEARNING:
            assert told["prompt"] == ["The program answers ", trial.option_order[0], " for this photograph."]
            assert question["options"] == [{"value": trial.option_order[0], "label": "Next"}]
            assert pictures == ([photograph, trial.left_image_token] if is_explained else [photograph])
        else:
            assert told["prompt"] is None
            assert [option["value"] for option in question["options"]] == ["bus", "sofa"], "always in this order"
            assert pictures == [photograph], "nobody gets the address of the explanation"
    numbers = [(t["purpose"], t["number"]) for t in shown["trials"] if t["task"] == "after"]
    assert numbers == [*((LEARNING, n) for n in (1, 2, 3, 4)), (PRACTICE, 1), *((MAIN, n) for n in (5, 6, 7, 8))]


def test_people_learn_from_some_photographs_and_are_asked_about_others(any_database, tmp_path):
    """Twice the same, where a task repeats another; and every item gets exactly its ratings."""
    take(any_database, tmp_path)
    everybody_learns_from_both_answers(any_database)
    the_same_photographs_come_again(any_database)
    examples_are_no_ratings(any_database)


def everybody_learns_from_both_answers(taken: Database) -> None:
    with taken.reading() as session:
        rows = session.execute(select(Trial, Item).join(Item, Trial.item_id == Item.id).order_by(Trial.position)).all()
    for task in ("before", "after"):
        for person in {trial.participant_id for trial, _ in rows}:
            mine = [(trial, item) for trial, item in rows if (trial.participant_id, trial.task) == (person, task)]
            assert [trial.purpose for trial, _ in mine] == [LEARNING] * 4 + [PRACTICE] + [MAIN] * 4
            assert len({trial.image_id for trial, _ in mine}) == 9
            for purpose in (LEARNING, MAIN):
                answers = Counter(item.category for trial, item in mine if trial.purpose == purpose)
                assert answers == {"sofa": 2, "bus": 2}
            assert len({item.method for _, item in mine}) == 1, "a person learns from one method"


def the_same_photographs_come_again(taken: Database) -> None:
    orders = []
    with taken.reading() as session:
        trials = session.scalars(select(Trial).order_by(Trial.position)).all()
    for person in {trial.participant_id for trial in trials}:
        for purpose in (LEARNING, MAIN):
            before, after = (
                [t.image_id for t in trials if (t.participant_id, t.task, t.purpose) == (person, task, purpose)]
                for task in ("before", "after")
            )
            assert set(before) == set(after)
            orders.append(before == after)
    assert not all(orders)


def examples_are_no_ratings(taken: Database) -> None:
    assert ratings_that_count(taken) == {("before", 1): 24, ("after", 1): 24}
    with taken.snapshot() as session:
        rows = list(READERS["trials"](session, find_study(session, "demo")))
    examples = [row for row in rows if row["purpose"] == LEARNING]
    assert len(examples) == PEOPLE * 8
    assert all(row["state"] == ANSWERED and row["response"] == row["category"] for row in examples), "who saw which"
    assert all(row["correct"] is None for row in examples)
    asked = [row for row in rows if row["purpose"] == MAIN]
    assert all(row["correct"] == (row["response"] == row["category"]) for row in asked)
    assert {row["method"] for row in asked} == set(METHODS.values())


def ratings_that_count(database: Database) -> Counter[tuple[str, int]]:
    with database.reading() as session:
        query = select(Item.task, Item.id, Trial.id).outerjoin(
            Trial, (Trial.item_id == Item.id) & (Trial.purpose == MAIN) & (Trial.state == ANSWERED)
        )
        given = Counter((task, item) for task, item, trial in session.execute(query) if trial)
        items = session.execute(select(Item.task, Item.id)).all()
    return Counter((task, given[task, item]) for task, item in items)


def test_people_who_left_are_replaced_for_what_they_did_not_answer(database, tmp_path):
    """One answers the first task alone and is away for ever: others answer the rest, and no item gets too many."""
    with database.writing() as session:
        opened(
            session,
            DEFINITION | {"tasks": [predicting("before", methods=[PHOTOGRAPH]), DEFINITION["tasks"][1]]},
            tmp_path,
        )
    later = NOW.replace(year=2027)
    gone = enrol(database, 0)
    for trial in (trial for trial in trials_of(database, gone) if trial.task == "before"):
        answer(database, gone, trial)
    joined = 0
    for seed in range(1, 3 * PEOPLE):
        try:
            person = enrol(database, seed, now=later)
        except StudyFullError:
            break
        joined += 1
        for trial in trials_of(database, person):
            answer(database, person, trial, now=later)
    assert joined <= PEOPLE + 1
    assert ratings_that_count(database) == {("before", 1): 24, ("after", 1): 24}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning": 3}, "cannot be divided equally among 2 classes"),
        ({"classes": ["sofa"]}, "2 are needed, 1 given"),
        ({"learning": 8}, "4 trials, 8 examples, 1 practice trials"),
        ({"kind": "agreement", "classes": []}, "agreement has no examples to learn from; remove learning"),
        ({"kind": "class-discrimination", "learning": 0, "classes": [], "methods": [PHOTOGRAPH]}, "does not"),
    ],
)
def test_what_cannot_be_learned_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        TaskConfig.model_validate(predicting("t") | change)
