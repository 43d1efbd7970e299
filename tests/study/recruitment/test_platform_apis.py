"""Prolific's and Mechanical Turk's APIs, spoken to a stand-in that keeps to their documented requests and replies."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from study.database.schema import AuditEntry
from study.errors import PlatformError, PlatformRefusedError
from study.recruitment.mturk import MTurk, Signer
from study.recruitment.places import release_places
from study.recruitment.platform import APPROVED, GONE, SUBMITTED, WORKING, Posting, Submission
from study.recruitment.prolific import Prolific
from tests.study.recruitment.platform_stand_in import SIGNER, StandIn, standing_in
from tests.study.samples import NOW, SECRET, answer, enrol, open_sample, trials_of

POSTING = Posting(
    "What?",
    "About pictures",
    "https://s.example/s/demo?a=1&b=2",
    50,
    150,
    10,
    "DONE1",
    {"no-consent": "NO1"},
    parameters=("PROLIFIC_PID", "STUDY_ID", "SESSION_ID"),
)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with standing_in() as server:
        yield server


@pytest.fixture
def prolific(stand_in: StandIn) -> Prolific:
    return Prolific("secret", stand_in.address)


@pytest.fixture
def mturk(stand_in: StandIn) -> MTurk:
    return MTurk(SIGNER, stand_in.address)


def test_a_study_on_prolific_is_drafted_with_its_codes_and_then_published(prolific, stand_in: StandIn) -> None:
    assert prolific.create(POSTING) == "st1"
    (drafted, draft), published = stand_in.asked
    assert (drafted, published) == ("POST /studies/", ("POST /studies/st1/transition/", {"action": "PUBLISH"}))
    assert draft["external_study_url"].endswith(
        "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    )
    assert {code["code"]: code["code_type"] for code in draft["completion_codes"]} == {
        "DONE1": "COMPLETED",
        "NO1": "NO_CONSENT",
    }
    assert (draft["reward"], draft["total_available_places"], draft["estimated_completion_time"]) == (150, 50, 10)


def test_all_pages_of_submissions_are_read(prolific: Prolific) -> None:
    states = [submission.state for submission in prolific.submissions("st1")]
    assert states == [WORKING, SUBMITTED, APPROVED, GONE, GONE]


def test_prolific_approves_and_pays_bonuses_in_units_not_cents(prolific: Prolific, stand_in: StandIn) -> None:
    submission = Submission("s1", "p1", SUBMITTED)
    prolific.approve([submission])
    prolific.pay_bonus("st1", submission, 5, "thanks")
    assert stand_in.asked == [
        ("POST /submissions/s1/transition/", {"action": "APPROVE"}),
        ("POST /submissions/bonus-payments/", {"study_id": "st1", "csv_bonuses": "s1,0.05"}),
        ("POST /bulk-bonus-payments/b1/pay/", None),
    ]


def test_the_platforms_own_words_are_passed_on(stand_in: StandIn) -> None:
    address = stand_in.address
    with pytest.raises(PlatformError, match=r"Prolific refused \(401\): .*credentials were not provided"):
        Prolific("wrong", address).create(POSTING)
    with pytest.raises(PlatformError, match=r"Mechanical Turk refused \(400\): .*token is invalid"):
        MTurk(Signer("AKIDEXAMPLE", "wrong"), address).create(POSTING)
    with pytest.raises(PlatformError, match="cannot be reached"):
        Prolific("secret", "http://127.0.0.1:1").create(POSTING)


def test_a_hit_holds_our_address_as_an_external_question(mturk: MTurk, stand_in: StandIn) -> None:
    assert mturk.create(POSTING) == "H1"
    ((action, hit),) = stand_in.asked
    question = ElementTree.fromstring(hit["Question"])
    assert question.tag.endswith("ExternalQuestion")
    assert [child.text for child in question] == [POSTING.url, "0"]
    assert (action, hit["Reward"], hit["MaxAssignments"]) == ("CreateHIT", "1.50", 50)
    assert len(hit["UniqueRequestToken"]) <= 64


def test_assignments_are_read_to_the_last_page_and_approved_once(mturk: MTurk, stand_in: StandIn) -> None:
    submissions = mturk.submissions("H1")
    assert submissions == [Submission("A0", "W0", SUBMITTED), Submission("A1", "W1", APPROVED)]
    mturk.approve(submissions)
    assert stand_in.asked[2:] == [("ApproveAssignment", {"AssignmentId": "A0"})]


def test_a_bonus_sent_twice_is_refused_and_paid_once(mturk: MTurk, stand_in: StandIn) -> None:
    submission = Submission("A0", "W0", APPROVED)
    mturk.pay_bonus("H1", submission, 25, "thanks")
    with pytest.raises(PlatformRefusedError, match="same token"):
        mturk.pay_bonus("H1", submission, 25, "thanks")
    mturk.pay_bonus("H1", submission, 30, "thanks")
    assert mturk.bonuses(submission) == [25, 30]
    assert mturk.bonuses(Submission("A1", "W1", APPROVED)) == []


def test_prolific_tells_which_bonuses_it_paid(prolific: Prolific) -> None:
    submission = Submission("s1", "p1", SUBMITTED)
    prolific.pay_bonus("st1", submission, 29, "thanks")
    assert prolific.bonuses(submission) == [29]


def test_the_keys_stand_in_no_text_of_ours() -> None:
    assert SIGNER.secret not in repr(SIGNER)


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
