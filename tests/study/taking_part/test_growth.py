"""What people wait for does not grow with the people before them; the sums that make it so are always right."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import event, select

from study.conduct.actions import exclude
from study.database.db import Database
from study.database.find import find_study
from study.database.loads import loads
from study.database.schema import Participant
from study.recruitment.places import release_places_of
from study.taking_part.enrolment import is_full
from study.taking_part.leaving import come_back, leave
from study.taking_part.withdrawal import withdraw
from tests.study.crowd import copy_participants
from tests.study.samples import (
    NOW,
    answer,
    assert_loads_fit,
    count_loads_anew,
    document,
    enrol,
    open_sample,
    seeing,
    trials_of,
)
from tests.study.taking_part.test_identical_pairs import migrate

STEPS = 100  # of SQLite's machine, between two calls


class Work:
    """Counts the steps of SQLite's machine, in which every row that is read takes several."""

    def __init__(self, database: Database) -> None:
        self.steps = 0
        event.listen(database.engine, "checkout", self._watch)

    def _watch(self, connection: object, *_: object) -> None:
        connection.set_progress_handler(self._count, STEPS)

    def _count(self) -> int:
        self.steps += STEPS
        return 0

    def of(self, done: object) -> int:
        before = self.steps
        done()
        return self.steps - before


def finished(database: Database, seed: int) -> Participant:
    person = enrol(database, seed)
    for trial in trials_of(database, person):
        answer(database, person, trial)
    return person


def test_who_joins_or_answers_waits_for_no_count_of_those_before(database: Database, tmp_path: Path) -> None:
    """A thousand people: finished, or gone with trials that were released."""
    with database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=4, k=10_000)))
    finished(database, 0)
    gone = enrol(database, 1)
    work = Work(database)

    def first_page() -> None:
        with database.reading() as session:
            assert not is_full(session, find_study(session, "demo"), "human", NOW + timedelta(days=1))

    def all_of(seed: int) -> list[int]:
        joining = work.of(lambda: enrol(database, seed, NOW + timedelta(days=1)))
        with database.reading() as session:
            person = session.scalars(select(Participant).order_by(Participant.id.desc()).limit(1)).one()
        trial = trials_of(database, person)[0]
        return [work.of(first_page), joining, work.of(lambda: answer(database, person, trial))]

    few = all_of(2)
    with database.reading() as session:
        assert session.get_one(Participant, gone.id).released
    with database.writing() as session:
        present = session.scalars(select(Participant).order_by(Participant.id.desc()).limit(1)).one()
        leave(session, present.token, NOW)
        session.flush()
        copy_participants(session, 500)
        count_loads_anew(session)
        session.commit()
    many = all_of(3)
    assert all(after <= 1.5 * before + STEPS for before, after in zip(few, many, strict=True)), (few, many)


def test_the_sums_fit_whatever_people_and_researchers_do(any_database: Database, tmp_path: Path) -> None:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=4, k=9, practice=1, trials=3)))
    people = [finished(any_database, 0), finished(any_database, 1), *(enrol(any_database, seed) for seed in (2, 3, 4))]
    assert_loads_fit(any_database)
    with any_database.writing() as session:
        exclude(session, "demo", people[0].public_id, "a robot", "ada", NOW)
        exclude(session, "demo", people[2].public_id, "a robot", "ada", NOW)
        release_places_of(session, session.get_one(Participant, people[2].id), "ada", NOW)  # of an excluded person
        withdraw(session, people[1].token, NOW)
        leave(session, people[3].token, NOW)
        leave(session, people[4].token, NOW)
        session.commit()
    assert_loads_fit(any_database)
    late = trials_of(any_database, people[4])[0]
    answer(any_database, people[4], late)  # was on its way when they stopped, and wins one place back
    assert_loads_fit(any_database)
    with any_database.writing() as session:
        come_back(session, people[3].token, NOW)
        session.commit()
    assert_loads_fit(any_database)


def test_an_upgrade_finds_the_sums_of_a_running_study(any_database: Database, tmp_path: Path) -> None:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=4, k=9)))
    finished(any_database, 0)
    away, there = enrol(any_database, 1), enrol(any_database, 2, NOW + timedelta(hours=2))
    migrate(any_database, "0019")
    migrate(any_database, "head")
    assert_loads_fit(any_database)
    with any_database.reading() as session:
        released = {person.id: person.released for person in session.scalars(select(Participant))}
        assert released[away.id]
        assert not released[there.id]
        assert sum(loads(session, there.study_id, "human").values()) == 8
