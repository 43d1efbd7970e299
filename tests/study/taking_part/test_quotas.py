"""Who holds a place: of a quota, and of the limit of participants; and how many were turned away for what."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from study.conduct.actions import exclude
from study.database.find import find_study
from study.database.schema import ANSWERED, MAIN, OPEN, PRACTICE, RELEASED, Participant, Trial, TurnedAway
from study.errors import StudyFullError
from study.taking_part.enrolment import is_full
from study.taking_part.leases import lets_go
from study.taking_part.leaving import leave
from study.taking_part.quotas import places_held
from study.taking_part.turning_away import Count, turned_away
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of
from tests.study.taking_part.test_screening import HAND, come, opened, screened

FINISHED = {"finished_at": NOW, "completion_code": "CODE"}
RATED = {"state": ANSWERED, "purpose": MAIN, "is_overflow": False}


@pytest.mark.parametrize(
    ("of_person", "of_trials", "held"),
    [
        ({}, {}, 1),
        ({"excluded": True, "exclusion_reason": "a robot"}, {}, 0),
        ({"observer_kind": "simulated"}, {}, 0),
        ({}, {"state": RELEASED}, 0),
        ({}, {"state": ANSWERED}, 0),
        (FINISHED, RATED, 1),
        (FINISHED, RATED | {"state": RELEASED}, 0),
        (FINISHED, RATED | {"purpose": PRACTICE}, 0),
        (FINISHED, RATED | {"is_overflow": True}, 0),
    ],
)
def test_a_place_of_a_quota_is_held_by_open_trials_or_a_rating_that_counts(
    database, tmp_path, of_person, of_trials, held
):
    opened(database, tmp_path / "a", screened(HAND))
    opened(database, tmp_path / "b", screened(HAND, slug="study-b"))
    person = come(database, hand="left")
    with database.writing() as session:
        for table, changes in ((Participant, of_person), (Trial, of_trials)):
            if changes:
                session.execute(update(table).values(changes))
        assert places_held(session, person.study_id, "human")["hand", "left"] == held
        other = find_study(session, "study-b").id
        assert not places_held(session, other, "human")


@pytest.mark.parametrize(("seconds", "held"), [(0, 1), (1, 0)])
def test_a_place_is_held_until_the_lease_has_run_out(database, tmp_path, seconds, held):
    opened(database, tmp_path, screened(HAND))
    person = come(database, hand="left")
    later = person.lease_until + timedelta(seconds=seconds)
    with database.reading() as session:
        assert places_held(session, person.study_id, "human", later)["hand", "left"] == held
        assert places_held(session, person.study_id, "human")["hand", "left"] == 1


@pytest.mark.parametrize(
    ("seconds", "state", "gone"), [(0, OPEN, False), (1, OPEN, True), (1, RELEASED, False), (1, ANSWERED, False)]
)
def test_trials_go_back_of_people_who_hold_some_when_their_lease_has_run_out(database, tmp_path, seconds, state, gone):
    """Whatever others hold."""
    with database.writing() as session:
        open_sample(session, tmp_path, document(seeing(k=9)))
    person, other = enrol(database), enrol(database, 1)
    later = person.lease_until + timedelta(seconds=seconds)
    with database.writing() as session:
        session.execute(update(Participant).where(Participant.id == other.id).values(lease_until=later))
        session.execute(update(Trial).where(Trial.participant_id == person.id).values(state=state))
        found = session.scalars(select(Participant.id).where(lets_go(person.study_id, later))).all()
    assert found == ([person.id] if gone else [])


@pytest.fixture
def limited(database, tmp_path):
    with database.writing() as session:
        open_sample(session, tmp_path, document(seeing(k=9), limit=1))
    return database


def test_somebody_who_left_takes_no_place_of_the_limit(limited):
    gone = enrol(limited)
    enrol(limited, observer_kind="simulated")
    with pytest.raises(StudyFullError, match=r"^all places in this study are taken$"):
        enrol(limited, 1)
    with limited.writing() as session:
        leave(session, gone.token, NOW)
        session.commit()
    assert enrol(limited, 1).id != gone.id


def test_an_excluded_person_takes_no_place_of_the_limit(limited):
    done = enrol(limited)
    for trial in trials_of(limited, done):
        answer(limited, done, trial)
    with pytest.raises(StudyFullError):
        enrol(limited, 1)
    with limited.writing() as session:
        exclude(session, "demo", done.public_id, "a robot", "owner", NOW)
        session.commit()
    assert enrol(limited, 1).id != done.id


@pytest.mark.parametrize(("seconds", "is_taken"), [(0, True), (1, False)])
def test_the_limit_counts_people_until_their_lease_has_run_out(limited, seconds, is_taken):
    later = enrol(limited).lease_until + timedelta(seconds=seconds)
    with limited.reading() as session:
        assert is_full(session, find_study(session, "demo"), "human", later) is is_taken


def test_people_turned_away_are_counted_by_kind_and_reason_the_most_frequent_first(database, tmp_path):
    opened(database, tmp_path / "a", screened())
    opened(database, tmp_path / "b", screened(slug="study-b"))
    given = [
        ("demo", "human", "test", ""),
        ("demo", "human", "quota", "hand = left"),
        ("demo", "human", "quota", "eyes = no"),
        ("study-b", "human", "answer", "eyes"),
        *[("demo", "simulated", "test", "")] * 2,
        ("demo", "human", "earlier-study", "eyes"),
        *[("demo", "human", "answer", "eyes")] * 3,
    ]
    with database.writing() as session:
        for number, (slug, kind, why, what) in enumerate(given):
            study = find_study(session, slug).id
            mark = f"{number:064}"
            session.add(
                TurnedAway(
                    study_id=study,
                    recruitment_hash=mark,
                    token=mark[-22:],
                    observer_kind=kind,
                    why=why,
                    what=what,
                    at=NOW,
                )
            )
        session.flush()
        assert turned_away(session, find_study(session, "demo")) == [
            Count("human", "answer", "eyes", 3),
            Count("simulated", "test", "", 2),
            Count("human", "earlier-study", "eyes", 1),
            Count("human", "quota", "eyes = no", 1),
            Count("human", "quota", "hand = left", 1),
            Count("human", "test", "", 1),
        ]
