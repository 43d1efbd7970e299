"""Prolific's and Mechanical Turk's APIs, spoken to a stand-in that keeps to their documented requests and replies."""

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from study.errors import PlatformError
from study.recruitment.mturk_api import MTurk, Signer
from study.recruitment.places import release_places
from study.recruitment.platform import APPROVED, GONE, SUBMITTED, WORKING, Posting, Submission
from study.recruitment.prolific_api import Prolific
from study.schema import AuditEntry
from tests.study.samples import NOW, SECRET, answer, enrol, open_sample, trials_of

POSTING = Posting(
    "What?", "About pictures", "https://s.example/s/demo?a=1&b=2", 50, 150, 10, "DONE1", {"no-consent": "NO1"}
)
STATES = ["ACTIVE", "AWAITING REVIEW", "APPROVED", "RETURNED", "TIMED-OUT"]


class StandIn(ThreadingHTTPServer):
    """Remembers what was asked; refuses what the platforms would refuse."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, Any]] = []
        self.bonuses: dict[str, str] = {}


class Handler(BaseHTTPRequestHandler):
    server: StandIn

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._reply(*self._prolific("GET", None))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = json.loads(body) if body else None
        if "X-Amz-Target" in self.headers:
            self._reply(*self._mturk(body, content))
        else:
            self._reply(*self._prolific("POST", content))

    def _prolific(self, method: str, body: Any) -> tuple[int, Any]:
        address = urlsplit(self.path)
        self.server.asked.append((f"{method} {address.path}", body))
        if self.headers["Authorization"] != "Token secret":
            return 401, {"error": {"detail": "Authentication credentials were not provided."}}
        match method, address.path:
            case "POST", "/studies/":
                return 201, {"id": "st1", "status": "UNPUBLISHED"} | body
            case "GET", "/submissions/":
                query = {k: v[0] for k, v in parse_qs(address.query).items()}
                rows = [{"id": f"s{n}", "participant_id": f"p{n}", "status": state} for n, state in enumerate(STATES)]
                first = 3 * (int(query["page"]) - 1)
                more = {"href": "https://next"} if first + 3 < len(rows) else {"href": None}
                return 200, {"results": rows[first : first + 3], "_links": {"next": more}}
            case "POST", "/submissions/bonus-payments/":
                return 201, {"id": "b1", "study": body["study_id"], "total_amount": 1.0}
            case "POST", path if re.fullmatch(
                r"/(studies|submissions)/\w+/transition/|/bulk-bonus-payments/b1/pay/", path
            ):
                return 200, {}
        return 404, {"error": {"detail": "Not found."}}

    def _mturk(self, body: bytes, request: dict[str, Any]) -> tuple[int, Any]:
        action = self.headers["X-Amz-Target"].removeprefix("MTurkRequesterServiceV20170117.")
        self.server.asked.append((action, request))
        stamp = datetime.strptime(self.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        signed = {name: self.headers[name] for name in ("Content-Type", "X-Amz-Target")}
        expected = SIGNER.sign("POST", f"http://{self.headers['Host']}/", signed, body, stamp)
        if self.headers["Authorization"] != expected["Authorization"]:
            return 400, {"__type": "UnrecognizedClientException", "message": "The security token is invalid."}
        match action:
            case "CreateHIT":
                return 200, {"HIT": {"HITId": "H1", "HITStatus": "Assignable"}}
            case "ListAssignmentsForHIT":
                n, states = (1, "Approved") if request.get("NextToken") else (0, "Submitted")
                row = {"AssignmentId": f"A{n}", "WorkerId": f"W{n}", "AssignmentStatus": states}
                return 200, {"NumResults": 1, "Assignments": [row]} | ({} if n else {"NextToken": "more"})
            case "SendBonus":
                self.server.bonuses[request["UniqueRequestToken"]] = request["BonusAmount"]
                return 200, {}
            case "ApproveAssignment":
                return 200, {}
        return 400, {"__type": "UnknownOperationException"}

    def _reply(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    server = StandIn()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


SIGNER = Signer("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


@pytest.fixture
def prolific(stand_in: StandIn) -> Prolific:
    return Prolific("secret", f"http://127.0.0.1:{stand_in.server_port}")


@pytest.fixture
def mturk(stand_in: StandIn) -> MTurk:
    return MTurk(SIGNER, f"http://127.0.0.1:{stand_in.server_port}")


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
    address = f"http://127.0.0.1:{stand_in.server_port}"
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


def test_a_bonus_sent_twice_is_paid_once(mturk: MTurk, stand_in: StandIn) -> None:
    for cents in (25, 25, 30):
        mturk.pay_bonus("H1", Submission("A0", "W0", APPROVED), cents, "thanks")
    assert sorted(stand_in.bonuses.values()) == ["0.25", "0.30"]


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
