"""What joining stores and refuses, and which promised ratings count."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select, update

from study.conduct.actions import exclude, raise_limit
from study.database.find import find_study
from study.database.schema import ExternalIdentity, Item, Participant, Study, Trial
from study.definition import frozen_definition
from study.errors import ConductError, ConsentError, NotOpenError, StudyFullError, UnknownError
from study.recruitment.places import release_places
from study.recruitment.provider import Recruited
from study.security import recruitment_hash
from study.taking_part.enrolment import Consent, boxes, is_full, join, require_open
from study.taking_part.leases import loads, release_expired
from study.taking_part.leaving import leave
from study.taking_part.withdrawal import withdraw
from tests.study.samples import (
    METHODS,
    NOW,
    SECRET,
    answer,
    count_loads_anew,
    document,
    enrol,
    open_sample,
    seeing,
    trials_of,
)

QUESTIONS = [
    {
        "name": "age",
        "label": {"en": "How old are you?"},
        "options": {"young": {"en": "Under 40"}, "old": {"en": "Over"}},
    },
    {"name": "work", "label": {"en": "What do you do?"}},
]


@pytest.fixture
def opened(database, tmp_path):
    with database.writing() as session:
        open_sample(session, tmp_path / "one", document(seeing(images=4, k=2)))
        open_sample(session, tmp_path / "two", document(seeing(images=4, k=2), slug="other"))
    return database


def consent(key="x" * 22, language="en", observer_kind="human"):
    return Consent(Recruited("plain", key, {"visit": key}), language, observer_kind)


def joined(database, given, slug="demo", now=NOW):
    with database.writing() as session:
        participant = join(session, slug, given, now, np.random.default_rng(0), SECRET)
        session.commit()
    return participant


def test_a_participant_is_stored_with_all_that_identifies_the_study_and_the_person(opened):
    participant = joined(opened, consent())
    with opened.reading() as session:
        study = find_study(session, "demo")
        identity = session.get_one(ExternalIdentity, participant.id)
        assert (identity.provider, identity.parameters) == ("plain", {"visit": "x" * 22})
        assert participant.study_id == study.id
        assert participant.definition_sha256 == study.definition_sha256
    assert participant.recruitment_hash == recruitment_hash(SECRET, "plain", "x" * 22)
    assert (participant.observer_kind, participant.language) == ("human", "en")
    assert (participant.consented_at, participant.lease_until) == (NOW, NOW + timedelta(minutes=60))
    assert (participant.finished_at, participant.completion_code, participant.excluded) == (None, None, False)
    assert len({participant.token, participant.public_id, participant.withdrawal_code}) == 3
    assert (len(participant.token), len(participant.public_id), len(participant.withdrawal_code)) == (22, 17, 12)
    assert participant.consent_version
    assert [trial.position for trial in trials_of(opened, participant)] == [0, 1, 2, 3]


def test_the_same_person_is_another_participant_in_another_study(opened):
    first, again, other = joined(opened, consent()), joined(opened, consent()), joined(opened, consent(), "other")
    assert first.id == again.id != other.id


def test_somebody_who_comes_back_hands_in_the_newer_assignment_until_they_have_finished(opened):
    participant = joined(opened, consent())
    newer = Consent(Recruited("plain", "x" * 22, {"visit": "newer"}), "en", "human")
    joined(opened, newer)

    def parameters():
        with opened.reading() as session:
            return session.get_one(ExternalIdentity, participant.id).parameters

    assert parameters() == {"visit": "newer"}
    for trial in trials_of(opened, participant):
        answer(opened, participant, trial)
    joined(opened, consent())
    assert parameters() == {"visit": "newer"}


def test_somebody_whose_identity_was_deleted_may_still_come_back(opened):
    participant = joined(opened, consent())
    with opened.writing() as session:
        session.delete(session.get_one(ExternalIdentity, participant.id))
        session.commit()
    assert joined(opened, consent()).id == participant.id


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("paused", "this study is paused; please open its link again later"),
        ("closed", "this study has ended; thank you for your interest"),
    ],
)
def test_a_study_that_is_not_open_says_so(state, message):
    with pytest.raises(NotOpenError) as refusal:
        require_open(Study(state=state))
    assert str(refusal.value) == message
    require_open(Study(state="open"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (consent(language="ko"), "this study is not offered in language 'ko'"),
        (consent(observer_kind="machine"), "observer_kind must be one of human, simulated"),
    ],
)
def test_a_form_that_nobody_was_shown_is_refused(opened, given, message):
    with pytest.raises(ConsentError) as refusal:
        joined(opened, given)
    assert str(refusal.value) == message


def test_boxes_that_taking_part_needs_are_named_where_they_are_not_ticked(database, tmp_path):
    definition = document(seeing())
    names = {"sound": True, "mail": False, "faces": True}
    boxes_of = [{"name": name, "text": {"en": name}, "required": needed} for name, needed in names.items()]
    definition["study"] |= {"consents": boxes_of, "minimum_age": 18}
    with database.writing() as session:
        open_sample(session, tmp_path, definition)
        frozen = frozen_definition(find_study(session, "demo"))
    assert boxes(frozen) == {"age": True} | names
    with pytest.raises(ConsentError, match=r"^taking part needs a tick in these boxes, too: age, faces$"):
        joined(database, replace(consent(), ticked=frozenset({"sound", "mail"})))
    ticked = frozenset({"age", "sound", "faces"})
    assert joined(database, replace(consent(), ticked=ticked)).consents == {"age": True} | names


def test_an_unknown_study_is_refused(opened):
    with pytest.raises(UnknownError):
        joined(opened, consent(), "third")


def limited(database, folder, limit):
    with database.writing() as session:
        open_sample(session, folder, document(seeing(images=4, k=9), limit=limit, lease_minutes=10))


def test_a_limit_counts_those_who_finished_and_those_who_hold_places(database, tmp_path):
    limited(database, tmp_path, 2)
    first, second = enrol(database, 1), enrol(database, 2)
    with pytest.raises(StudyFullError) as refusal:
        enrol(database, 3)
    assert str(refusal.value) == "all places in this study are taken"
    enrol(database, 4, observer_kind="simulated")
    for trial in trials_of(database, first):
        answer(database, first, trial, now=NOW)
    later = NOW + timedelta(minutes=11)
    third = enrol(database, 5, now=later)  # the second one's lease has run out, the first one has finished
    assert {trial.state for trial in trials_of(database, second)} == {"released"}
    assert {trial.state for trial in trials_of(database, third)} == {"open"}
    with pytest.raises(StudyFullError):
        enrol(database, 6, now=later)


@pytest.mark.parametrize(
    ("how", "is_finished"),
    [
        ("excluded", False),
        ("excluded", True),
        ("stopped", False),
        ("returned", False),
        ("withdrawn", False),
        ("withdrawn", True),
    ],
)
def test_who_is_out_frees_a_place_of_the_limit(database, tmp_path, how, is_finished):
    limited(database, tmp_path, 1)
    person = enrol(database, key="k" * 22)
    for trial in trials_of(database, person) if is_finished else ():
        answer(database, person, trial)
    with pytest.raises(StudyFullError, match="all places"):
        enrol(database, 1)
    with database.writing() as session:
        {
            "excluded": lambda: exclude(session, "demo", person.public_id, "asked for it", "ada", NOW),
            "stopped": lambda: leave(session, person.token, NOW),
            "returned": lambda: release_places(session, "demo", "plain", ["k" * 22], SECRET, "ada", NOW),
            "withdrawn": lambda: withdraw(session, person.token, NOW),
        }[how]()
        session.commit()
    assert enrol(database, 2).token != person.token
    with pytest.raises(StudyFullError, match="all places"):
        enrol(database, 3)


def test_the_limit_can_be_raised_and_the_definition_remembers(database, tmp_path):
    limited(database, tmp_path, 1)
    before = enrol(database)
    with database.writing() as session:
        for wrong in (1, 0):
            with pytest.raises(ConductError, match="takes 1 participants already"):
                raise_limit(session, "demo", wrong, "more", "ada", NOW)
        amendment = raise_limit(session, "demo", 2, "one was excluded", "ada", NOW)
        session.commit()
    assert amendment.change == {"limit": [1, 2]}
    assert (before.definition_sha256, enrol(database, 1).definition_sha256) == (
        amendment.previous_sha256,
        amendment.sha256,
    )
    with pytest.raises(StudyFullError, match="all places"):
        enrol(database, 2)


def test_a_study_without_a_limit_has_none_to_raise(database, tmp_path):
    limited(database, tmp_path, None)
    with database.writing() as session, pytest.raises(ConductError, match="has no limit"):
        raise_limit(session, "demo", 9, "more", "ada", NOW)


def test_a_limit_of_one_study_counts_nobody_of_another(database, tmp_path):
    limited(database, tmp_path / "one", 1)
    with database.writing() as session:
        open_sample(session, tmp_path / "two", document(seeing(), slug="other", limit=1))
    enrol(database, 1, slug="other")
    assert enrol(database, 2).id


def full(database, now=NOW, observer_kind="human"):
    with database.reading() as session:
        return is_full(session, find_study(session, "demo"), observer_kind, now)


END = NOW + timedelta(minutes=60)  # of the leases of those who join at NOW
AFTER = END + timedelta(seconds=1)


@pytest.fixture
def filled(database, tmp_path):
    """Four items of one rating each, which two people were promised; another study has many places left."""
    with database.writing() as session:
        open_sample(session, tmp_path / "one", document(seeing(images=2, k=1, methods=METHODS[:1])))
        open_sample(session, tmp_path / "two", document(seeing(), slug="other"))
    enrol(database, 3, slug="other")
    assert not full(database)
    enrol(database, 1)
    assert not full(database)
    enrol(database, 2)
    return database


def test_a_study_is_full_while_all_its_ratings_are_given_or_promised(filled):
    assert [full(filled), full(filled, END), full(filled, AFTER)] == [True, True, False]
    assert not full(filled, observer_kind="simulated")


@pytest.mark.parametrize(
    "changes",
    [
        (update(Participant).values(excluded=True, exclusion_reason="asked"),),
        (update(Trial).values(purpose="practice"),),
        (update(Trial).values(state="answered"),),
        (
            update(Trial).where(Trial.position == 0, Trial.participant_id > 1).values(purpose="practice"),
            update(Trial).where(Trial.position == 1, Trial.participant_id > 1).values(state="answered"),
        ),
    ],
    ids=["excluded", "practice", "answered", "only-practice-open"],
)
def test_a_lease_that_has_run_out_frees_no_place_that_does_not_count(filled, changes):
    """The first participant is of the other study."""
    with filled.writing() as session:
        for change in changes:
            session.execute(change)
        session.commit()
    assert full(filled, AFTER)


def test_a_study_is_full_while_its_limit_of_people_is_reached(database, tmp_path):
    limited(database, tmp_path, 1)
    assert not full(database)
    enrol(database)
    end = NOW + timedelta(minutes=10)
    assert [full(database), full(database, end), full(database, end + timedelta(seconds=1))] == [True, True, False]
    assert not full(database, observer_kind="simulated")


def test_a_lease_runs_out_after_its_last_moment_and_in_its_own_study(opened):
    ending, later, elsewhere = (
        enrol(opened, 1),
        enrol(opened, 2, now=NOW + timedelta(seconds=1)),
        enrol(opened, 3, slug="other"),
    )
    first = trials_of(opened, ending)[0]
    answer(opened, ending, first)
    end = NOW + timedelta(minutes=60)

    def release(now):
        with opened.writing() as session:
            release_expired(session, find_study(session, "demo"), now)
            session.commit()
        return [[trial.state for trial in trials_of(opened, person)] for person in (ending, later, elsewhere)]

    nobody = [["answered"] + ["open"] * 3, ["open"] * 4, ["open"] * 4]
    assert release(end) == nobody
    assert release(end + timedelta(seconds=1)) == [["answered"] + ["released"] * 3, ["open"] * 4, ["open"] * 4]
    assert release(end + timedelta(days=1)) == [["answered"] + ["released"] * 3, ["released"] * 4, ["open"] * 4]


def test_ratings_that_count_are_those_given_and_promised_of_one_kind_of_observer(opened):
    """The oracle counts trials one by one."""
    people = [enrol(opened, seed) for seed in range(4)]
    simulated, elsewhere = enrol(opened, 9, observer_kind="simulated"), enrol(opened, 9, slug="other")
    answer(opened, people[0], trials_of(opened, people[0])[0])
    with opened.writing() as session:
        excluded = session.get_one(Participant, people[1].id)
        excluded.excluded, excluded.exclusion_reason = True, "asked to be"
        released, _, practice, overflow = (session.get_one(Trial, trial.id) for trial in trials_of(opened, people[2]))
        released.state, practice.purpose = "released", "practice"
        overflow.state, overflow.is_overflow = "answered", True
        session.flush()
        count_loads_anew(session)
        session.commit()
    counted = {}
    for trial in [*trials_of(opened, people[0]), trials_of(opened, people[2])[1], *trials_of(opened, people[3])]:
        counted[trial.item_id] = counted.get(trial.item_id, 0) + 1
    with opened.reading() as session:
        study = find_study(session, "demo")
        assert loads(session, study.id, "human") == counted
        assert loads(session, study.id, "simulated") == {t.item_id: 1 for t in trials_of(opened, simulated)}
        assert loads(session, elsewhere.study_id, "human") == {t.item_id: 1 for t in trials_of(opened, elsewhere)}
        assert set(counted) <= set(session.scalars(select(Item.id).where(Item.study_id == study.id)))
