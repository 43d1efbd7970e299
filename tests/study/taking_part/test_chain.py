"""What a link of the chain of answers is made of, and whose chain is found broken."""

import hashlib
import json
import time
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import delete, insert, update

from study.database.schema import Participant, Response
from study.taking_part.answers import record_answer
from study.taking_part.chain import Chains, check_chains, link
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of, trusting

TOLD = {
    "question": "response",
    "response": "바퀴",
    "rt": 812.5,
    "rt_missing": None,
    "time_elapsed": 5000,
    "answered_at": datetime(2026, 1, 2, 12, 4, 5, 6, tzinfo=timezone(timedelta(hours=9))),
}


def test_a_link_is_the_hash_of_the_one_before_and_of_all_that_is_stored_of_an_answer():
    """A stored chain must stay what it is: the text below was written by hand."""
    text = '["abc", 7, "response", "\\ubc14\\ud034", null, 812.5, 5000.0, "2026-01-02T03:04:05.000006+00:00"]'
    assert link("abc", 7, TOLD) == hashlib.sha256(text.encode()).hexdigest()
    changes = [
        {"rt": None},
        {"time_elapsed": 1},
        {"response": "개"},
        {"question": "reason"},
        {"rt_missing": "too-long"},
    ]
    others = [link("abc", 7, TOLD | change) for change in [*changes, {"answered_at": NOW}]]
    assert len({link("abc", 7, TOLD), link("abc", 8, TOLD), link("abd", 7, TOLD), *others}) == 9


def test_a_link_is_the_same_whatever_the_time_zone_of_the_host(monkeypatch):
    here = link("abc", 7, TOLD)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Seoul")
        time.tzset()
        there = link("abc", 7, TOLD)
    time.tzset()
    assert there == here


@pytest.fixture
def people(database, tmp_path):
    """Two in a study whose task asks two questions, the second in the order of their names; one in another study."""
    with database.writing() as session:
        open_sample(session, tmp_path / "one", document(seeing(confidence=True)))
        open_sample(session, tmp_path / "two", document(trusting(), slug="two"))
    found = [enrol(database, 0), enrol(database, 1), enrol(database, 2, slug="two")]
    for person in found:
        for trial in trials_of(database, person)[:3]:
            answer(database, person, trial)
            if trial.task == "seeing":
                more = {"question": "confidence", "response": "2", "rt": 1, "time_elapsed": 2}
                sent = json.dumps(more | {"trial_index": trial.position}).encode()
                record_answer(database, person.token, trial.trial_token, sent, NOW)
    return found


def after(database, *changes):
    with database.writing() as session:
        for change in changes:
            session.execute(change)
        return check_chains(session)


def test_what_is_stored_fits_the_chains_of_those_who_have_one(database, people):
    """Somebody who has answered nothing has an empty chain, and somebody from before there were chains has none."""
    enrol(database, 3)
    assert after(database) == Chains(4, ())
    without = update(Participant).where(Participant.id == people[0].id).values(answers_chain=None)
    forged = update(Response).where(Response.trial_id == trials_of(database, people[0])[0].id).values(rt=1.0)
    assert after(database, without, forged) == Chains(3, ())


@pytest.mark.parametrize("whose", [0, 1, 2])
def test_only_those_whose_answers_were_changed_are_named(database, people, whose):
    first, second, *_ = trials_of(database, people[whose])
    broken = Chains(3, (people[whose].public_id,))
    assert after(database, update(Response).where(Response.trial_id == first.id).values(response="other")) == broken
    removed = delete(Response).where(Response.trial_id == second.id)
    assert after(database, removed) == broken


def test_an_answer_to_a_question_that_is_never_asked_breaks_the_chain(database, people):
    trial = trials_of(database, people[1])[0]
    added = {"trial_id": trial.id, "question": "a-mood", "response": "1", "rt": None, "rt_missing": "not-measured"}
    added |= {"time_elapsed": 1.0, "body_sha256": "0" * 64, "answered_at": NOW}
    assert after(database, insert(Response).values(added)) == Chains(3, (people[1].public_id,))


def test_people_who_answered_before_there_were_chains_get_none_later(database, people):
    with database.writing() as session:
        session.execute(update(Participant).where(Participant.id == people[0].id).values(answers_chain=None))
        session.commit()
    answer(database, people[0], trials_of(database, people[0])[3])
    with database.reading() as session:
        assert session.get_one(Participant, people[0].id).answers_chain is None
