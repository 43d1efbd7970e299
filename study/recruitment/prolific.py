"""Prolific: the ids in the study link, the completion link at the end, and the API.

Study link: `https://…/s/<slug>?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}`.
Prolific can sign the link: identities.py. The API is version 1 (docs.prolific.com/api-reference).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from study.errors import ConfigurationError, RecruitmentError
from study.recruitment.exchange import ADDRESS, exchange, required
from study.recruitment.outcomes import FAILED_CHECKS, INCOMPATIBLE_DEVICE, NO_CONSENT
from study.recruitment.platform import APPROVED, GONE, REJECTED, SUBMITTED, WORKING, Platform, Posting, Submission
from study.recruitment.provider import Departure, Parameters, Provider, Recruited

TOKEN_VARIABLE = "DISCERN_PROLIFIC_TOKEN"
PARAMETERS = ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")
_ID = re.compile(r"[A-Za-z0-9]{1,64}")
PRODUCTION = "https://api.prolific.com/api/v1"
_STATES = {
    "ACTIVE": WORKING,
    "RESERVED": WORKING,
    "AWAITING REVIEW": SUBMITTED,
    "APPROVED": APPROVED,
    "REJECTED": REJECTED,
    "RETURNED": GONE,
    "TIMED-OUT": GONE,
}
_CODE_TYPES = {
    NO_CONSENT: "NO_CONSENT",
    INCOMPATIBLE_DEVICE: "INCOMPATIBLE_DEVICE",
    FAILED_CHECKS: "FAILED_ATTENTION_CHECK",
}
_REVIEW = {"action": "MANUALLY_REVIEW"}
_RETURN = {"action": "REQUEST_RETURN", "return_reason": "Did not take part to the end"}


def identify(parameters: Parameters) -> Recruited:
    """A person is their PROLIFIC_PID, whichever session they come with."""
    given = {name: parameters[name] for name in PARAMETERS if name in parameters}
    if "PROLIFIC_PID" not in given or not all(_ID.fullmatch(value) for value in given.values()):
        raise RecruitmentError(
            "please come through the link on Prolific: your Prolific id is missing from this address"
        )
    return Recruited("prolific", given["PROLIFIC_PID"], given)


def departure(code: str, parameters: Parameters, completion_url: str | None) -> Departure:
    return Departure(f"https://app.prolific.com/submissions/complete?{urlencode({'cc': code})}")


class Prolific:
    """`token` is the API token of a workspace; it belongs in the environment, never in a definition."""

    def __init__(self, token: str, base_url: str = PRODUCTION) -> None:
        self._token, self._base_url = token, base_url

    def create(self, posting: Posting) -> str:
        """A draft, then published: drafts cost nothing, so a refusal leaves nothing behind that does."""
        query = "&".join(f"{name}={{{{%{name}%}}}}" for name in posting.parameters)
        codes = [{"code": posting.completion_code, "code_type": "COMPLETED", "actions": [_REVIEW]}]
        codes += [
            {
                "code": code,
                "code_type": _CODE_TYPES.get(outcome, "OTHER"),
                # Somebody who answered everything is judged by a person, never sent away by a rule.
                "actions": [_REVIEW if outcome == FAILED_CHECKS else _RETURN],
            }
            for outcome, code in posting.outcome_codes.items()
        ]
        draft = {
            "name": posting.name,
            "description": posting.description,
            "external_study_url": f"{posting.url}?{query}",
            "prolific_id_option": "url_parameters",
            "completion_codes": codes,
            "total_available_places": posting.places,
            "estimated_completion_time": posting.minutes,
            "reward": posting.reward,
            "device_compatibility": ["desktop", "tablet", "mobile"],
            "filters": [],
        }
        study_id = self._call("POST", "/studies/", draft)["id"]
        self._call("POST", f"/studies/{study_id}/transition/", {"action": "PUBLISH"})
        return study_id

    def submissions(self, study_id: str) -> list[Submission]:
        """Page after page until the last; a state that Prolific adds later counts as still working."""
        found: list[Submission] = []
        page = 1
        while True:
            query = urlencode({"study": study_id, "page": page, "page_size": 100})
            reply = self._call("GET", f"/submissions/?{query}")
            found += [
                Submission(row["id"], row["participant_id"], _STATES.get(row["status"], WORKING))
                for row in reply["results"]
            ]
            if not reply["results"] or not reply.get("_links", {}).get("next", {}).get("href"):
                return found
            page += 1

    def approve(self, submissions: Sequence[Submission]) -> None:
        """One by one: a repeated transition is ignored by Prolific, so this may be called again after a failure."""
        for submission in submissions:
            self._call("POST", f"/submissions/{submission.id}/transition/", {"action": "APPROVE"})

    def pay_bonus(self, study_id: str, submission: Submission, cents: int, reason: str) -> None:
        """Set up, then pay. Neither call is idempotent (docs.prolific.com, "Pay bonuses")."""
        amount = f"{cents // 100}.{cents % 100:02}"
        bonus = self._call(
            "POST",
            "/submissions/bonus-payments/",
            {"study_id": study_id, "csv_bonuses": f"{submission.id},{amount}"},
        )
        self._call("POST", f"/bulk-bonus-payments/{bonus['id']}/pay/")

    def bonuses(self, submission: Submission) -> list[int]:
        """`bonus_payments` of the submission; Prolific pays some minutes after it was asked to."""
        return [
            round(cents) for cents in self._call("GET", f"/submissions/{submission.id}/").get("bonus_payments") or []
        ]

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Token {self._token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        return exchange("Prolific", method, f"{self._base_url}{path}", headers, content)


def open_account(environment: Mapping[str, str], sandbox: bool) -> Platform:
    if sandbox:
        raise ConfigurationError("Prolific has no sandbox; without --confirm nothing is sent there")
    token = required(environment, TOKEN_VARIABLE)
    return Prolific(token, environment.get(ADDRESS, PRODUCTION))


PROLIFIC = Provider(
    "prolific",
    "Prolific",
    PARAMETERS,
    identify,
    shares_code=True,
    departure=departure,
    signs_links=True,
    open_account=open_account,
)
