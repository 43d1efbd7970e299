"""Joining: every place once, nobody turned away while places are open, one participant a person."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from study.conduct.actions import exclude
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import CLOSED, PAUSED, ExternalIdentity, Item, Participant, Stimulus, Trial
from study.errors import ConsentError, NotOpenError, StudyFullError, UnknownError
from study.security import new_token
from study.taking_part.leases import release_expired
from tests.study.samples import NOW, answer, document, enrol, open_sample, ratings, seeing, trials_of, trusting


def open_with(database: Database, folder: Path, *tasks: dict, **participants: object) -> None:
    with database.writing() as session:
        open_sample(session, folder, document(*tasks, **participants))


def test_a_full_plan_is_stored_with_the_participant(any_database: Database, tmp_path: Path) -> None:
    open_with(any_database, tmp_path, seeing(images=8), trusting(images=6))
    participant = enrol(any_database)
    trials = trials_of(any_database, participant)
    assert [t.position for t in trials] == list(range(14))
    assert [t.task for t in trials] == ["seeing"] * 8 + ["trusting"] * 6
    assert len({(t.task, t.image_id) for t in trials}) == 14
    assert len({t.trial_token for t in trials} | {t.left_image_token for t in trials}) == 28
    assert participant.lease_until == NOW + timedelta(minutes=60)
    with any_database.reading() as session:
        identity = session.get_one(ExternalIdentity, participant.id)
        visit = identity.parameters["visit"]
        assert visit not in participant.recruitment_hash


def test_trust_puts_each_network_left_equally_often_and_shows_one_image_pair(
    database: Database, tmp_path: Path
) -> None:
    open_with(database, tmp_path, trusting(images=12, k=9))
    trials = trials_of(database, enrol(database))
    with database.reading() as session:
        stimulus = {s.id: s for s in session.query(Stimulus)}
        method = {i.id: i.method for i in session.query(Item)}
    sides = Counter((method[t.item_id], stimulus[t.left_stimulus_id].network) for t in trials)
    assert all(sides[m, "strong"] == sides[m, "weak"] == 3 for m in ("guided-backprop", "guided-grad-cam"))
    for trial in trials:
        left, right = stimulus[trial.left_stimulus_id], stimulus[trial.right_stimulus_id]
        assert {left.network, right.network} == {"strong", "weak"}
        assert (left.image_id, left.category, left.method) == (right.image_id, right.category, right.method)


def test_class_discrimination_names_the_truth_first_half_of_the_time(database: Database, tmp_path: Path) -> None:
    open_with(database, tmp_path, seeing(images=16))
    trials = trials_of(database, enrol(database))
    with database.reading() as session:
        truth = {i.id: i.category for i in session.query(Item)}
    assert sum(t.option_order[0] == truth[t.item_id] for t in trials) == 8
    assert all(set(t.option_order) == {"dog", "tvmonitor"} and t.right_stimulus_id is None for t in trials)


def test_threads_that_join_at_once_get_no_place_twice(any_database: Database, tmp_path: Path) -> None:
    """24 people for 16 places: exactly 16 get in, and every item is leased exactly k times."""
    open_with(any_database, tmp_path, seeing(images=4, k=2))

    def attempt(seed: int) -> Participant | None:
        try:
            return enrol(any_database, seed)
        except StudyFullError:
            return None

    with ThreadPoolExecutor(8) as pool:
        joined = [p for p in pool.map(attempt, range(24)) if p]
    assert len(joined) == 16
    leased = Counter(t.item_id for p in joined for t in trials_of(any_database, p))
    assert set(leased.values()) == {2}
    assert len(leased) == 32


def test_the_same_person_at_once_becomes_one_participant(any_database: Database, tmp_path: Path) -> None:
    open_with(any_database, tmp_path)
    key = new_token()
    with ThreadPoolExecutor(6) as pool:
        joined = list(pool.map(lambda seed: enrol(any_database, seed, key=key), range(6)))
    assert len({p.token for p in joined}) == 1


def test_simulated_participants_take_no_human_place(database: Database, tmp_path: Path) -> None:
    open_with(database, tmp_path, seeing(images=2, k=1))
    for seed in range(8):
        enrol(database, seed, observer_kind="simulated")
    with pytest.raises(StudyFullError):
        enrol(database, 8, observer_kind="simulated")
    assert len(trials_of(database, enrol(database, 9))) == 2


@pytest.mark.parametrize(("state", "words"), [(PAUSED, "is paused"), (CLOSED, "has ended")])
def test_nobody_joins_a_study_that_is_not_open_but_participants_go_on(database, tmp_path, state, words):
    open_with(database, tmp_path, seeing())
    inside = enrol(database, key="a" * 22)
    with database.writing() as session:
        find_study(session, "demo").state = state
        session.commit()
    with pytest.raises(NotOpenError, match=f"this study {words}"):
        enrol(database, 1)
    assert enrol(database, key="a" * 22).token == inside.token
    assert answer(database, inside, trials_of(database, inside)[0]).next_index == 1


def test_unknown_studies_kinds_and_languages_are_refused(database: Database, tmp_path: Path) -> None:
    open_with(database, tmp_path)
    with pytest.raises(UnknownError):
        enrol(database, slug="other")
    with pytest.raises(ConsentError, match="observer_kind must be one of human, simulated"):
        enrol(database, observer_kind="machine")


@pytest.mark.parametrize("slug", ["none", "", "\0", "é", "x" * 5000])
def test_what_is_no_study_is_unknown_on_every_database(any_database: Database, slug: str) -> None:
    with any_database.reading() as session, pytest.raises(UnknownError, match="there is no study"):
        find_study(session, slug)


def test_the_limit_counts_those_who_finished_or_are_at_it(database: Database, tmp_path: Path) -> None:
    open_with(database, tmp_path, seeing(images=2, k=9), limit=2, lease_minutes=10)
    finished = enrol(database, 0)
    for trial in trials_of(database, finished):
        answer(database, finished, trial)
    enrol(database, 1)
    with pytest.raises(StudyFullError, match="all places in this study are taken"):
        enrol(database, 2)
    enrol(database, 3, now=NOW + timedelta(minutes=11))  # the second has left without finishing


def test_tasks_one_gives_each_person_the_task_most_in_need(database: Database, tmp_path: Path) -> None:
    open_with(database, tmp_path, seeing(images=2, k=1), trusting(images=2, k=4), tasks="one")
    tasks = [{t.task for t in trials_of(database, enrol(database, seed))} for seed in range(16)]
    assert Counter(next(iter(t)) for t in tasks) == {"seeing": 8, "trusting": 8}
    assert all(len(t) == 1 for t in tasks)
    assert tasks[0] != tasks[1]


def test_who_comes_late_does_only_the_task_that_still_needs_ratings(database: Database, tmp_path: Path) -> None:
    open_with(database, tmp_path, seeing(images=2, k=1), trusting(images=2, k=9))
    for seed in range(8):
        enrol(database, seed)
    assert {t.task for t in trials_of(database, enrol(database, 8))} == {"trusting"}


def test_an_expired_lease_gives_its_places_to_the_next(any_database: Database, tmp_path: Path) -> None:
    open_with(any_database, tmp_path, seeing(images=2, k=1), lease_minutes=10)
    everybody = [enrol(any_database, seed) for seed in range(8)]
    with pytest.raises(StudyFullError):
        enrol(any_database, 8, now=NOW + timedelta(minutes=9))
    later = NOW + timedelta(minutes=9)
    answer(any_database, everybody[0], trials_of(any_database, everybody[0])[0], now=later)  # renews one lease
    newcomer = enrol(any_database, 9, now=NOW + timedelta(minutes=11))
    assert len(trials_of(any_database, newcomer)) == 2
    assert {t.state for t in trials_of(any_database, everybody[1])} == {"released"}
    assert [t.state for t in trials_of(any_database, everybody[0])] == ["answered", "open"]


def test_somebody_who_answers_at_this_moment_is_not_released(postgresql: Database, tmp_path: Path) -> None:
    """Held still from outside: one transaction has locked the participant while another releases expired leases."""
    open_with(postgresql, tmp_path, seeing(), lease_minutes=1)
    participant = enrol(postgresql)
    with postgresql.writing() as answering, postgresql.writing() as joining:
        answering.query(Participant).filter_by(id=participant.id).with_for_update().one()
        release_expired(joining, find_study(joining, "demo"), NOW + timedelta(hours=1))
        joining.commit()
    assert {t.state for t in trials_of(postgresql, participant)} == {"open"}


def test_answers_of_an_excluded_participant_are_asked_of_somebody_else(database: Database, tmp_path: Path) -> None:
    open_with(database, tmp_path, seeing(images=2, k=1))
    everybody = [enrol(database, seed) for seed in range(8)]
    for participant in everybody:
        for trial in trials_of(database, participant):
            answer(database, participant, trial)
    with database.writing() as session:
        exclude(session, "demo", everybody[3].public_id, "said so", "ada", NOW)
        session.commit()
    substitute = enrol(database, 9)
    asked_again = {t.item_id for t in trials_of(database, substitute)}
    assert asked_again == {t.item_id for t in trials_of(database, everybody[3])}
    for trial in trials_of(database, substitute):
        answer(database, substitute, trial)
    assert ratings(database) == {("seeing", 1): 16}


def test_a_study_of_two_tasks_ends_with_exactly_k_everywhere(any_database: Database, tmp_path: Path) -> None:
    open_with(any_database, tmp_path, seeing(images=4, k=2), trusting(images=4, k=8))
    for seed in range(16):
        participant = enrol(any_database, seed)
        for trial in trials_of(any_database, participant):
            receipt = answer(any_database, participant, trial)
        assert receipt.done
    assert ratings(any_database) == {("seeing", 2): 32, ("trusting", 8): 8}
    with pytest.raises(StudyFullError, match="all the answers it needs"):
        enrol(any_database, 99)
    with any_database.reading() as session:
        assert session.query(Trial).filter(Trial.is_overflow).count() == 0
