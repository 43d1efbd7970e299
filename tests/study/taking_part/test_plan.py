"""The plan to the last key, and comprehension checks and device reports as they come in."""

import json

import pytest
from sqlalchemy import select, update

from contracts.tasks import KINDS
from languages.read import languages
from study.database.schema import Comprehension, Participant, Stimulus, Trial
from study.definition import frozen_definition
from study.errors import AnswerConflictError, MalformedAnswerError, UnknownError
from study.taking_part.comprehension import open_checks, questions, record_attempt
from study.taking_part.device import MOST_KEPT, record_device
from study.taking_part.plan import colour_scale, plan
from study.tasks.wording import around, instructions, words_of
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of, trusting
from tests.study.taking_part.test_device import REPORT
from tests.study.tasks.test_several_questions import give


@pytest.fixture
def opened(database, tmp_path):
    """Two tasks with checks of the instructions; the first asks for confidence and has practice and attention checks."""
    first = seeing(images=6, k=9, trials=2, practice=1, attention_checks=1, confidence=True, comprehension=True)
    second = trusting(images=4, k=9, trials=2, identical_pairs=1, comprehension=True, break_every=2)
    with database.writing() as session:
        open_sample(session, tmp_path, document(first, second))
    return database


def planned(database, person):
    with database.reading() as session:
        return plan(session, session.get_one(Participant, person.id), lambda token: f"/pictures/{token}")


def definition_and_words(database, person):
    with database.reading() as session:
        definition = frozen_definition(session.get_one(Participant, person.id).study)
    return definition, {task.name: words_of(task, "en") for task in definition.tasks}


def test_a_plan_says_what_the_pages_need_and_nothing_else(opened):
    person = enrol(opened)
    definition, words = definition_and_words(opened, person)
    got = planned(opened, person)
    assert {key: got[key] for key in ("language", "title", "next_index", "total")} == {
        "language": "en",
        "title": "What did the network see?",
        "next_index": 0,
        "total": 6,
    }
    assert got["device"] == definition.participants.device.model_dump()
    assert set(got) == {"language", "title", "next_index", "total", "device", "tasks", "trials", "questionnaires"}
    assert got["questionnaires"] == []
    for task, trials, break_every in zip(definition.tasks, (4, 3), (None, 2), strict=True):
        assert got["tasks"][definition.tasks.index(task)] == {
            "name": task.name,
            "kind": task.kind,
            "wording": task.wording,
            **instructions(task, words[task.name], frozenset({"paper-v1"}), str),
            "trials": trials,
            "practice": task.practice,
            "learning": 0,
            "has_feedback": KINDS[task.kind].has_truth,
            "break_every": break_every,
            "comprehension": {
                "tries_left": 2,
                "attempt": 1,
                "questions": [{"text": q.text, "options": list(q.options)} for q in words[task.name].comprehension],
            },
        }


def test_a_trial_of_one_picture_is_told_to_the_last_key(opened):
    person = enrol(opened)
    _, words = definition_and_words(opened, person)
    confidence = words["seeing"].questions["confidence"]
    got = planned(opened, person)["trials"]
    for trial, shown in zip(trials_of(opened, person)[:4], got, strict=False):
        options = [{"value": v, "label": {"dog": "dog", "tvmonitor": "TV monitor"}[v]} for v in trial.option_order]
        asked = {"dog": "dog", "tvmonitor": "TV monitor"}.get(trial.expected_response)
        text = languages()["en"].tasks["attention"].format(option=asked) if asked else words["seeing"].question
        assert shown == {
            "trial_token": trial.trial_token,
            "index": trial.position,
            "number": trial.position or 1,
            "task": "seeing",
            "kind": "class-discrimination",
            "purpose": "practice" if trial.position == 0 else "main",
            "prompt": None,
            "is_listed": False,
            "questions": [
                {"name": "response", "text": text, "options": options},
                {
                    "name": "confidence",
                    "text": confidence.text,
                    "options": [
                        {"value": v, "label": label} for v, label in zip("1234", confidence.options, strict=True)
                    ],
                },
            ][: 1 if asked else 2],
            "answered": [],
            "images": [
                {
                    "url": f"/pictures/{trial.left_image_token}",
                    "label": None,
                    "width": 2,
                    "height": 2,
                    "alt": words["seeing"].image_alts[0],
                }
            ],
        }
    assert [trial.expected_response is None for trial in trials_of(opened, person)[:4]].count(False) == 1


def test_a_trial_of_two_pictures_has_a_side_each_with_its_own_size(opened):
    person = enrol(opened)
    _, words = definition_and_words(opened, person)
    with opened.writing() as session:
        for one in session.scalars(select(Stimulus)):
            one.width, one.height = 1000 + one.id, 2000 + one.id
        session.commit()
    for trial, shown in zip(trials_of(opened, person)[4:], planned(opened, person)["trials"][4:], strict=True):
        sides = (trial.left_image_token, trial.left_stimulus_id), (trial.right_image_token, trial.right_stimulus_id)
        assert shown["images"] == [
            {
                "url": f"/pictures/{token}",
                "label": words["trusting"].image_labels[place],
                "width": 1000 + stimulus,
                "height": 2000 + stimulus,
                "alt": words["trusting"].image_alts[place],
            }
            for place, (token, stimulus) in enumerate(sides)
        ]
        assert shown["prompt"] == ["Both robots predicted: ", "cat", ""]
        assert [option["label"] for option in shown["questions"][0]["options"]] == list(words["trusting"].options)
        assert (shown["purpose"], len(shown["questions"])) == ("main", 1)


def test_trials_that_were_answered_are_left_out_and_one_that_was_begun_says_what_was_answered(opened):
    person, other = enrol(opened, 0), enrol(opened, 1)
    first, second, third, *_ = trials_of(opened, person)
    for question in ("response", "confidence"):
        give(opened, person, first, question)
    give(opened, person, second, "response")
    give(opened, other, trials_of(opened, other)[0], "response")
    got = planned(opened, person)
    assert (got["next_index"], got["total"]) == (1, 6)
    assert [trial["index"] for trial in got["trials"]] == [1, 2, 3, 4, 5, 6]
    assert [trial["answered"] for trial in got["trials"]] == [[second.option_order[0]]] + [[]] * 5
    assert third.position == 2
    assert got["tasks"][0]["trials"] == 4


def test_what_counts_is_numbered_over_all_tasks_and_practice_by_itself(opened):
    person = enrol(opened)
    got = planned(opened, person)
    counted = [trial for trial in got["trials"] if trial["purpose"] == "main"]
    assert [trial["number"] for trial in counted] == list(range(1, got["total"] + 1)), "no check has a number apart"
    assert {trial.expected_response is None for trial in trials_of(opened, person)} == {True, False}
    for task in got["tasks"]:
        practice = [t["number"] for t in got["trials"] if (t["task"], t["purpose"]) == (task["name"], "practice")]
        assert practice == list(range(1, task["practice"] + 1))


def test_a_plan_is_in_the_order_of_its_positions(database, tmp_path):
    with database.writing() as session:
        open_sample(session, tmp_path, document(trusting(images=3, k=9)))
    person = enrol(database)
    with database.writing() as session:
        first, second, _ = (session.get_one(Trial, trial.id) for trial in trials_of(database, person))
        first.position = 9
        session.flush()
        second.position = 0
        session.flush()
        first.position = 1
        session.commit()
    assert [trial["index"] for trial in planned(database, person)["trials"]] == [0, 1, 2]


def test_a_plan_that_is_done_has_no_next_trial(database, tmp_path):
    with database.writing() as session:
        open_sample(session, tmp_path, document(trusting(images=2, k=9)))
    person = enrol(database)
    for trial in trials_of(database, person):
        answer(database, person, trial)
    got = planned(database, person)
    assert (got["next_index"], got["total"], got["trials"]) == (None, 2, [])
    assert got["tasks"][0]["comprehension"] is None


def test_a_task_of_which_somebody_has_no_trial_is_not_in_their_plan(database, tmp_path):
    with database.writing() as session:
        open_sample(session, tmp_path, document(seeing(), trusting(), tasks="one"))
    (task,) = planned(database, enrol(database))["tasks"]
    assert task["trials"] in (3, 4)


def attempt(database, person, task="seeing", **changes):
    """`wrong`: how many of the two questions to answer wrongly."""
    _, words = definition_and_words(database, person)
    given = {"attempt": 1, "answers": [q.right - 1 for q in words[task].comprehension]} | changes
    with database.writing() as session:
        reply = record_attempt(session, person.token, task, json.dumps(given).encode(), NOW)
        session.commit()
    return reply


def right(database, person, task="seeing"):
    return [q.right - 1 for q in definition_and_words(database, person)[1][task].comprehension]


def still_open(database, person):
    with database.reading() as session:
        participant = session.get_one(Participant, person.id)
        return open_checks(session, participant, frozen_definition(participant.study))


def test_a_check_that_is_passed_is_stored_and_open_no_more(opened):
    person, other = enrol(opened, 0), enrol(opened, 1)
    answers = right(opened, person)
    assert attempt(opened, person) == {"passed": True, "tries_left": 0, "wrong": [], "why": []}
    with opened.reading() as session:
        (stored,) = session.scalars(select(Comprehension)).all()
        assert (stored.participant_id, stored.task, stored.attempt) == (person.id, "seeing", 1)
        assert (stored.answers, stored.passed, stored.at) == ([str(a) for a in answers], True, NOW)
    assert list(still_open(opened, person)) == ["trusting"]
    assert list(still_open(opened, other)) == ["seeing", "trusting"]
    assert attempt(opened, person) == {"passed": True, "tries_left": 0, "wrong": [], "why": []}, "the same again"
    with pytest.raises(AnswerConflictError) as refusal:
        attempt(opened, person, answers=[9, answers[1]])
    assert (refusal.value.code, refusal.value.next_index) == ("already-answered", 0)
    with pytest.raises(AnswerConflictError) as refusal:
        attempt(opened, person, attempt=2)
    assert (refusal.value.code, refusal.value.next_index) == ("not-expected", 0)


def test_a_check_that_is_failed_twice_ends_without_being_passed(opened):
    person = enrol(opened)
    first, second = right(opened, person)
    with pytest.raises(AnswerConflictError) as refusal:
        attempt(opened, person, attempt=2)
    assert refusal.value.code == "not-expected"
    definition, words = definition_and_words(opened, person)
    why = [question.why for question in words["seeing"].comprehension]
    once = {"passed": False, "tries_left": 1, "wrong": [1], "why": why[1:]}
    assert attempt(opened, person, answers=[first, 9]) == once
    assert still_open(opened, person)["seeing"] == questions(definition.tasks[0], "en", 1)
    assert still_open(opened, person)["seeing"]["attempt"] == 2
    twice = {"passed": False, "tries_left": 0, "wrong": [0, 1], "why": why}
    assert attempt(opened, person, attempt=2, answers=[9, 9]) == twice
    assert list(still_open(opened, person)) == ["trusting"]
    with opened.reading() as session:
        assert [row.passed for row in session.scalars(select(Comprehension))] == [False, False]
    assert second != 9


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answers": [0]}, "answers: this check has 2 questions"),
        ({"answers": [0, 0, 0]}, "answers: this check has 2 questions"),
        ({"attempt": 3}, "attempt: Input should be less than or equal to 2"),
        ({"attempt": 0}, "attempt: Input should be greater than or equal to 1"),
        ({"attempt": "1"}, "attempt: Input should be a valid integer"),
        ({"answers": [0, 10]}, "answers.1: Input should be less than or equal to 9"),
    ],
)
def test_a_malformed_try_is_refused_and_not_stored(opened, changes, message):
    person = enrol(opened)
    with pytest.raises(MalformedAnswerError) as refusal:
        attempt(opened, person, **changes)
    assert str(refusal.value) == message
    assert list(still_open(opened, person)) == ["seeing", "trusting"]


def test_a_check_that_a_task_does_not_have_is_unknown(database, tmp_path):
    with database.writing() as session:
        open_sample(session, tmp_path, document(seeing(comprehension=True), trusting()))
    person = enrol(database)
    for task in ("trusting", "third"):
        with database.writing() as session, pytest.raises(UnknownError) as refusal:
            record_attempt(session, person.token, task, b'{"attempt": 1, "answers": [0, 0]}', NOW)
        assert str(refusal.value) == "there is no such check"
    assert list(still_open(database, person)) == ["seeing"]


def test_a_study_without_checks_has_none_open(database, tmp_path):
    with database.writing() as session:
        open_sample(session, tmp_path, document())
    assert still_open(database, enrol(database)) == {}


def test_device_reports_are_kept_with_their_time_but_for_repetitions_and_the_oldest(opened):
    person = enrol(opened)

    def report(**changes):
        with opened.writing() as session:
            record_device(session, person.token, json.dumps(REPORT | changes).encode(), NOW)
            session.commit()
        with opened.reading() as session:
            return session.get_one(Participant, person.id).device

    first = REPORT | {"pixel_ratio": 3.0, "at": NOW.isoformat()}
    assert report() == {"reports": [first]}
    assert report() == {"reports": [first]}
    assert report(width=1) == {"reports": [first, first | {"width": 1}]}
    assert report() == {"reports": [first, first | {"width": 1}, first]}
    for width in range(MOST_KEPT):
        kept = report(width=width)["reports"]
    assert [one["width"] for one in kept] == list(range(MOST_KEPT))
    with pytest.raises(MalformedAnswerError, match="valid integer"):
        report(width="390")
    with pytest.raises(MalformedAnswerError) as refusal:
        report(pointer="stylus")
    assert str(refusal.value) == "pointer: Input should be 'fine', 'coarse' or 'none'"


@pytest.mark.parametrize(
    ("recipes", "scale"),
    [
        ({"heat-v1"}, "heat-v1"),
        ({"overlay-v1"}, "overlay-v1"),
        ({"heat-v1", "overlay-v1"}, None),
        ({"paper-v1"}, None),
        ({"heat-v1", "paper-v1"}, None),
        (set(), None),
    ],
)
def test_a_scale_of_colours_is_shown_where_all_pictures_have_the_same(recipes, scale):
    assert colour_scale(frozenset(recipes)) == scale


def test_own_words_tell_the_category_by_its_own_name_and_a_text_that_is_required(database, tmp_path):
    words = {"question": "Who saw the {category}?", "prompt": "It is a {category}.", "categories": {"cat": "kitten"}}
    task = trusting(images=4, k=9, trials=2, words={"en": words}, reasons="required")
    with database.writing() as session:
        open_sample(session, tmp_path, document(task))
    first = planned(database, enrol(database))["trials"][0]
    assert first["prompt"] == ["It is a ", "kitten", "."]
    main, reason = first["questions"]
    assert (main["text"], reason["typed"]) == ("Who saw the kitten?", {"longest": 500, "required": True})


def test_a_check_is_of_the_tasks_of_ones_condition_alone(database, tmp_path):
    tasks = [kind(images=4, k=9, trials=2, comprehension=True) for kind in (seeing, trusting)]
    conditions = {"conditions": [{"name": task["name"], "tasks": [task["name"]]} for task in tasks]}
    with database.writing() as session:
        open_sample(session, tmp_path, document(*tasks) | conditions)
    person = enrol(database)
    for task in tasks:
        body = json.dumps({"attempt": 1, "answers": [0, 0]}).encode()
        with database.writing() as session:
            if task["name"] == person.condition:
                assert "passed" in record_attempt(session, person.token, task["name"], body, NOW)
            else:
                with pytest.raises(UnknownError, match="there is no such check"):
                    record_attempt(session, person.token, task["name"], body, NOW)


def test_trials_are_told_by_their_position(opened):
    person = enrol(opened)
    with opened.writing() as session:
        session.execute(update(Trial).values(position=100 - Trial.position))
        session.commit()
    shown = [trial["index"] for trial in planned(opened, person)["trials"]]
    assert shown == sorted(shown)


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("It said {category}.", ["It said ", "dog", "."]),
        ("{category}", ["", "dog", ""]),
        ("{category}: a {category}?", ["", "dog", ": a dog?"]),
        ("Look.", ["Look.", "", ""]),
    ],
)
def test_a_category_is_told_wherever_its_place_is(prompt, told):
    assert around(prompt, "dog") == told
