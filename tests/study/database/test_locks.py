"""Races held still from outside: who waits for whom, and what is read after waiting."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from study.database.db import Database
from study.database.find import lock_study
from study.database.schema import Participant, Response, Study, Trial
from study.errors import AnswerConflictError, UnknownError
from study.recruitment.outcomes import STOPPED
from study.taking_part.about_oneself import record_about, record_comment
from study.taking_part.answers import Receipt
from study.taking_part.comprehension import record_attempt
from study.taking_part.device import record_device
from study.taking_part.leases import release_expired
from study.taking_part.leaving import leave
from study.taking_part.questionnaire_answers import record_page
from study.taking_part.withdrawal import withdraw
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of
from tests.study.taking_part.test_device import REPORT

LATER = NOW + timedelta(minutes=11)


@pytest.fixture
def short_study(postgresql: Database, tmp_path: Path) -> Database:
    with postgresql.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=2, k=1), lease_minutes=10))
    return postgresql


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def waits_for_a_lock(database: Database, how_many: int) -> bool:
    """Whether this number of connections comes to wait for a lock."""
    deadline = time.monotonic() + 30
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while time.monotonic() < deadline:
        with database.engine.connect() as connection:
            if connection.scalar(waiting) == how_many:
                return True
        time.sleep(0.01)
    return False


def release(session: Session) -> None:
    """What joining does to expired leases; not committed yet."""
    release_expired(session, lock_study(session, Study.slug == "demo"), LATER)


def test_an_answer_that_waited_while_its_place_was_released_wins_it_back(
    short_study: Database, pool: ThreadPoolExecutor
) -> None:
    late = enrol(short_study)
    first, _ = trials_of(short_study, late)
    with short_study.writing() as joining:
        release(joining)
        answering: Future[Receipt] = pool.submit(answer, short_study, late, first, LATER)
        assert waits_for_a_lock(short_study, 1)
        joining.commit()
        assert answering.result(timeout=30).next_index == 1
    assert [(t.state, t.is_overflow) for t in trials_of(short_study, late)] == [("answered", False), ("open", False)]


def test_people_who_wait_for_the_study_keep_no_participant_from_others(
    short_study: Database, pool: ThreadPoolExecutor
) -> None:
    """Withdrawing takes the study, then the participant. An answer that did the reverse would wait for it for ever."""
    late = enrol(short_study)
    first, _ = trials_of(short_study, late)
    has_study, may_go_on = threading.Event(), threading.Event()

    def withdraw_slowly() -> int:
        with short_study.writing() as session:
            lock_study(session, Study.slug == "demo")
            has_study.set()
            may_go_on.wait(60)
            mine = select(Participant.id).where(Participant.id == late.id)
            return session.execute(mine.with_for_update(nowait=True)).scalar_one()

    with short_study.writing() as joining:
        release(joining)
        withdrawing = pool.submit(withdraw_slowly)
        assert waits_for_a_lock(short_study, 1)
        answering = pool.submit(answer, short_study, late, first, LATER)
        assert waits_for_a_lock(short_study, 2)
        joining.commit()
    assert has_study.wait(30)
    assert waits_for_a_lock(short_study, 1), "the answer now waits for the study"
    may_go_on.set()
    assert withdrawing.result(timeout=30) == late.id
    assert answering.result(timeout=30).next_index == 1


@pytest.mark.parametrize(("after_s", "state"), [(-1, "open"), (0, "open"), (1, "released")])
def test_a_lease_is_good_up_to_and_with_its_last_moment(any_database, tmp_path, after_s, state):
    with any_database.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=2, k=9), lease_minutes=10))
    participant = enrol(any_database)
    with any_database.writing() as session:
        at = participant.lease_until + timedelta(seconds=after_s)
        release_expired(session, lock_study(session, Study.slug == "demo"), at)
        session.commit()
    assert {trial.state for trial in trials_of(any_database, participant)} == {state}


def test_a_clock_set_back_takes_no_answer_away(any_database: Database, tmp_path: Path) -> None:
    with any_database.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=2, k=9), lease_minutes=10))
    participant = enrol(any_database)
    first, second = trials_of(any_database, participant)
    answer(any_database, participant, first, now=NOW - timedelta(days=1))  # its lease ends before it began
    enrol(any_database, 1)  # releases what is open
    assert answer(any_database, participant, second).done
    with any_database.reading() as session:
        assert session.query(Trial).filter(Trial.is_overflow).count() == 0


def test_connections_broken_by_a_restart_are_replaced_before_they_are_used(postgresql: Database) -> None:
    sessions = [postgresql.reading() for _ in range(3)]
    for session in sessions:
        session.execute(text("SELECT 1"))
    for session in sessions:
        session.close()
    with postgresql.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    for session in [postgresql.reading() for _ in range(3)]:
        with session:
            assert session.scalar(text("SELECT 1")) == 1


def test_people_who_stop_while_their_window_is_being_stored_free_their_places(
    short_study: Database, pool: ThreadPoolExecutor
) -> None:
    person = enrol(short_study)
    with short_study.writing() as reporting:
        record_device(reporting, person.token, json.dumps(REPORT).encode(), NOW)
        reporting.flush()
        stopping = pool.submit(stop, short_study, person.token)
        assert waits_for_a_lock(short_study, 1)
        reporting.commit()
        assert stopping.result(timeout=30) == STOPPED
    assert {trial.state for trial in trials_of(short_study, person)} == {"released"}


def test_the_last_answer_sent_twice_at_once_finishes_once(short_study: Database, pool: ThreadPoolExecutor) -> None:
    """Both are read before either is stored: the second finds the trial changed and reads again."""
    person = enrol(short_study)
    first, last = trials_of(short_study, person)
    answer(short_study, person, first)
    with short_study.writing() as holding:
        holding.execute(select(Participant.id).where(Participant.id == person.id).with_for_update())
        both = [pool.submit(answer, short_study, person, last, at) for at in (NOW, LATER)]
        assert waits_for_a_lock(short_study, 2)
        holding.rollback()
        assert [answering.result(timeout=30).done for answering in both] == [True, True]
    with short_study.reading() as session:
        stored = session.get_one(Participant, person.id)
        answered_at = session.get_one(Response, (last.id, "response")).answered_at
    assert stored.finished_at == answered_at, "the one that was stored also finished the participant"


def test_of_two_different_answers_at_once_one_is_refused(short_study: Database, pool: ThreadPoolExecutor) -> None:
    person = enrol(short_study)
    first, _ = trials_of(short_study, person)
    with short_study.writing() as holding:
        holding.execute(select(Participant.id).where(Participant.id == person.id).with_for_update())
        both = [pool.submit(answer, short_study, person, first, NOW, choice) for choice in (0, 1)]
        assert waits_for_a_lock(short_study, 2)
        holding.rollback()
        errors = [answering.exception(timeout=30) for answering in both]
    assert [type(error) for error in errors if error] == [AnswerConflictError]
    kept = next(choice for choice, error in enumerate(errors) if error is None)
    with short_study.reading() as session:
        assert session.get_one(Response, (first.id, "response")).response == first.option_order[kept]


def stop(database: Database, token: str) -> str | None:
    with database.writing() as session:
        outcome = leave(session, token, NOW)
        session.commit()
    return outcome


def report_window(database: Database, token: str) -> None:
    with database.writing() as session:
        record_device(session, token, json.dumps(REPORT | {"width": 800}).encode(), NOW)
        session.commit()


def try_check(database: Database, token: str) -> None:
    with database.writing() as session:
        record_attempt(session, token, "seeing", b'{"attempt": 1, "answers": [0]}', NOW)


def comment(database: Database, token: str) -> None:
    with database.writing() as session:
        record_comment(session, token, "Fine.")
        session.commit()


def tell_about_oneself(database: Database, token: str) -> None:
    with database.writing() as session:
        record_about(session, token, {})
        session.commit()


def fill_in_a_page(database: Database, token: str) -> None:
    with database.writing() as session:
        record_page(session, token, "after", 1, b'{"answers": {}, "time_on_page": null}', NOW)


def test_of_two_reports_at_once_both_are_kept(short_study: Database, pool: ThreadPoolExecutor) -> None:
    person = enrol(short_study)
    with short_study.writing() as first:
        record_device(first, person.token, json.dumps(REPORT).encode(), NOW)
        first.flush()
        second = pool.submit(report_window, short_study, person.token)
        assert waits_for_a_lock(short_study, 1)
        first.commit()
        second.result(timeout=30)
    with short_study.reading() as session:
        reports = session.get_one(Participant, person.id).device["reports"]
    assert [report["width"] for report in reports] == [REPORT["width"], 800]


@pytest.mark.parametrize("say_something", [report_window, try_check, comment, tell_about_oneself, fill_in_a_page])
def test_people_who_withdraw_in_that_moment_are_unknown(
    short_study: Database, pool: ThreadPoolExecutor, say_something: Callable[[Database, str], None]
) -> None:
    person = enrol(short_study)
    with short_study.writing() as withdrawing:
        withdraw(withdrawing, person.token, NOW)
        saying = pool.submit(say_something, short_study, person.token)
        assert waits_for_a_lock(short_study, 1)
        withdrawing.commit()
        with pytest.raises(UnknownError, match="please open the study link you were given"):
            saying.result(timeout=30)


def test_an_answer_to_somebody_who_withdraws_in_that_moment_is_not_stored(
    short_study: Database, pool: ThreadPoolExecutor
) -> None:
    person = enrol(short_study)
    first, _ = trials_of(short_study, person)
    with short_study.writing() as withdrawing:
        withdraw(withdrawing, person.token, NOW)
        answering = pool.submit(answer, short_study, person, first, NOW)
        assert waits_for_a_lock(short_study, 1)
        withdrawing.commit()
        assert isinstance(answering.exception(timeout=30), UnknownError)
    with short_study.reading() as session:
        assert session.query(Response).count() == 0
