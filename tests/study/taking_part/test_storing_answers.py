"""One answer to the last column: what is stored, what the participant is told, and what is refused in which words."""

import csv
import hashlib
import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import TimeoutError

from analysis.reading.load import load
from contracts.tasks import Question
from study.database.loads import give_back
from study.database.schema import Event, Item, Participant, Response, Study, Trial
from study.errors import AnswerConflictError, MalformedAnswerError, UnknownError
from study.export.files import export_study
from study.taking_part import answer_statements, answers
from study.taking_part.answers import Answer, BrowserEvent, Receipt, record_answer
from study.taking_part.bodies import read_body
from study.tasks.wording import words_of
from tests.study.samples import NOW, answer, count_loads_anew, document, enrol, open_sample, seeing, trials_of, trusting

LATER = NOW + timedelta(minutes=11)
SOON = NOW + timedelta(seconds=30)


@pytest.fixture
def opened(database, tmp_path):
    """Two tasks, the first with a question on confidence and one practice trial; leases of ten minutes."""
    first = seeing(images=3, k=1, trials=2, practice=1, confidence=True)
    with database.writing() as session:
        definition = document(first, trusting(images=2, k=9), lease_minutes=10, provider="prolific")
        open_sample(session, tmp_path, definition)
    return database


def body_of(trial, question="response", **changes):
    response = trial.option_order[0] if question == "response" else "3"
    given = {"question": question, "response": response, "rt": 812.5, "time_elapsed": 5000.0}
    return given | {"trial_index": trial.position} | changes


def give(database, person, trial, question="response", now=NOW, **changes):
    content = json.dumps(body_of(trial, question, **changes)).encode()
    return record_answer(database, person.token, trial.trial_token, content, now)


def through(database, person, now=NOW):
    """The receipts of everything."""
    receipts = []
    for trial in trials_of(database, person):
        for question in ("response", "confidence")[: 2 if trial.task == "seeing" else 1]:
            receipts.append(give(database, person, trial, question, now))
    return receipts


def stored(database, trial, question="response"):
    with database.reading() as session:
        return session.get_one(Response, (trial.id, question))


@pytest.mark.parametrize(
    ("sent", "stored_as"),
    [
        (None, (None, "not-measured")),
        (-3, (None, "before-onset")),
        (0, (None, "before-onset")),
        (0.5, (0.5, None)),
        (3_600_000, (3_600_000, None)),
        (3_600_001, (None, "too-long")),
        (1.7e9, (None, "too-long")),
    ],
)
def test_a_response_time_that_cannot_be_right_is_missing_with_a_reason(opened, tmp_path, sent, stored_as):
    person = enrol(opened)
    trial = trials_of(opened, person)[0]
    first, again = give(opened, person, trial, rt=sent), give(opened, person, trial, rt=sent)
    assert first == again, "the same answer once more"
    row = stored(opened, trial)
    assert (row.rt, row.rt_missing) == stored_as
    give(opened, person, trial, "confidence", rt=sent)
    with opened.snapshot() as session:
        export_study(session, "demo", tmp_path / "export")
    with next((tmp_path / "export/data").glob("*-trials_data.csv")).open() as file:
        exported = next(csv.DictReader(file))
    assert (exported["rt"], exported["rt_missing"]) == tuple(
        "" if cell is None else str(cell) for cell in (row.rt, row.rt_missing)
    )
    load(tmp_path / "export")


def test_every_column_of_an_answer_is_what_was_sent(opened):
    person = enrol(opened)
    trial = trials_of(opened, person)[0]
    events = [{"event": "blur", "time": 12.5}, {"event": "focus", "time": 40.0}]
    give(opened, person, trial, now=SOON, events=events)
    row = stored(opened, trial)
    assert (row.response, row.rt, row.time_elapsed, row.answered_at) == (trial.option_order[0], 812.5, 5000.0, SOON)
    sent = read_body(Answer, json.dumps(body_of(trial, events=events)).encode())
    assert row.body_sha256 == sent.sha256 == hashlib.sha256(sent.model_dump_json().encode()).hexdigest()
    with opened.reading() as session:
        noticed = session.scalars(select(Event).where(Event.trial_id == trial.id).order_by(Event.id)).all()
        assert [(event.event, event.time) for event in noticed] == [("blur", 12.5), ("focus", 40.0)]
        assert session.get_one(Participant, person.id).lease_until == SOON + timedelta(minutes=10)


def test_an_expected_answer_is_stored_without_counting_places(opened, monkeypatch):
    """And where the server has not read the study's definition before."""
    monkeypatch.setattr(answers, "_record_alone", None)
    monkeypatch.setattr(answer_statements, "_definitions", {})
    person = enrol(opened)
    assert through(opened, person)[-1].done


def test_receipts_name_the_next_trial_or_question_and_practice_its_feedback(opened):
    person = enrol(opened)
    receipts = through(opened, person)
    assert receipts[0] == Receipt(0, "confidence")
    assert (receipts[1].next_index, receipts[1].next_question) == (1, None)
    assert receipts[1].feedback
    rest = [Receipt(1, "confidence"), Receipt(2), Receipt(2, "confidence"), Receipt(3), Receipt(4), Receipt(None)]
    assert receipts[2:] == rest
    assert [receipt.done for receipt in receipts] == [False] * 7 + [True]


@pytest.mark.parametrize("is_right", [True, False])
def test_feedback_is_of_the_first_answer_whichever_question_was_the_last(opened, is_right):
    person = enrol(opened)
    trial = trials_of(opened, person)[0]
    with opened.reading() as session:
        truth = session.get_one(Trial, trial.id).item.category
    chosen = next(value for value in trial.option_order if (value == truth) == is_right)
    give(opened, person, trial, response=chosen)
    told = give(opened, person, trial, "confidence").feedback
    words = words_of(_task(opened), "en")
    labels = {"dog": "dog", "tvmonitor": "TV monitor"}
    expected = (words.right if is_right else words.wrong).replace("{truth}", labels[truth])
    assert told == expected.replace("{chosen}", labels[chosen])


def test_of_three_questions_each_names_the_one_behind_it():
    asked = [Question("first"), Question("second"), Question("third")]
    definition = SimpleNamespace(task=lambda name: SimpleNamespace(asked=lambda _is_check: asked, kind="trust"))
    trial = SimpleNamespace(task="t", position=4, following=None, purpose="main")
    given = [Answer(question=q.name, response="a", rt=None, time_elapsed=1.0, trial_index=4) for q in asked]
    receipts = [answers._receipt(None, trial, one, definition) for one in given]
    assert receipts == [Receipt(4, "second"), Receipt(4, "third"), Receipt(None)]


def _task(database):
    with database.reading() as session:
        return answers.statements.definition_of(session.scalars(select(Study)).one().document).task("seeing")


def test_the_last_answer_finishes_with_the_code_that_the_platform_knows(opened):
    person = enrol(opened)
    through(opened, person, SOON)
    with opened.reading() as session:
        finished = session.get_one(Participant, person.id)
        assert (finished.finished_at, finished.completion_code) == (SOON, finished.study.completion_code)
    assert {(t.state, t.questions_answered, t.is_overflow) for t in trials_of(opened, person)} == {
        ("answered", 2, False),
        ("answered", 1, False),
    }


def test_a_study_whose_platform_wants_no_shared_code_has_one_for_each_person(database, tmp_path):
    with database.writing() as session:
        open_sample(session, tmp_path, document(trusting(images=2, k=9)))
    codes = set()
    for seed in range(2):
        person = enrol(database, seed)
        for trial in trials_of(database, person):
            answer(database, person, trial)
        with database.reading() as session:
            codes.add(session.get_one(Participant, person.id).completion_code)
            shared = session.scalars(select(Study)).one().completion_code
    assert len(codes) == 2
    assert shared not in codes
    assert {len(code) for code in codes} == {8}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trial_index": 1}, "trial_index: this is trial 0, not 1"),
        ({"response": "horse"}, "response: 'horse' is not among the options of this trial"),
        ({"question": "mood"}, "question: 'mood' is not asked in this task; response, confidence is"),
        ({"rt": "fast"}, "rt: Input should be a valid number"),
        ({"rt": -2e10}, "rt: Input should be greater than or equal to -10000000000"),
        ({"more": 1}, "more: Extra inputs are not permitted"),
        ({"events": [{"event": "blur"}]}, "events.0.time: Field required"),
    ],
)
def test_a_malformed_answer_is_refused_by_name_and_not_stored(opened, changes, message):
    person = enrol(opened)
    trial = trials_of(opened, person)[0]
    with pytest.raises(MalformedAnswerError) as refusal:
        give(opened, person, trial, **changes)
    assert str(refusal.value) == message
    with opened.reading() as session:
        assert not session.scalars(select(Response)).all()


def test_what_is_no_json_object_is_said_to_be_the_body():
    with pytest.raises(MalformedAnswerError) as refusal:
        read_body(Answer, b"no json")
    assert str(refusal.value).startswith("body: Invalid JSON")


def test_the_question_defaults_to_the_first_and_the_hash_to_no_spacing():
    spaced = b'{ "response": "a" , "rt": null, "time_elapsed": 1, "trial_index": 0 }'
    ordered = b'{"trial_index":0,"time_elapsed":1.0,"rt":null,"response":"a","events":[],"question":"response"}'
    assert read_body(Answer, spaced) == read_body(Answer, ordered)
    assert read_body(Answer, spaced).sha256 == read_body(Answer, ordered).sha256
    assert read_body(Answer, ordered) == Answer(response="a", rt=None, time_elapsed=1.0, trial_index=0)
    assert BrowserEvent(event="blur", time=0).event == "blur"


def test_a_trial_of_nobody_or_of_somebody_else_is_unknown_however_it_is_asked(opened):
    person, other = enrol(opened, 0), enrol(opened, 1)
    trial = trials_of(opened, person)[0]
    content = json.dumps(body_of(trial)).encode()
    for token, trial_token in (
        (other.token, trial.trial_token),
        (person.token, "A" * 22),
        ("A" * 22, trial.trial_token),
        ("short", trial.trial_token),
        (person.token, "short"),
    ):
        with pytest.raises(UnknownError) as refusal:
            record_answer(opened, token, trial_token, content, NOW)
        assert str(refusal.value) == "no such trial"


def test_conflicts_name_their_reason_and_the_trial_that_is_expected(opened):
    person = enrol(opened)
    first, second, *_ = trials_of(opened, person)

    def refused(trial, question="response", **changes):
        with pytest.raises(AnswerConflictError) as refusal:
            give(opened, person, trial, question, **changes)
        return refusal.value.code, refusal.value.next_index

    assert refused(second) == ("not-expected", 0)
    assert refused(first, "confidence") == ("not-expected", 0)
    give(opened, person, first)
    assert refused(first, response=first.option_order[1]) == ("already-answered", 0)
    give(opened, person, first, "confidence")
    assert refused(first, rt=1.0) == ("already-answered", 1)
    assert give(opened, person, first) == Receipt(0, "confidence"), "the same again"


def release(database, person):
    with database.writing() as session:
        give_back(session, [person.id])
        session.commit()


def test_a_late_answer_wins_all_free_places_back_and_renews_the_lease(opened):
    person = enrol(opened)
    release(opened, person)
    first, *_ = trials_of(opened, person)
    assert give(opened, person, first, now=LATER) == Receipt(0, "confidence")
    assert [trial.state for trial in trials_of(opened, person)] == ["open"] * 5
    with opened.reading() as session:
        assert session.get_one(Participant, person.id).lease_until == LATER + timedelta(minutes=10)


def test_a_late_answer_brings_back_nobody_else_s_places(opened):
    person, other = enrol(opened, 0), enrol(opened, 1)
    for one in (person, other):
        release(opened, one)
    give(opened, person, trials_of(opened, person)[0], now=LATER)
    assert {trial.state for trial in trials_of(opened, other)} == {"released"}
    with opened.reading() as session:
        assert [session.get_one(Participant, one.id).released for one in (person, other)] == [False, True]


def test_an_answer_that_was_on_its_way_when_somebody_stopped_brings_back_its_own_place_alone(opened):
    person = enrol(opened)
    release(opened, person)
    with opened.writing() as session:
        session.get_one(Participant, person.id).stopped_at = NOW
        session.commit()
    first, *_ = trials_of(opened, person)
    assert give(opened, person, first, now=LATER) == Receipt(0, "confidence")
    assert [trial.state for trial in trials_of(opened, person)] == ["open"] + ["released"] * 4


def test_where_a_place_is_taken_the_answer_is_overflow_and_practice_never_is(database, tmp_path):
    """Sixteen items of one rating each, and one trial that counts: sixteen others take every place."""
    definition = document(seeing(images=2, k=1, trials=1, practice=1))
    with database.writing() as session:
        open_sample(session, tmp_path, definition)
    late = enrol(database, 0)
    release(database, late)
    for seed in range(1, 17):
        enrol(database, seed)
    practice, main = trials_of(database, late)
    with database.writing() as session:  # more ratings of other items are no place for this one
        session.execute(update(Item).where(Item.id != main.item_id).values(ratings_wanted=9))
        session.commit()
    answer(database, late, practice, LATER)
    assert [(t.state, t.is_overflow) for t in trials_of(database, late)] == [("answered", False), ("released", False)]
    answer(database, late, main, LATER)
    assert [(t.state, t.is_overflow) for t in trials_of(database, late)] == [("answered", False), ("answered", True)]


def test_of_several_released_trials_those_come_back_whose_places_are_free(database, tmp_path):
    with database.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=2, k=1, trials=2)))
    late, other = enrol(database, 0), enrol(database, 1)
    taken = trials_of(database, late)[1].item_id
    release(database, late)
    with database.writing() as session:
        theirs = session.scalars(select(Trial).where(Trial.participant_id == other.id)).first()
        theirs.item_id = taken
        session.flush()
        count_loads_anew(session)
        session.commit()
    first, second = trials_of(database, late)
    answer(database, late, first, LATER)
    assert [(t.state, t.is_overflow) for t in trials_of(database, late)] == [("answered", False), ("released", False)]
    assert {t.state for t in trials_of(database, other)} == {"open"}
    answer(database, late, second, LATER)
    assert trials_of(database, late)[1].is_overflow


def test_late_practice_tells_what_was_right_too(opened):
    person = enrol(opened)
    practice = trials_of(opened, person)[0]
    for question in ("response", "confidence"):
        release(opened, person)
        receipt = give(opened, person, practice, question, LATER)
    with opened.reading() as session:
        truth = session.get_one(Trial, practice.id).item.category
    assert receipt.feedback == answers.practice_feedback(_task(opened), "en", (truth,), practice.option_order[0])


def test_the_same_late_answer_again_gets_the_same_receipt(opened):
    person = enrol(opened)
    release(opened, person)
    first, *_ = trials_of(opened, person)
    assert give(opened, person, first, now=LATER) == give(opened, person, first, now=LATER)


def test_what_changes_between_reading_and_storing_is_stored_under_the_lock(opened, monkeypatch):
    """The first attempt finds the trial changed; the second is alone, so a change there is an error of the database."""
    person = enrol(opened)
    trial = trials_of(opened, person)[0]
    real, attempts = answer_statements.store, []

    def once(driver, *rest):
        attempts.append(1)
        return len(attempts) > 1 and real(driver, *rest)

    monkeypatch.setattr(answer_statements, "store", once)
    assert give(opened, person, trial) == Receipt(0, "confidence")
    assert stored(opened, trial).response == trial.option_order[0]
    monkeypatch.setattr(answer_statements, "store", lambda *_: False)
    with pytest.raises(TimeoutError) as failure:
        give(opened, person, trial, "confidence")
    assert str(failure.value) == "a locked trial changed; nothing is stored, and nothing may be acknowledged"


def test_a_trial_that_was_changed_is_not_overwritten(opened):
    person = enrol(opened)
    trial = trials_of(opened, person)[0]
    with opened.writing() as session, answers.driver_of(session) as driver:
        seen = answer_statements.read(driver, person.token, trial.trial_token, "response")
        columns = {"state": "open", "questions_answered": 1, "question": "response", "response": "dog", "rt": None}
        columns |= {"rt_missing": "not-measured"}
        columns |= {"time_elapsed": 1.0, "body_sha256": "0" * 64, "answered_at": NOW, "is_overflow": False}
        columns |= {"lease_until": LATER, "finished_at": None, "completion_code": None, "answers_chain": None}
        events = [{"event": "blur", "time": 1.0}]
        assert answer_statements.store(driver, seen, "released", dict(columns), events) is False
        assert answer_statements.store(driver, seen, "open", dict(columns), events) is True
        assert answer_statements.store(driver, seen, "open", dict(columns), events) is False
        assert answer_statements.first_answer(driver, seen) == "dog"
        session.commit()
    assert trials_of(opened, person)[0].questions_answered == 1


def test_a_definition_is_read_once_for_its_hash_and_anew_for_another(opened, monkeypatch):
    person = enrol(opened)
    trial = trials_of(opened, person)[0]
    monkeypatch.setattr(answer_statements, "_definitions", {})
    with opened.reading() as session, answers.driver_of(session) as driver:
        seen = answer_statements.read(driver, person.token, trial.trial_token, "response")
        first = answer_statements.definition(driver, seen)
        assert answer_statements.definition(driver, seen) is first
        assert list(answer_statements._definitions) == [seen.definition_sha256]
        assert first.task("seeing").name == "seeing"
