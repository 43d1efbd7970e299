"""Finishing, leaving and withdrawing: what is told, what stays, and where people go."""

import pytest
from sqlalchemy import func, select

from study.database import audit
from study.database.find import find_study
from study.database.schema import MAIN, AuditEntry, Base, ExternalIdentity, Participant
from study.errors import AnswerConflictError, UnknownCodeError, UnknownError
from study.recruitment.outcomes import FAILED_CHECKS, INCOMPATIBLE_DEVICE, STOPPED
from study.recruitment.provider import Departure
from study.taking_part import refusals, withdrawal
from study.taking_part.farewell import early_departure, farewell, hands_in_another
from study.taking_part.leaving import leave
from study.taking_part.refusals import MOST, note_refusal
from study.taking_part.withdrawal import withdraw, withdraw_by_code
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of
from tests.study.tasks.test_several_questions import give

DEBRIEFING = "It was about *explanations*."


def opened(database, folder, slug="demo", **participants):
    with database.writing() as session:
        definition = document(seeing(images=6, k=9, trials=3, attention_checks=2), slug=slug, **participants)
        open_sample(session, folder, definition)
    return database


def finish(database, person, failed=0):
    """`failed`: how many attention checks to fail."""
    for trial in trials_of(database, person):
        asked = trial.expected_response
        place = trial.option_order.index(asked) if asked else 0
        if asked and failed:
            failed, place = failed - 1, 1 - place
        answer(database, person, trial, choice=place)


def told(database, person):
    with database.reading() as session:
        return farewell(session, person.token)


def study_of(database):
    with database.reading() as session:
        return find_study(session, "demo")


def test_a_farewell_has_the_study_s_words_and_the_participant_s_codes(database, tmp_path):
    opened(database, tmp_path)
    person = enrol(database)
    assert told(database, person) is None
    finish(database, person)
    got = told(database, person)
    with database.reading() as session:
        finished = session.get_one(Participant, person.id)
    code = person.withdrawal_code
    assert (got.title, got.language, got.slug) == ("What did the network see?", "en", "demo")
    assert (got.contact, got.debriefing) == ("someone@example.org", DEBRIEFING)
    assert got.completion_code == finished.completion_code
    assert got.withdrawal_code == f"{code[:4]}-{code[4:8]}-{code[8:]}"
    assert (got.departure, got.finished_at) == (None, NOW)
    with database.writing() as session:
        session.get_one(Participant, person.id).withdrawal_code = None
        session.commit()
    assert told(database, person).withdrawal_code is None


@pytest.mark.parametrize(("failed", "is_told"), [(0, False), (1, False), (2, True)])
def test_two_failed_checks_carry_the_code_that_says_so_where_the_platform_has_one(database, tmp_path, failed, is_told):
    opened(database, tmp_path, provider="prolific")
    person, other = enrol(database, 0), enrol(database, 1)
    finish(database, other, failed=2)
    finish(database, person, failed)
    study, got = study_of(database), told(database, person)
    code = study.outcome_codes[FAILED_CHECKS] if is_told else study.completion_code
    assert got.completion_code == code
    assert got.departure == Departure(f"https://app.prolific.com/submissions/complete?cc={code}")


def test_a_check_asks_its_first_question_alone_and_passes_with_it(database, tmp_path):
    with database.writing() as session:
        task = seeing(images=6, k=9, trials=3, attention_checks=2, confidence=True)
        open_sample(session, tmp_path, document(task, provider="prolific"))
    person = enrol(database)
    for trial in trials_of(database, person):
        give(
            database,
            person,
            trial,
            "response",
            **({"response": trial.expected_response} if trial.expected_response else {}),
        )
        if trial.purpose == MAIN:
            give(database, person, trial, "confidence")
    assert told(database, person).completion_code == study_of(database).completion_code


def test_without_such_a_code_failed_checks_change_nothing(database, tmp_path):
    opened(database, tmp_path)
    person = enrol(database)
    finish(database, person, failed=2)
    with database.reading() as session:
        assert told(database, person).completion_code == session.get_one(Participant, person.id).completion_code


SONA = {
    "provider": "sona",
    "sona_completion_url": "https://sona.example.org/webstudy_credit.aspx?experiment_id=1&survey_code=XX",
}


def identified(database, person, **parameters):
    with database.writing() as session:
        session.get_one(ExternalIdentity, person.id).parameters = parameters
        session.commit()


def test_the_platform_gets_back_the_parameters_of_the_link(database, tmp_path):
    opened(database, tmp_path, **SONA)
    person = enrol(database)
    identified(database, person, id="54321")
    finish(database, person)
    expected = "https://sona.example.org/webstudy_credit.aspx?experiment_id=1&survey_code=54321"
    assert told(database, person).departure == Departure(expected)
    with database.writing() as session:
        session.delete(session.get_one(ExternalIdentity, person.id))
        session.commit()
    assert told(database, person).departure is None


def test_another_assignment_is_one_that_would_be_handed_in_elsewhere(database, tmp_path):
    opened(database, tmp_path, **SONA)
    person = enrol(database)
    identified(database, person, id="54321")

    def other(**given):
        with database.reading() as session:
            return hands_in_another(session, session.get_one(Participant, person.id), given)

    assert other(id="9") is True
    assert other(id="54321", more="x") is False
    finish(database, person)
    assert other(id="9") is False


def test_where_every_assignment_goes_to_the_same_address_there_is_no_other(database, tmp_path):
    opened(database, tmp_path, provider="prolific")
    person = enrol(database)
    with database.reading() as session:
        participant = session.get_one(Participant, person.id)
        assert hands_in_another(session, participant, {"PROLIFIC_PID": "p", "SESSION_ID": "another"}) is False


def test_somebody_whose_identity_was_deleted_hands_in_nothing_else(database, tmp_path):
    opened(database, tmp_path, **SONA)
    person = enrol(database)
    with database.writing() as session:
        session.delete(session.get_one(ExternalIdentity, person.id))
        session.commit()
        assert hands_in_another(session, session.get_one(Participant, person.id), {"id": "9"}) is False


def test_an_early_end_goes_where_its_code_is_wanted(database, tmp_path):
    opened(database, tmp_path, provider="prolific")
    study = study_of(database)
    code = study.outcome_codes[STOPPED]
    assert early_departure(study, STOPPED, {}) == Departure(f"https://app.prolific.com/submissions/complete?cc={code}")
    assert early_departure(study, "something else", {}) is None


def leaves(database, person):
    with database.writing() as session:
        outcome = leave(session, person.token, NOW)
        session.commit()
    return outcome


def with_reports(database, person, *problems):
    with database.writing() as session:
        reports = [{"problems": list(of_one)} for of_one in problems]
        session.get_one(Participant, person.id).device = {"reports": reports}
        session.commit()


def test_somebody_who_stops_frees_the_places_and_is_in_the_log(database, tmp_path):
    opened(database, tmp_path)
    person, other = enrol(database, 0), enrol(database, 1)
    answer(database, person, trials_of(database, person)[0])
    assert leaves(database, person) == STOPPED
    assert [trial.state for trial in trials_of(database, person)] == ["answered"] + ["released"] * 4
    assert {trial.state for trial in trials_of(database, other)} == {"open"}
    with database.reading() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "place-released"))
        assert (entry.actor, entry.at) == ("participant", NOW)


@pytest.mark.parametrize(
    ("reports", "outcome"),
    [
        ([["phone"]], INCOMPATIBLE_DEVICE),
        ([[], ["window", "pointer"]], INCOMPATIBLE_DEVICE),
        ([["phone"], []], STOPPED),
        ([], STOPPED),
    ],
)
def test_the_last_report_tells_whether_the_device_was_the_reason(database, tmp_path, reports, outcome):
    opened(database, tmp_path)
    person = enrol(database)
    with_reports(database, person, *reports)
    assert leaves(database, person) == outcome


def test_after_the_first_answer_the_device_was_not_the_reason(database, tmp_path):
    opened(database, tmp_path)
    person = enrol(database)
    with_reports(database, person, ["phone"])
    answer(database, person, trials_of(database, person)[0])
    assert leaves(database, person) == STOPPED


def test_somebody_who_has_finished_does_not_leave(database, tmp_path):
    opened(database, tmp_path)
    person = enrol(database)
    finish(database, person)
    assert leaves(database, person) is None


def noted(database):
    with database.reading() as session:
        audit.verify(session)
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "answer-refused").order_by(AuditEntry.id)
        )
        return [(entry.actor, entry.detail, entry.at) for entry in entries]


def note(database, token, trial_token, error):
    with database.writing() as session:
        note_refusal(session, token, trial_token, error, NOW)
        session.commit()


def test_a_refused_answer_is_noted_with_who_where_and_why(database, tmp_path):
    opened(database, tmp_path)
    person, other = enrol(database, 0), enrol(database, 1)
    mine, theirs = trials_of(database, person)[2], trials_of(database, other)[1]
    note(database, person.token, mine.trial_token, AnswerConflictError("not-expected", 0))
    note(database, person.token, theirs.trial_token, UnknownError("no such trial"))
    for token, trial in (
        (person.token, "A" * 22),
        ("A" * 22, mine.trial_token),
        ("no", mine.trial_token),
        (person.token, "no"),
    ):
        note(database, token, trial, UnknownError("no such trial"))
    assert noted(database) == [
        (person.public_id, {"slug": "demo", "trial_index": 2, "reason": "not-expected"}, NOW),
        (person.public_id, {"slug": "demo", "trial_index": None, "reason": "foreign"}, NOW),
    ]


def test_of_one_participant_no_more_than_the_most_is_noted(database, tmp_path, monkeypatch):
    monkeypatch.setattr(refusals, "MOST", 2)
    opened(database, tmp_path)
    person, other = enrol(database, 0), enrol(database, 1)
    with database.writing() as session:
        audit.append(session, person.public_id, "something-else", {}, NOW)
        session.commit()
    for who in (person, person, person, other):
        note(database, who.token, trials_of(database, who)[0].trial_token, AnswerConflictError("not-expected", 0))
    assert [actor for actor, *_ in noted(database)] == [person.public_id] * 2 + [other.public_id]
    assert MOST == 20


def rows_of(database):
    with database.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables
        }


def test_withdrawing_leaves_a_note_alone(database, tmp_path):
    opened(database, tmp_path)
    before = rows_of(database)
    person = enrol(database)
    for trial in trials_of(database, person)[:2]:
        answer(database, person, trial)
    with database.writing() as session:
        withdraw(session, person.token, NOW)
        session.commit()
    assert rows_of(database) == before | {"audit_entry": before["audit_entry"] + 1}
    with database.reading() as session:
        audit.verify(session)
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    detail = {"slug": "demo", "participant": person.public_id, "answers": 2, "observer_kind": "human"}
    assert (entry.actor, entry.action, entry.detail, entry.at) == ("participant", "participant-withdrawn", detail, NOW)
    with database.writing() as session, pytest.raises(UnknownError) as refusal:
        withdraw(session, person.token, NOW)
    assert str(refusal.value) == "these data have been deleted already"


def test_somebody_who_withdraws_twice_at_once_is_told_that_nothing_is_left(database, tmp_path, monkeypatch):
    """The other request was first at the study's lock."""
    opened(database, tmp_path)
    person, real = enrol(database), withdrawal.lock_study

    def after_the_other(session, which):
        monkeypatch.setattr(withdrawal, "lock_study", real)
        withdraw(session, person.token, NOW)
        return real(session, which)

    monkeypatch.setattr(withdrawal, "lock_study", after_the_other)
    with database.writing() as session, pytest.raises(UnknownError) as refusal:
        withdraw(session, person.token, NOW)
    assert str(refusal.value) == "these data have been deleted already"


@pytest.mark.parametrize("written", ["{0}-{1}-{2}", " {0} {1} {2}", "{0}{1}\t{2}"])
def test_a_code_is_read_as_people_write_it(database, tmp_path, written):
    opened(database, tmp_path)
    person = enrol(database)
    code = person.withdrawal_code.lower()
    with database.writing() as session:
        withdraw_by_code(session, "demo", written.format(code[:4], code[4:8], code[8:]), NOW)
        session.commit()
        assert session.get(Participant, person.id) is None


@pytest.mark.parametrize(
    ("code", "slug", "message"),
    [
        ("ABC", "demo", "no data has such a code"),
        ("A_BCD", "demo", "no data has such a code"),
        ("ABCD", "demo", "no data has this code"),
        (None, "other", "no data has this code"),
        (None, "third", "no data has this code"),
    ],
)
def test_a_code_that_is_nobody_s_in_this_study_deletes_nothing(database, tmp_path, code, slug, message):
    opened(database, tmp_path / "one")
    opened(database, tmp_path / "two", slug="other")
    person = enrol(database)
    with database.writing() as session, pytest.raises(UnknownCodeError) as refusal:
        withdraw_by_code(session, slug, code or person.withdrawal_code, NOW)
    assert str(refusal.value) == message
    with database.reading() as session:
        assert session.get(Participant, person.id)
