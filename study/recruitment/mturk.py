"""Mechanical Turk: our pages in a frame of the worker's page, a form posted back at the end, and the requester API.

The pages are an ExternalQuestion. The API is version 2017-01-17 (docs.aws.amazon.com/AWSMechTurk), JSON protocol; its
requests are signed with AWS Signature Version 4 (docs.aws.amazon.com/IAM, "Signing AWS API requests").
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

from study import clock
from study.errors import RecruitmentError
from study.recruitment.exchange import ADDRESS, exchange, required
from study.recruitment.platform import APPROVED, REJECTED, SUBMITTED, Platform, Posting, Submission
from study.recruitment.provider import Departure, Parameters, Provider, Recruited

ID_VARIABLE, SECRET_VARIABLE = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
PARAMETERS = ("assignmentId", "hitId", "workerId", "turkSubmitTo")
SUBMIT_HOSTS = ("https://www.mturk.com", "https://workersandbox.mturk.com")
FRAMES = (*SUBMIT_HOSTS, "https://worker.mturk.com")
_PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
_ID = re.compile(r"[A-Za-z0-9]{1,64}")
PRODUCTION = "https://mturk-requester.us-east-1.amazonaws.com"
SANDBOX = "https://mturk-requester-sandbox.us-east-1.amazonaws.com"
_VERSION = "MTurkRequesterServiceV20170117"
_SCHEMA = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd"
_STATES = {"Submitted": SUBMITTED, "Approved": APPROVED, "Rejected": REJECTED}
_FRAME_HEIGHT = 0  # pixels; 0: as high as the worker's window
_DAY_S = 24 * 3600


def is_preview(parameters: Parameters) -> bool:
    """A worker looks at the task before accepting it: nobody is named, and nothing may be written."""
    return parameters.get("assignmentId") == _PREVIEW


def identify(parameters: Parameters) -> Recruited | None:
    """A person is their workerId, whichever assignment they come with. Only Mechanical Turk is submitted to."""
    if is_preview(parameters):
        return None
    given = {name: parameters[name] for name in PARAMETERS if name in parameters}
    ids = [given.get(name, "") for name in ("assignmentId", "workerId")] + [given.get("hitId", "none")]
    if not all(_ID.fullmatch(value) for value in ids):
        raise RecruitmentError("please accept the task on Mechanical Turk: your worker id is missing from this address")
    given["turkSubmitTo"] = given.get("turkSubmitTo", "").rstrip("/")
    if given["turkSubmitTo"] not in SUBMIT_HOSTS:
        raise RecruitmentError("this link would send your work to a place other than Mechanical Turk")
    return Recruited("mturk", given["workerId"], given)


def departure(code: str, parameters: Parameters, completion_url: str | None) -> Departure | None:
    """None when the researchers have deleted the ids already."""
    if parameters.get("turkSubmitTo") not in SUBMIT_HOSTS:
        return None
    fields = {"assignmentId": parameters["assignmentId"], "completion_code": code}
    return Departure(f"{parameters['turkSubmitTo']}/mturk/externalSubmit", fields)


@dataclass(frozen=True)
class Signer:
    """AWS credentials, and what they are good for."""

    key_id: str
    secret: str = field(repr=False)
    region: str = "us-east-1"
    service: str = "mturk-requester"

    def sign(self, method: str, url: str, headers: dict[str, str], body: bytes, now: datetime) -> dict[str, str]:
        """The headers with the date and the signature added. `url` has no query."""
        address, stamp = urlsplit(url), now.strftime("%Y%m%dT%H%M%SZ")
        signed = {name.lower(): value for name, value in headers.items()} | {
            "host": address.netloc,
            "x-amz-date": stamp,
        }
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
        request = f"{method}\n{address.path or '/'}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = f"AWS4{self.secret}".encode()
        for part in (*scope.split("/"), text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        credential = f"Credential={self.key_id}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
        return headers | {"X-Amz-Date": stamp, "Authorization": f"AWS4-HMAC-SHA256 {credential}"}


class MTurk:
    """A study is one HIT with an assignment for each place."""

    def __init__(self, signer: Signer, base_url: str = PRODUCTION, clock: Callable[[], datetime] = clock.now) -> None:
        self._signer, self._base_url, self._clock = signer, base_url, clock

    def create(self, posting: Posting) -> str:
        question = (
            f'<ExternalQuestion xmlns="{_SCHEMA}"><ExternalURL>{escape(posting.url, quote=False)}</ExternalURL>'
            f"<FrameHeight>{_FRAME_HEIGHT}</FrameHeight></ExternalQuestion>"
        )
        hit = {
            "Title": posting.name,
            "Description": posting.description,
            "Question": question,
            "MaxAssignments": posting.places,
            "Reward": _dollars(posting.reward),
            "AssignmentDurationInSeconds": max(30, 4 * 60 * posting.minutes),  # Mechanical Turk takes 30 s or more
            "LifetimeInSeconds": 7 * _DAY_S,
            "UniqueRequestToken": _request_token("hit", posting.url, posting.completion_code),
        }
        return self._call("CreateHIT", hit)["HIT"]["HITId"]

    def submissions(self, study_id: str) -> list[Submission]:
        """Only what was handed in: of returned and abandoned assignments this API does not tell; leases free those."""
        found: list[Submission] = []
        request: dict[str, Any] = {"HITId": study_id, "MaxResults": 100}
        while True:
            reply = self._call("ListAssignmentsForHIT", request)
            found += [
                Submission(row["AssignmentId"], row["WorkerId"], _STATES[row["AssignmentStatus"]])
                for row in reply.get("Assignments", [])
            ]
            if not reply.get("NextToken"):
                return found
            request["NextToken"] = reply["NextToken"]

    def approve(self, submissions: Sequence[Submission]) -> None:
        for submission in submissions:
            if submission.state != APPROVED:
                self._call("ApproveAssignment", {"AssignmentId": submission.id})

    def pay_bonus(self, study_id: str, submission: Submission, cents: int, reason: str) -> None:
        """The request token makes a second call for the same bonus an error, for 24 hours."""
        bonus = {
            "WorkerId": submission.key,
            "AssignmentId": submission.id,
            "BonusAmount": _dollars(cents),
            "Reason": reason,
            "UniqueRequestToken": _request_token("bonus", submission.id, str(cents), reason),
        }
        self._call("SendBonus", bonus)

    def bonuses(self, submission: Submission) -> list[int]:
        """ListBonusPayments, to the last page."""
        found: list[int] = []
        request: dict[str, Any] = {"AssignmentId": submission.id, "MaxResults": 100}
        while True:
            reply = self._call("ListBonusPayments", request)
            found += [round(100 * float(row["BonusAmount"])) for row in reply.get("BonusPayments", [])]
            if not reply.get("NextToken"):
                return found
            request["NextToken"] = reply["NextToken"]

    def _call(self, action: str, request: dict[str, Any]) -> Any:
        body = json.dumps(request).encode()
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{_VERSION}.{action}"}
        signed = self._signer.sign("POST", f"{self._base_url}/", headers, body, self._clock())
        return exchange("Mechanical Turk", "POST", f"{self._base_url}/", signed, body)


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _request_token(*parts: str) -> str:
    """At most 64 characters; the same for the same request."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def open_account(environment: Mapping[str, str], sandbox: bool) -> Platform:
    signer = Signer(required(environment, ID_VARIABLE), required(environment, SECRET_VARIABLE))
    own = SANDBOX if sandbox else PRODUCTION
    return MTurk(signer, environment.get(ADDRESS, own))


MTURK = Provider(
    "mturk",
    "Mechanical Turk",
    PARAMETERS,
    identify,
    shares_code=False,
    departure=departure,
    is_preview=is_preview,
    frame_ancestors=FRAMES,
    form_targets=SUBMIT_HOSTS,
    open_account=open_account,
)
