"""Mechanical Turk: our pages in a frame of the worker's page, a form posted back at the end, and the requester API.

The pages are an ExternalQuestion. The API is version 2017-01-17 (docs.aws.amazon.com/AWSMechTurk), JSON protocol; its
requests are signed with AWS Signature Version 4 (docs.aws.amazon.com/IAM, "Signing AWS API requests").
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contracts import provider_names
from study import clock
from study.errors import ConfigurationError, PlatformRefusedError, RecruitmentError
from study.recruitment.exchange import address, exchange, required
from study.recruitment.platform import (
    APPROVED,
    DRAFT,
    OPEN,
    PAUSED,
    REJECTED,
    SUBMITTED,
    UNKNOWN,
    Audience,
    Cost,
    Platform,
    Posting,
    Standing,
    Submission,
    Subscription,
)
from study.recruitment.provider import Departure, Parameters, Provider, Recruited
from study.recruitment.qualifications import Qualifications

ID_VARIABLE, SECRET_VARIABLE = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
SESSION_VARIABLE, PROFILE_VARIABLE = "AWS_SESSION_TOKEN", "AWS_PROFILE"
PARAMETERS = ("assignmentId", "hitId", "workerId", "turkSubmitTo")
_SANDBOX_HOST = "https://workersandbox.mturk.com"
SUBMIT_HOSTS = ("https://www.mturk.com", _SANDBOX_HOST)
FRAMES = (*SUBMIT_HOSTS, "https://worker.mturk.com")
_PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
_ID = re.compile(r"[A-Za-z0-9]{1,64}")
PRODUCTION = "https://mturk-requester.us-east-1.amazonaws.com"
SANDBOX = "https://mturk-requester-sandbox.us-east-1.amazonaws.com"
_VERSION = "MTurkRequesterServiceV20170117"
_SCHEMA = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd"
_STATES = {"Submitted": SUBMITTED, "Approved": APPROVED, "Rejected": REJECTED}
_FRAME_HEIGHT = 0  # pixels; 0: as high as the worker's window
_LIFETIME_S = 7 * 24 * 3600
_AUTO_APPROVAL_S = 14 * 24 * 3600  # by then everything is looked at; Mechanical Turk takes 30 days at most
_MOST_ASSIGNMENTS = 9
_FEE = 0.2
_ALREADY_THERE = "HITAlreadyExists"
_NUMBER_APPROVED, _LOCALE = "00000000000000000040", "00000000000000000071"  # Mechanical Turk's own qualifications
_PERCENT_APPROVED = "000000000000000000L0"
_USUAL_PERCENT, _USUAL_NUMBER = 95, 100
_PAGE, _SANDBOX_PAGE = "https://requester.mturk.com/manage", "https://requestersandbox.mturk.com/manage"


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
    return Recruited(
        provider_names.MTURK, given["workerId"], given, is_rehearsal=given["turkSubmitTo"] == _SANDBOX_HOST
    )


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
    session_token: str = field(default="", repr=False)  # of temporary credentials
    region: str = "us-east-1"
    service: str = "mturk-requester"

    def sign(self, method: str, url: str, headers: dict[str, str], body: bytes, now: datetime) -> dict[str, str]:
        """The headers with the date and the signature added. `url` has no query."""
        address, stamp = urlsplit(url), now.strftime("%Y%m%dT%H%M%SZ")
        headers = headers | ({"X-Amz-Security-Token": self.session_token} if self.session_token else {})
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
    """A study is a HIT type, which costs nothing; to publish it, HITs of it are made with an assignment a place.

    A HIT has at most 9 assignments: with 10 and more the fee is 40 % of the reward in place of 20 %
    (mturk.com/pricing). A worker who accepts two of them is known by the worker id, and takes part once.
    """

    def __init__(
        self, signer: Signer, base_url: str = PRODUCTION, clock: Callable[[], datetime] = clock.now, page: str = _PAGE
    ) -> None:
        self._signer, self._base_url, self._clock, self._page = signer, base_url, clock, page
        self._lists = Qualifications(self._call, self._pages)
        self.group, self.members, self.add_members = self._lists.group, self._lists.members, self._lists.add_members

    def draft(self, posting: Posting) -> str:
        """CreateHITType returns the same id for the same words, so the id of a study holds its own name, too."""
        guard = self.group(_guard_name(posting.internal_name))
        return f"{self._call('CreateHITType', _hit_type(posting, guard))['HITTypeId']}/{posting.internal_name}"

    def guard(self, study_id: str) -> str | None:
        """The qualification that workers of the study lack; none for a HIT that was made elsewhere."""
        _, _, internal_name = study_id.partition("/")
        return self._lists.find(_guard_name(internal_name)) if internal_name else None

    def subscribe(self, url: str) -> Subscription:
        raise ConfigurationError("Mechanical Turk tells of changes through queues of AWS only; run `recruit status`")

    def tester(self, email: str) -> str:
        raise ConfigurationError("Mechanical Turk has a sandbox in place of test participants; use --sandbox")

    def test_study(self, study_id: str) -> tuple[str, str]:
        raise ConfigurationError("Mechanical Turk has a sandbox in place of test studies; use --sandbox")

    def find(self, internal_name: str) -> str | None:
        """A type of HIT without a HIT is not listed; making it again costs nothing."""
        return None

    def publish(self, study_id: str, posting: Posting) -> None:
        """Make the HITs that are missing. Raises PlatformError."""
        made = sum(hit["MaxAssignments"] for hit in self._hits_of(study_id))
        while made < posting.places:
            places = min(_MOST_ASSIGNMENTS, posting.places - made)
            self._make_hit(study_id, posting, made, places)
            made += places

    def add_places(self, study_id: str, posting: Posting) -> None:
        self.publish(study_id, posting)

    def _make_hit(self, study_id: str, posting: Posting, made: int, places: int) -> None:
        """The request token makes a second HIT for the same places an error, which says that the first is there."""
        hit = {
            "HITTypeId": study_id.partition("/")[0],
            "Question": _question(posting.url),
            "MaxAssignments": places,
            "LifetimeInSeconds": _LIFETIME_S,
            "RequesterAnnotation": posting.internal_name,
            "UniqueRequestToken": _request_token("hit", study_id, posting.internal_name, str(made)),
        }
        try:
            self._call("CreateHITWithHITType", hit)
        except PlatformRefusedError as refusal:
            if _ALREADY_THERE not in str(refusal):
                raise

    def standing(self, study_id: str) -> Standing:
        hits = self._hits_of(study_id)
        places = sum(hit["MaxAssignments"] for hit in hits)
        free = sum(hit.get("NumberOfAssignmentsAvailable", 0) for hit in hits)
        words = {hit["HITStatus"] for hit in hits}
        is_over = all(_time(hit["Expiration"]) <= self._clock() for hit in hits)
        state = DRAFT if not hits else PAUSED if is_over else OPEN
        return Standing(state, ", ".join(sorted(words)) or "no HIT yet", places, places - free, self._page)

    def switch(self, study_id: str, state: str) -> None:
        """A HIT that has expired is shown to nobody; people who have accepted it can finish."""
        until = self._clock() + (timedelta(seconds=_LIFETIME_S) if state == OPEN else timedelta(0))
        for hit in self._hits_of(study_id):
            self._call("UpdateExpirationForHIT", {"HITId": hit["HITId"], "ExpireAt": until.timestamp()})

    def cost(self, places: int, reward: int) -> Cost:
        """20 % of the reward, one cent an assignment or more (mturk.com/pricing)."""
        fee = places * max(1, round(reward * _FEE))
        how = f"with Mechanical Turk's fee of 20 %, in HITs of at most {_MOST_ASSIGNMENTS} assignments"
        return Cost(places * reward + fee, False, how)

    def submissions(self, study_id: str) -> list[Submission]:
        """Only what was handed in: of returned and abandoned assignments this API does not tell; leases free those."""
        return [
            Submission(row["AssignmentId"], row["WorkerId"], _STATES.get(word, UNKNOWN), word)
            for hit in self._hits_of(study_id)
            for row in self._pages("ListAssignmentsForHIT", "Assignments", HITId=hit["HITId"])
            for word in (row["AssignmentStatus"],)
        ]

    def approve(self, submissions: Sequence[Submission]) -> Iterator[int]:
        for submission in submissions:
            if submission.state != APPROVED:
                self._call("ApproveAssignment", {"AssignmentId": submission.id})
            yield 1

    def set_up_bonus(self, study_id: str, submission: Submission, cents: int) -> None:
        return None

    def pay_bonus(self, submission: Submission, cents: int, reason: str, prepared: str | None) -> None:
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
        rows = self._pages("ListBonusPayments", "BonusPayments", AssignmentId=submission.id)
        return [round(100 * float(row["BonusAmount"])) for row in rows]

    def message(self, study_id: str, submission: Submission, text: str) -> bool:
        """The reason of a bonus reaches the worker with it."""
        return False

    def _hits_of(self, study_id: str) -> list[dict[str, Any]]:
        """Those made for the study, or the one that was adopted by its own id."""
        return [
            hit
            for hit in self._pages("ListHITs", "HITs")
            if study_id in (hit["HITId"], f"{hit['HITTypeId']}/{hit.get('RequesterAnnotation')}")
        ]

    def _pages(self, action: str, rows: str, **request: Any) -> Iterator[dict[str, Any]]:
        """The rows of all pages."""
        request["MaxResults"] = 100
        while True:
            reply = self._call(action, request)
            yield from reply.get(rows, [])
            if not reply.get("NextToken"):
                return
            request["NextToken"] = reply["NextToken"]

    def _call(self, action: str, request: dict[str, Any]) -> Any:
        body = json.dumps(request).encode()
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{_VERSION}.{action}"}
        signed = self._signer.sign("POST", f"{self._base_url}/", headers, body, self._clock())
        return exchange("Mechanical Turk", "POST", f"{self._base_url}/", signed, body).content


def _guard_name(internal_name: str) -> str:
    return f"Took part in {internal_name}"


def _hit_type(posting: Posting, guard: str) -> dict[str, Any]:
    """What workers read and must have; the settings of the definition come last, so they are what counts."""
    audience = posting.audience
    request = {
        "Title": posting.name,
        "Description": posting.description,
        "Reward": _dollars(posting.reward),
        "AssignmentDurationInSeconds": max(30, 60 * posting.longest_minutes),  # Mechanical Turk takes 30 s or more
        "AutoApprovalDelayInSeconds": 0 if posting.is_approved_at_once else _AUTO_APPROVAL_S,
        "QualificationRequirements": _qualifications(audience, guard),
    }
    return request | dict(audience.settings)


def _qualifications(audience: Audience, guard: str) -> list[dict[str, Any]]:
    """Each also hides the HIT from those who do not have it."""
    wanted: list[dict[str, Any]] = [
        *({"QualificationTypeId": name, "Comparator": "Exists"} for name in audience.groups),
        *({"QualificationTypeId": name, "Comparator": "DoesNotExist"} for name in (*audience.not_groups, guard)),
        *map(dict, audience.filters),
    ]
    if audience.countries:
        places = [{"Country": country} for country in audience.countries]
        wanted.append({"QualificationTypeId": _LOCALE, "Comparator": "In", "LocaleValues": places})
    for name, least, usual in (
        (_PERCENT_APPROVED, audience.approval_percent, _USUAL_PERCENT),
        (_NUMBER_APPROVED, audience.approved_before, _USUAL_NUMBER),
    ):
        at_least = {"Comparator": "GreaterThanOrEqualTo", "IntegerValues": [usual if least is None else least]}
        wanted.append({"QualificationTypeId": name, **at_least})
    return [{"ActionsGuarded": "DiscoverPreviewAndAccept"} | one for one in wanted]


def _question(url: str) -> str:
    return (
        f'<ExternalQuestion xmlns="{_SCHEMA}"><ExternalURL>{escape(url, quote=False)}</ExternalURL>'
        f"<FrameHeight>{_FRAME_HEIGHT}</FrameHeight></ExternalQuestion>"
    )


def _time(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _request_token(*parts: str) -> str:
    """At most 64 characters; the same for the same request."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def open_account(environment: Mapping[str, str], sandbox: bool) -> Platform:
    own, page = (SANDBOX, _SANDBOX_PAGE) if sandbox else (PRODUCTION, _PAGE)
    return MTurk(_signer(environment), address(environment, own), page=page)


def _signer(environment: Mapping[str, str]) -> Signer:
    """The keys of the environment, or of the profile that AWS_PROFILE names. Raises ConfigurationError."""
    if profile := environment.get(PROFILE_VARIABLE):
        return _signer_of(profile, Path(environment.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")))
    key_id, secret = required(environment, ID_VARIABLE), required(environment, SECRET_VARIABLE)
    return Signer(key_id, secret, environment.get(SESSION_VARIABLE, ""))


def _signer_of(profile: str, path: Path) -> Signer:
    profiles = ConfigParser(interpolation=None)
    try:
        profiles.read(path.expanduser(), encoding="utf-8")
        keys = profiles[profile]
        return Signer(keys["aws_access_key_id"], keys["aws_secret_access_key"], keys.get("aws_session_token", ""))
    except (KeyError, ConfigParserError):
        raise ConfigurationError(
            f"profile {profile!r} has no keys in {path}; for a profile of another kind, set the variables that"
            f" `aws configure export-credentials --profile {profile} --format env` prints, and unset {PROFILE_VARIABLE}"
        ) from None


MTURK = Provider(
    provider_names.MTURK,
    provider_names.TITLES[provider_names.MTURK],
    PARAMETERS,
    identify,
    shares_code=False,
    departure=departure,
    is_preview=is_preview,
    frame_ancestors=FRAMES,
    form_targets=SUBMIT_HOSTS,
    open_account=open_account,
    cannot_choose=(
        "project",
        "languages",
        "youngest",
        "oldest",
        "not_after",
        "add_to_group",
        "screen_out_reward",
        "screen_out_slots",
    ),
)
