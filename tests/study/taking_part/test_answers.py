"""Late answers: they win their place back where it is free, and are kept as overflow where it is not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from study.database.db import Database
from study.database.schema import Participant, Response, Trial
from study.errors import AnswerConflictError, StudyFullError
from tests.study.samples import NOW, answer, document, enrol, open_sample, ratings, seeing, trials_of, trusting

LATER = NOW + timedelta(minutes=11)


@pytest.fixture
def short_study(any_database: Database, tmp_path: Path) -> Database:
    """Two images × two categories × four methods, one rating each, leases of ten minutes; eight people fill it."""
    with any_database.writing() as session:
        open_sample(session, tmp_path, document(seeing(images=2, k=1), lease_minutes=10))
    return any_database


def test_an_answer_renews_the_lease(short_study: Database) -> None:
    participant = enrol(short_study)
    answer(short_study, participant, trials_of(short_study, participant)[0], now=LATER - timedelta(minutes=2))
    with short_study.reading() as session:
        assert session.get_one(Participant, participant.id).lease_until == LATER + timedelta(minutes=8)


def test_a_late_answer_counts_when_nobody_took_the_place(short_study: Database) -> None:
    late = enrol(short_study, 0)
    enrol(short_study, 1, now=LATER, observer_kind="simulated")  # releases the places, and takes no human's
    first, second = trials_of(short_study, late)
    assert (first.state, second.state) == ("released", "released")
    answer(short_study, late, first, now=LATER)
    assert [(t.state, t.is_overflow) for t in trials_of(short_study, late)] == [("answered", False), ("open", False)]


def test_a_late_answer_is_kept_as_overflow_when_the_place_is_taken(short_study: Database) -> None:
    late = enrol(short_study, 0)
    others = [enrol(short_study, seed, now=LATER) for seed in range(1, 9)]
    for trial in trials_of(short_study, late):
        receipt = answer(short_study, late, trial, now=LATER)
    assert receipt.done, "people who come late still finish and get the code"
    assert [(t.state, t.is_overflow) for t in trials_of(short_study, late)] == [("answered", True)] * 2
    for participant in others:
        for trial in trials_of(short_study, participant):
            answer(short_study, participant, trial, now=LATER)
    assert ratings(short_study) == {("seeing", 1): 16}


def test_an_expired_lease_that_nobody_asked_for_is_still_good(short_study: Database) -> None:
    participant = enrol(short_study)
    trial = trials_of(short_study, participant)[0]
    answer(short_study, participant, trial, now=NOW + timedelta(days=3))
    assert not trials_of(short_study, participant)[0].is_overflow


def test_one_answer_of_many_sent_at_once_is_stored(short_study: Database) -> None:
    participant = enrol(short_study)
    trial = trials_of(short_study, participant)[0]

    def attempt(choice: int) -> str:
        try:
            return str(answer(short_study, participant, trial, choice=choice).next_index)
        except AnswerConflictError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, [0, 1] * 8))
    assert sorted(set(outcomes)) == ["1", "already-answered"]
    assert outcomes.count("1") == 8
    with short_study.reading() as session:
        assert session.query(Response).count() == 1


def test_fifty_at_once_with_dropouts_and_late_returns_end_with_exactly_k(
    any_database: Database, tmp_path: Path
) -> None:
    """A fifth stops somewhere; half of those come back after their lease has run out. All ratings end at k."""
    with any_database.writing() as session:
        definition = document(seeing(images=6, k=3), trusting(images=6, k=12, trials=4), lease_minutes=10)
        open_sample(session, tmp_path, definition)

    def take_part(number: int, hours: int) -> Participant | None:
        rng, now = np.random.default_rng(number), NOW + timedelta(hours=hours)
        try:
            participant = enrol(any_database, number, now=now)
        except StudyFullError:
            return None
        trials = trials_of(any_database, participant)
        stops = rng.integers(len(trials)) if rng.random() < 0.2 else len(trials)
        for trial in trials[:stops]:
            answer(any_database, participant, trial, now=now)
        return participant if stops < len(trials) else None

    with ThreadPoolExecutor(8) as pool:
        absent = [p for p in pool.map(lambda n: take_part(n, 0), range(36)) if p]
        hours = 1
        returning = absent[::2]
        newcomers = pool.map(lambda n: take_part(n, 1), range(100, 150))
        for participant in returning:
            for trial in trials_of(any_database, participant):
                if trial.state != "answered":
                    answer(any_database, participant, trial, now=NOW + timedelta(hours=1))
        list(newcomers)
        while set(ratings(any_database)) != {("seeing", 3), ("trusting", 12)}:
            hours += 1
            assert hours < 40, f"not filling up: {ratings(any_database)}"
            list(pool.map(lambda n, h=hours: take_part(1000 * h + n, h), range(4)))
    assert ratings(any_database) == {("seeing", 3): 48, ("trusting", 12): 12}
    with any_database.reading() as session:
        overflow = session.query(Trial).filter(Trial.is_overflow)
        assert {t.participant_id for t in overflow} <= {p.id for p in returning}
        assert session.query(Response).count() == session.query(Trial).filter_by(state="answered").count()
