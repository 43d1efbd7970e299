"""Prolific's and Mechanical Turk's APIs, spoken to stand-ins that check each request against the platform's document."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from study.database.schema import AuditEntry
from study.errors import ConfigurationError, PlatformError, PlatformRefusedError
from study.recruitment import exchange, mturk, prolific
from study.recruitment.mturk import Signer
from study.recruitment.places import release_places
from study.recruitment.platform import (
    APPROVED,
    CLOSED,
    DESKTOP,
    DRAFT,
    GONE,
    OPEN,
    PAUSED,
    REJECTED,
    SUBMITTED,
    UNKNOWN,
    WORKING,
    Audience,
    Platform,
    Posting,
    Submission,
)
from tests.study.recruitment import mturk_stand_in, prolific_newer, prolific_stand_in
from tests.study.recruitment.mturk_stand_in import SIGNER
from tests.study.recruitment.prolific_stand_in import STATUSES
from tests.study.recruitment.stand_in import Mistake, StandIn, standing_in
from tests.study.samples import NOW, SECRET, answer, enrol, open_sample, trials_of

POSTING = Posting(
    "What?",
    "discern demo 12345678",
    "About pictures",
    "https://s.example/s/demo?a=1&b=2",
    places=50,
    reward=150,
    minutes=10,
    longest_minutes=40,
    completion_code="DONE1",
    outcome_codes={"no-consent": "NO1", "failed-checks": "FAILED1", "no-place": "FULL1"},
    parameters=("PROLIFIC_PID", "STUDY_ID", "SESSION_ID"),
)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr(exchange, "wait", waited.append)
    return waited


@pytest.fixture
def account() -> prolific_stand_in.Prolific:
    return prolific_stand_in.Prolific()


@pytest.fixture
def requester() -> mturk_stand_in.MTurk:
    return mturk_stand_in.MTurk()


@pytest.fixture
def at_prolific(account: prolific_stand_in.Prolific) -> Iterator[StandIn]:
    with standing_in(account) as server:
        yield server


@pytest.fixture
def at_mturk(requester: mturk_stand_in.MTurk) -> Iterator[StandIn]:
    with standing_in(requester) as server:
        yield server


@pytest.fixture
def on_prolific(at_prolific: StandIn) -> prolific.Prolific:
    return prolific.Prolific("secret", at_prolific.address)


@pytest.fixture
def on_mturk(at_mturk: StandIn) -> mturk.MTurk:
    return mturk.MTurk(SIGNER, at_mturk.address)


@pytest.fixture(params=["prolific", "mturk"])
def platform(request: pytest.FixtureRequest) -> Platform:
    return request.getfixturevalue(f"on_{request.param}")


def test_a_study_on_prolific_is_a_draft_with_a_code_for_each_ending(on_prolific, account) -> None:
    study_id = on_prolific.draft(replace(POSTING, is_signed=True, devices=(DESKTOP,), project="p1"))
    draft = account.studies[study_id]
    assert (draft["status"], draft["internal_name"]) == ("UNPUBLISHED", "discern demo 12345678")
    assert draft["external_study_url"].endswith(
        "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    )
    assert draft["is_external_study_url_secure"]
    assert draft["device_compatibility"] == ["desktop"]
    assert {c["code"]: (c["code_type"], c["actions"][0]["action"]) for c in draft["completion_codes"]} == {
        "DONE1": ("COMPLETED", "MANUALLY_REVIEW"),
        "NO1": ("NO_CONSENT", "REQUEST_RETURN"),
        "FAILED1": ("FAILED_ATTENTION_CHECK", "MANUALLY_REVIEW"),
        "FULL1": ("OTHER", "REQUEST_RETURN"),
    }
    told = [draft[name] for name in ("reward", "total_available_places", "estimated_completion_time", "project")]
    assert told == [150, 50, 10, "p1"]
    assert on_prolific.find(POSTING.internal_name) == study_id
    assert on_prolific.find("another") is None


def test_prolific_adds_people_who_answered_everything_to_a_group(on_prolific, account) -> None:
    draft = account.studies[on_prolific.draft(replace(POSTING, add_to_group="g7"))]
    added = {"action": "ADD_TO_PARTICIPANT_GROUP", "participant_group": "g7"}
    assert [code["code"] for code in draft["completion_codes"] if added in code["actions"]] == ["DONE1", "FAILED1"]
    assert all(code["actions"][0]["action"] != added["action"] for code in draft["completion_codes"])


@pytest.mark.parametrize(
    ("operation", "content"),
    [
        ("POST /studies/", {"places": 3}),
        ("POST /studies/", {"device_compatibility": ["watch"]}),
        ("POST /studies/", {"completion_codes": [{"code": "A", "code_type": "OTHER", "actions": [{"action": "PAY"}]}]}),
        ("POST /studies/{id}/transition/", {"action": "BEGIN"}),
        ("POST /messages/", {"recipient_id": "p1", "body": "x"}),
        ("POST /studies/{id}/stop/", {}),
    ],
)
def test_what_the_newer_document_lacks_is_a_mistake(operation: str, content: dict) -> None:
    with pytest.raises(Mistake, match="newer document"):
        prolific_newer.check(operation, {}, content)


def test_whom_prolific_shows_the_study_to(on_prolific, account) -> None:
    """Countries and languages have numbers there, which are looked up; the settings are what counts."""
    audience = Audience(
        countries=("Germany", "United Kingdom"),
        languages=("Korean",),
        age=(18, None),
        approval_percent=98,
        not_after=("st0",),
        not_groups=("g1",),
        filters=({"filter_id": "handedness", "selected_values": ["1"]},),
        settings={"naivety_distribution_rate": 1, "reward": 175},
    )
    draft = account.studies[on_prolific.draft(replace(POSTING, audience=audience, is_approved_at_once=True))]
    assert {row["filter_id"]: row.get("selected_values", row.get("selected_range")) for row in draft["filters"]} == {
        "handedness": ["1"],
        "current-country-of-residence": ["8", "0"],
        "fluent-languages": ["4"],
        "age": {"lower": 18},
        "approval_rate": {"lower": 98},
        "previous_studies_blocklist": ["st0"],
        "participant_group_blocklist": ["g1"],
    }
    assert (draft["reward"], draft["naivety_distribution_rate"]) == (175, 1)
    assert draft["completion_codes"][0]["actions"] == [{"action": "AUTOMATICALLY_APPROVE"}]
    with pytest.raises(PlatformRefusedError, match="does not know Atlantis; it has United Kingdom"):
        on_prolific.draft(replace(POSTING, audience=Audience(countries=("Atlantis",))))


def test_a_study_is_published_paused_resumed_and_stopped_and_its_places_raised(platform: Platform) -> None:
    study_id = platform.draft(POSTING)
    assert platform.standing(study_id).state == DRAFT
    for _ in range(2):
        platform.publish(study_id, POSTING)
        standing = platform.standing(study_id)
        assert (standing.state, standing.places, standing.taken) == (OPEN, 50, 0)
    for _ in range(2):
        platform.add_places(study_id, replace(POSTING, places=61))
        assert platform.standing(study_id).places == 61
    for state in (PAUSED, OPEN):
        platform.switch(study_id, state)
        assert platform.standing(study_id).state == state
    platform.switch(study_id, CLOSED)
    assert platform.standing(study_id).state != OPEN


def test_every_status_of_prolific_is_known_and_a_new_one_is_told_as_such(on_prolific, account) -> None:
    for n, status in enumerate((*STATUSES, "HALF READ")):
        account.add(f"p{n}", status)
    states = {submission.word: submission.state for submission in on_prolific.submissions("st1")}
    assert states == {
        "RESERVED": WORKING,
        "ACTIVE": WORKING,
        "AWAITING REVIEW": SUBMITTED,
        "APPROVED": APPROVED,
        "PARTIALLY APPROVED": APPROVED,
        "REJECTED": REJECTED,
        "TIMED-OUT": GONE,
        "RETURNED": GONE,
        "SCREENED OUT": GONE,
        "UNKNOWN": UNKNOWN,
        "HALF READ": UNKNOWN,
    }


def test_prolific_approves_a_hundred_at_once(on_prolific, account, at_prolific: StandIn) -> None:
    account.pages = 100
    rows = [account.add(f"p{n}", "AWAITING REVIEW") for n in range(120)]
    assert list(on_prolific.approve(on_prolific.submissions("st1"))) == [100, 20]
    assert {row["status"] for row in rows} == {"APPROVED"}
    assert at_prolific.times("POST /submissions/bulk-approve/") == 2


def test_bonuses_on_prolific_are_set_up_then_paid_in_units_not_cents(on_prolific, account) -> None:
    study_id = on_prolific.draft(POSTING)
    account.add("p1", "RETURNED")
    submission = Submission("sp1", "p1", GONE)
    prepared = on_prolific.set_up_bonus(study_id, submission, 5)
    assert account.paid == []
    on_prolific.pay_bonus(submission, 5, "thanks", prepared)
    assert account.paid == [("sp1", 5)]
    assert on_prolific.bonuses(submission) == [5]
    assert on_prolific.message(study_id, submission, "thanks")
    assert account.messages == [("p1", "thanks")]


def test_what_it_costs_is_told_with_the_fee(on_prolific, on_mturk) -> None:
    assert (on_prolific.cost(10, 100).total, on_prolific.cost(10, 100).is_exact) == (1400, True)
    assert on_mturk.cost(10, 100).total == 1200
    assert on_mturk.cost(10, 3).total == 40, "a cent an assignment at least"


def test_hits_hold_our_address_as_an_external_question_and_nine_assignments_at_most(on_mturk, requester) -> None:
    study_id = on_mturk.draft(POSTING)
    assert requester.hits == {}
    on_mturk.publish(study_id, replace(POSTING, places=20))
    assert [hit["MaxAssignments"] for hit in requester.hits.values()] == [9, 9, 2]
    question = ElementTree.fromstring(requester.hits["H1"]["Question"])
    assert question.tag.endswith("ExternalQuestion")
    assert [child.text for child in question] == [POSTING.url, "0"]
    (words,) = requester.types.values()
    assert all(part in words for part in ('"Reward": "1.50"', '"AssignmentDurationInSeconds": 2400', "L0", "[95]"))


def test_two_studies_of_the_same_words_have_hits_of_their_own(on_mturk) -> None:
    first, second = on_mturk.draft(POSTING), on_mturk.draft(replace(POSTING, internal_name="discern other 1"))
    on_mturk.publish(first, POSTING)
    assert on_mturk.standing(second).state == DRAFT


def test_a_hit_whose_reply_was_lost_is_there_once(on_mturk, requester, at_mturk: StandIn) -> None:
    study_id = on_mturk.draft(POSTING)
    at_mturk.losing = {"CreateHITWithHITType"}
    with pytest.raises(PlatformError, match="nothing is known"):
        on_mturk.publish(study_id, replace(POSTING, places=9))
    at_mturk.losing = set()
    on_mturk._make_hit(study_id, POSTING, 0, 9)  # as where the list does not show the first one yet
    on_mturk.publish(study_id, replace(POSTING, places=9))
    assert len(requester.hits) == 1


def test_whom_mechanical_turk_shows_the_study_to(on_mturk, requester) -> None:
    audience = Audience(countries=("US", "GB"), approval_percent=98, approved_before=500, not_groups=("Q1",))
    on_mturk.draft(replace(POSTING, audience=audience))
    (words,) = requester.types.values()
    for part in ('"Country": "GB"', '"DoesNotExist", "QualificationTypeId": "Q1"', "[98]", "[500]", "DiscoverPreview"):
        assert part in words


def test_assignments_are_read_to_the_last_page_and_approved_once(on_mturk, requester, at_mturk: StandIn) -> None:
    study_id = on_mturk.draft(POSTING)
    on_mturk.publish(study_id, POSTING)
    for n, status in enumerate(("Submitted", "Approved", "Rejected")):
        requester.add(f"W{n}", status, "H2")
    submissions = on_mturk.submissions(study_id)
    assert [(s.id, s.key, s.state) for s in submissions] == [
        ("A0", "W0", SUBMITTED),
        ("A1", "W1", APPROVED),
        ("A2", "W2", REJECTED),
    ]
    assert list(on_mturk.approve(submissions[:2])) == [1, 1]
    assert at_mturk.times("ApproveAssignment") == 1
    assert on_mturk.submissions("H2") == on_mturk.submissions(study_id), "a HIT that was made by hand"


def test_a_bonus_sent_twice_is_refused_and_paid_once(on_mturk, requester) -> None:
    requester.add("W0", "Approved")
    submission = Submission("A0", "W0", APPROVED)
    on_mturk.pay_bonus(submission, 25, "thanks", None)
    with pytest.raises(PlatformRefusedError, match="same token"):
        on_mturk.pay_bonus(submission, 25, "thanks", None)
    on_mturk.pay_bonus(submission, 30, "thanks", None)
    assert on_mturk.bonuses(submission) == [25, 30]


def test_the_platforms_own_words_are_passed_on(at_prolific: StandIn, at_mturk: StandIn) -> None:
    with pytest.raises(PlatformRefusedError, match=r"Prolific refused \(401\): .*credentials were not provided"):
        prolific.Prolific("wrong", at_prolific.address).draft(POSTING)
    with pytest.raises(PlatformRefusedError, match=r"Mechanical Turk refused \(400\): .*token is invalid"):
        mturk.MTurk(Signer("AKIDEXAMPLE", "wrong"), at_mturk.address).draft(POSTING)
    with pytest.raises(PlatformError, match="cannot be reached"):
        prolific.Prolific("secret", "http://127.0.0.1:1").draft(POSTING)


def test_a_request_that_comes_too_soon_is_made_again_when_the_platform_says(on_prolific, at_prolific, waits) -> None:
    at_prolific.too_soon["GET /studies/"] = 2
    assert on_prolific.find("x") is None
    assert waits == [3, 3]
    at_prolific.too_soon["GET /studies/"] = 100
    with pytest.raises(PlatformRefusedError, match=r"refused \(429\)"):
        on_prolific.find("x")
    assert len(waits) == 8


def test_an_answer_that_is_too_slow_is_an_unknown_one(on_prolific, at_prolific: StandIn, monkeypatch) -> None:
    monkeypatch.setattr(exchange, "_TIMEOUT_S", 0.05)
    at_prolific.slow_s = 0.2
    with pytest.raises(PlatformError, match="nothing is known of what it did"):
        on_prolific.find("x")


def test_throttling_by_aws_is_waited_for_longer_and_longer(on_mturk, requester, waits) -> None:
    requester.refusing["ListHITs"] = "ThrottlingException: Rate exceeded"
    with pytest.raises(PlatformRefusedError, match="Rate exceeded"):
        on_mturk.standing("T1/x")
    assert waits == [1, 2, 4, 8, 16, 32]


def test_a_key_follows_no_redirection(on_prolific, at_prolific: StandIn, at_mturk: StandIn) -> None:
    at_prolific.elsewhere["GET /studies/"] = f"{at_mturk.address}/studies/"
    with pytest.raises(PlatformRefusedError, match=r"wants the request sent to 127\.0\.0\.1, which is not followed"):
        on_prolific.find("x")
    assert at_mturk.asked == []


@pytest.mark.parametrize("elsewhere", ["http://prolific.example", "ftp://127.0.0.1", "prolific.example"])
def test_a_key_travels_over_https_or_on_this_machine(elsewhere: str) -> None:
    environment = {exchange.ADDRESS: elsewhere, prolific.TOKEN_VARIABLE: "secret"}
    with pytest.raises(ConfigurationError, match="must begin with https://, or be on this machine"):
        prolific.open_account(environment, sandbox=False)


def test_temporary_keys_and_profiles_of_aws_are_taken(tmp_path: Path, requester, at_mturk: StandIn) -> None:
    requester.signer = replace(SIGNER, session_token="temporary")
    file = tmp_path / "credentials"
    file.write_text(
        f"[lab]\naws_access_key_id = {SIGNER.key_id}\naws_secret_access_key = {SIGNER.secret}\n"
        "aws_session_token = temporary\n[sso]\nsso_account_id = 1\n"
    )
    common = {exchange.ADDRESS: at_mturk.address, "AWS_SHARED_CREDENTIALS_FILE": str(file)}
    keys = {
        mturk.ID_VARIABLE: SIGNER.key_id,
        mturk.SECRET_VARIABLE: SIGNER.secret,
        mturk.SESSION_VARIABLE: "temporary",
    }
    for environment in (keys, {"AWS_PROFILE": "lab"}):
        assert mturk.open_account(common | environment, sandbox=True).standing("T1/x").state == DRAFT
    with pytest.raises(ConfigurationError, match="export-credentials --profile sso --format env"):
        mturk.open_account(common | {"AWS_PROFILE": "sso"}, sandbox=True)


def test_the_keys_stand_in_no_text_of_ours() -> None:
    signer = replace(SIGNER, session_token="temporary")
    assert signer.secret not in repr(signer)
    assert "temporary" not in repr(signer)


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ],
)
def test_signatures_are_those_of_aws_own_test_suite(method: str, signature: str) -> None:
    """AWS Signature Version 4 test suite: get-vanilla, post-vanilla."""
    signer = Signer(SIGNER.key_id, SIGNER.secret, service="service")
    at = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    signed = signer.sign(method, "https://example.amazonaws.com/", {}, b"", at)
    assert signed["Authorization"].endswith(f"SignedHeaders=host;x-amz-date, Signature={signature}")


def test_a_returned_place_is_free_at_once_and_what_was_answered_stays(any_database, tmp_path) -> None:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli")
    stays, returns, finished = (enrol(any_database, seed, key=f"{seed}" * 22) for seed in (1, 2, 3))
    answer(any_database, returns, trials_of(any_database, returns)[0])
    for trial in trials_of(any_database, finished):
        answer(any_database, finished, trial)
    with any_database.writing() as session:
        keys = ["2" * 22, "3" * 22, "somebody else"]
        assert release_places(session, "demo", "plain", keys, SECRET, "ada", NOW) == 1
        assert release_places(session, "demo", "plain", keys, SECRET, "ada", NOW) == 0
        session.commit()
        assert session.query(AuditEntry).filter_by(action="place-released").count() == 1
    assert {trial.state for trial in trials_of(any_database, stays)} == {"open"}
    assert [trial.state for trial in trials_of(any_database, returns)] == ["answered"] + ["released"] * 6
    assert {trial.state for trial in trials_of(any_database, finished)} == {"answered"}
    assert answer(any_database, returns, trials_of(any_database, returns)[1], NOW + timedelta(hours=1)).next_index == 2
