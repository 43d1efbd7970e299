"""Ratings per day in the reader's zone, people still needed, and when the study is full at the present rate."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from study.conduct.outlook import outlook, ratings_per_day
from study.conduct.progress import progress
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import Response, Study
from study.definition import FrozenDefinition, definition_of
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of, trusting

TODAY = NOW.date()
WEEK = tuple((TODAY - timedelta(days=6 - n), 70) for n in range(7))


def defined(**participants) -> FrozenDefinition:
    """10 ratings of the first task for each person, 4 of the second."""
    return definition_of(document(seeing(images=10), trusting(images=4), **participants))


@pytest.mark.parametrize(
    ("participants", "missing", "needed"),
    [
        ({}, (0, 0), 0),
        ({}, (1, 0), 1),
        ({}, (20, 9), 3),  # the second task needs the most
        ({"tasks": "one"}, (20, 9), 5),  # each person does one of them
        ({"limit": 12}, (100, 0), 5),  # 7 have finished
        ({"limit": 5}, (100, 0), 0),
    ],
)
def test_as_many_people_are_needed_as_the_lacking_ratings_take(participants, missing, needed: int) -> None:
    found = outlook(defined(**participants), [missing], 7, WEEK, NOW - timedelta(days=30), NOW, UTC)
    assert (found.needed, found.target) == (needed, 7 + needed)
    assert (found.full_at is None) == (needed == 0)


def test_the_study_is_full_when_that_many_have_come_at_the_present_rate() -> None:
    """490 ratings in 6 days and the hours of today, 14 for each person."""
    lasting = timedelta(days=6) + (NOW - datetime.combine(TODAY, datetime.min.time(), UTC))
    found = outlook(defined(), [(100, 0)], 0, WEEK, NOW - timedelta(days=30), NOW, UTC)
    assert found.people_per_day == pytest.approx(35 / (lasting / timedelta(days=1)))
    assert found.full_at - NOW == pytest.approx(lasting * 10 / 35, abs=timedelta(seconds=1))


def test_a_new_studys_rate_is_that_of_its_hours_and_one_that_nobody_joins_has_none() -> None:
    young = outlook(defined(), [(100, 0)], 0, ((TODAY, 28),), NOW - timedelta(hours=2), NOW, UTC)
    assert young.people_per_day == pytest.approx(24)
    younger = outlook(defined(), [(100, 0)], 0, ((TODAY, 28),), NOW - timedelta(seconds=9), NOW, UTC)
    assert younger.people_per_day == pytest.approx(48), "an hour at least"
    assert outlook(defined(), [(100, 0)], 0, ((TODAY, 0),), None, NOW, UTC).full_at is None


@pytest.fixture
def opened(any_database: Database, tmp_path: Path) -> Database:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli")
    return any_database


def answers_at(database: Database, *times: datetime) -> None:
    """Somebody answers their first trials at these times."""
    person = enrol(database, now=NOW - timedelta(days=1))
    for trial in trials_of(database, person)[: len(times)]:
        answer(database, person, trial)
        with database.writing() as session:
            mine = update(Response).where(Response.trial_id == trial.id)
            session.execute(mine.values(answered_at=times[trial.position]))
            session.commit()


def test_a_rating_counts_on_the_day_that_the_reader_has(opened: Database) -> None:
    midnight = datetime(2026, 1, 2, tzinfo=UTC)
    answers_at(opened, *(midnight + timedelta(hours=hour) for hour in (-1, 2, 4)))
    for zone, expected in (("UTC", (1, 2)), ("Asia/Seoul", (0, 3)), ("America/New_York", (3, 0))):
        with opened.reading() as session:
            study, now = find_study(session, "demo"), midnight + timedelta(hours=12)
            days = ratings_per_day(session, study, "human", NOW - timedelta(days=1), now, ZoneInfo(zone))
            nobody = ratings_per_day(session, study, "simulated", None, now, ZoneInfo(zone))
        found = dict(days)
        assert (found[date(2026, 1, 1)], found[date(2026, 1, 2)]) == expected, zone
        assert (len(days), sum(n for _, n in days), sum(n for _, n in nobody)) == (7, 3, 0)


def test_a_closed_studys_days_are_its_last(opened: Database) -> None:
    answers_at(opened, NOW, NOW)
    with opened.writing() as session:
        session.query(Study).update({"state": "closed"})
        session.commit()
    with opened.reading() as session:
        shown = progress(session, find_study(session, "demo"), NOW + timedelta(days=99))
    assert shown.outlook.days[-1] == (TODAY, 2)
