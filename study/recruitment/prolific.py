"""Prolific: the ids in the study link, the completion link at the end, and the API.

Study link: `https://…/s/<slug>?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}`.
Prolific can sign the link: identities.py. The API is version 1 (docs.prolific.com/api-reference).
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from contracts import provider_names
from study.errors import ConfigurationError, PlatformRefusedError, RecruitmentError
from study.recruitment.exchange import Reply, address, exchange, required
from study.recruitment.outcomes import ACTIONS, ASKED_TO_RETURN, CODE_TYPES, MAY_BE_PAID
from study.recruitment.platform import (
    APPROVED,
    CLOSED,
    DRAFT,
    GONE,
    OPEN,
    PAUSED,
    REJECTED,
    SUBMITTED,
    UNKNOWN,
    WORKING,
    Audience,
    Cost,
    Platform,
    Posting,
    Standing,
    Submission,
)
from study.recruitment.prolific_workspace import VARIABLE, Workspace
from study.recruitment.provider import Departure, Parameters, Provider, Recruited

log = logging.getLogger(__name__)

TOKEN_VARIABLE = "DISCERN_PROLIFIC_TOKEN"
PARAMETERS = ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")
_ID = re.compile(r"[A-Za-z0-9]{1,64}")
PRODUCTION = "https://api.prolific.com/api/v1"
_PAGE = "https://app.prolific.com/researcher/workspaces/studies/"
_BULK = 100  # submissions that are approved with one request
SCREENED_OUT = "SCREENED OUT"  # paid a fixed reward, where the study has one
_STATES = {
    "ACTIVE": WORKING,
    "RESERVED": WORKING,
    "AWAITING REVIEW": SUBMITTED,
    "APPROVED": APPROVED,
    "PARTIALLY APPROVED": APPROVED,
    "REJECTED": REJECTED,
    "RETURNED": GONE,
    "TIMED-OUT": GONE,
    SCREENED_OUT: GONE,
}
_SPELLED = {re.sub("[-_]", " ", word): word for word in _STATES}
_STANDINGS = {
    "UNPUBLISHED": DRAFT,
    "SCHEDULED": DRAFT,
    "PUBLISHING": OPEN,
    "ACTIVE": OPEN,
    "PAUSED": PAUSED,
    "AWAITING REVIEW": CLOSED,
    "COMPLETED": CLOSED,
}
_TRANSITIONS = {OPEN: "START", PAUSED: "PAUSE", CLOSED: "STOP"}
_COUNTRY, _LANGUAGE = "current-country-of-residence", "fluent-languages"  # their choices have numbers


def state_of(word: str) -> tuple[str, str]:
    """Our state of a submission, and Prolific's word as its lists have it; a word that is new is logged."""
    listed = _SPELLED.get(re.sub("[-_]", " ", word.upper()), word)
    if listed not in _STATES and listed != "UNKNOWN":
        log.warning("Prolific has a new word for a submission: %r; look at it there", word[:64])
    return _STATES.get(listed, UNKNOWN), listed


def identify(parameters: Parameters) -> Recruited:
    """A person is their PROLIFIC_PID, whichever session they come with."""
    given = {name: parameters[name] for name in PARAMETERS if name in parameters}
    if "PROLIFIC_PID" not in given or not all(_ID.fullmatch(value) for value in given.values()):
        raise RecruitmentError(
            "please come through the link on Prolific: your Prolific id is missing from this address"
        )
    return Recruited(provider_names.PROLIFIC, given["PROLIFIC_PID"], given)


def departure(code: str, parameters: Parameters, completion_url: str | None) -> Departure:
    return Departure(f"https://app.prolific.com/submissions/complete?{urlencode({'cc': code})}")


class Prolific:
    """`token` is the API token of a workspace; it belongs in the environment, never in a definition."""

    def __init__(self, token: str, base_url: str = PRODUCTION, workspace: str = "") -> None:
        self._token, self._base_url = token, base_url
        self._workspace = Workspace(self._ask, workspace)
        self.subscribe, self.tester = self._workspace.subscribe, self._workspace.tester
        self.group, self.members = self._workspace.group, self._workspace.members
        self.add_members, self.test_study = self._workspace.add_members, self._workspace.test_study

    def guard(self, study_id: str) -> None:
        """Prolific lets nobody take part twice (`max_submissions_per_participant`)."""

    def draft(self, posting: Posting) -> str:
        return self._call("POST", "/studies/", _request(posting, self._filters(posting.audience)))["id"]

    def find(self, internal_name: str) -> str | None:
        studies = self._call("GET", "/studies/")["results"]
        return next((study["id"] for study in studies if study.get("internal_name") == internal_name), None)

    def publish(self, study_id: str, posting: Posting) -> None:
        if self.standing(study_id).state == DRAFT:
            self._call("POST", f"/studies/{study_id}/transition/", {"action": "PUBLISH"})

    def add_places(self, study_id: str, posting: Posting) -> None:
        self._call("PATCH", f"/studies/{study_id}/", {"total_available_places": posting.places})

    def standing(self, study_id: str) -> Standing:
        study = self._call("GET", f"/studies/{study_id}/")
        places, taken = int(study["total_available_places"]), study.get("places_taken")
        word = study["status"]
        return Standing(_STANDINGS.get(word, OPEN), word, places, taken, f"{_PAGE}{study_id}")

    def switch(self, study_id: str, state: str) -> None:
        self._call("POST", f"/studies/{study_id}/transition/", {"action": _TRANSITIONS[state]})

    def cost(self, places: int, reward: int) -> Cost:
        asked = {"reward": reward, "total_available_places": places}
        total = self._call("POST", "/study-cost-calculator/", asked)["total_cost"]
        return Cost(round(total), True, "with Prolific's fee and taxes, by its own calculator")

    def submissions(self, study_id: str) -> list[Submission]:
        """Page after page until the last."""
        found: list[Submission] = []
        page = 1
        while True:
            query = urlencode({"study": study_id, "page": page, "page_size": 100})
            reply = self._call("GET", f"/submissions/?{query}")
            found += [
                Submission(row["id"], row["participant_id"], *state_of(row["status"])) for row in reply["results"]
            ]
            if not reply["results"] or not reply.get("_links", {}).get("next", {}).get("href"):
                return found
            page += 1

    def approve(self, submissions: Sequence[Submission]) -> Iterator[int]:
        """A hundred with each request. Approving again is ignored by Prolific, so it may be done after a failure."""
        for first in range(0, len(submissions), _BULK):
            some = submissions[first : first + _BULK]
            self._call("POST", "/submissions/bulk-approve/", {"submission_ids": [one.id for one in some]})
            yield len(some)

    def set_up_bonus(self, study_id: str, submission: Submission, cents: int) -> str:
        lines = f"{submission.id},{cents // 100}.{cents % 100:02}"
        bonus = self._call("POST", "/submissions/bonus-payments/", {"study_id": study_id, "csv_bonuses": lines})
        return bonus["id"]

    def pay_bonus(self, submission: Submission, cents: int, reason: str, prepared: str | None) -> None:
        """Not idempotent (docs.prolific.com, "Pay bonuses")."""
        self._call("POST", f"/bulk-bonus-payments/{prepared}/pay/")

    def bonuses(self, submission: Submission) -> list[int]:
        """`bonus_payments` of the submission; Prolific pays some minutes after it was asked to."""
        paid = self._call("GET", f"/submissions/{submission.id}/").get("bonus_payments") or []
        return [round(cents) for cents in paid]

    def message(self, study_id: str, submission: Submission, text: str) -> bool:
        self._call("POST", "/messages/", {"recipient_id": submission.key, "body": text, "study_id": study_id})
        return True

    def _filters(self, audience: Audience) -> list[Mapping[str, Any]]:
        """Countries and languages by the numbers that Prolific has for their names now."""
        named = {_COUNTRY: audience.countries, _LANGUAGE: audience.languages}
        ranges = {
            "age": audience.age,
            "approval_rate": (audience.approval_percent, None),
            "approval_numbers": (audience.approved_before, None),
        }
        listed = {
            "previous_studies_blocklist": audience.not_after,
            "participant_group_allowlist": audience.groups,
            "participant_group_blocklist": audience.not_groups,
        }
        known = self._known_filters() if any(named.values()) else {}
        return [
            *audience.filters,
            *(
                {"filter_id": name, "selected_values": _choices(known, name, texts)}
                for name, texts in named.items()
                if texts
            ),
            *(
                {"filter_id": name, "selected_range": _range(*bounds)}
                for name, bounds in ranges.items()
                if bounds != (None, None)
            ),
            *({"filter_id": name, "selected_values": list(ids)} for name, ids in listed.items() if ids),
        ]

    def _known_filters(self) -> dict[str, dict[str, str]]:
        """name → number of each choice, by filter."""
        rows = self._call("GET", "/filters/")["results"]
        choices = {row["filter_id"]: row.get("choices", {}).items() for row in rows}
        return {name: {str(text): str(number) for number, text in pairs} for name, pairs in choices.items()}

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._ask(method, path, body).content

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Reply:
        headers = {"Authorization": f"Token {self._token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        return exchange("Prolific", method, f"{self._base_url}{path}", headers, content)


def _request(posting: Posting, filters: list[Mapping[str, Any]]) -> dict[str, Any]:
    """What Prolific is sent for a draft; the settings of the definition come last, so they are what counts."""
    query = "&".join(f"{name}={{{{%{name}%}}}}" for name in posting.parameters)
    request = {
        "name": posting.name,
        "internal_name": posting.internal_name,
        "description": posting.description,
        "external_study_url": f"{posting.url}?{query}",
        "is_external_study_url_secure": posting.is_signed,
        "prolific_id_option": "url_parameters",
        "completion_codes": _completion_codes(posting),
        "total_available_places": posting.places,
        "estimated_completion_time": posting.minutes,
        "maximum_allowed_time": posting.longest_minutes,
        "reward": posting.reward,
        "device_compatibility": list(posting.devices),
        "peripheral_requirements": [],
        "filters": filters,
        "submissions_config": {"max_submissions_per_participant": 1},
    }
    return request | ({"project": posting.project} if posting.project else {}) | dict(posting.audience.settings)


def _completion_codes(posting: Posting) -> list[dict[str, Any]]:
    """Who answered everything is judged by a person, never sent away by a rule; who did not is asked to return."""
    first = {"action": "AUTOMATICALLY_APPROVE" if posting.is_approved_at_once else "MANUALLY_REVIEW"}
    actions = [first, *_added(posting)]
    codes = [{"code": posting.completion_code, "code_type": "COMPLETED", "actions": actions}]
    return codes + [_other_end(code, outcome, posting) for outcome, code in posting.outcome_codes.items()]


def _other_end(code: str, outcome: str, posting: Posting) -> dict[str, Any]:
    if posting.screen_out and outcome in MAY_BE_PAID:
        paid, slots = posting.screen_out
        action = {"action": "FIXED_SCREEN_OUT_PAYMENT", "fixed_screen_out_reward": paid, "slots": slots}
        return {"code": code, "code_type": "FIXED_SCREENOUT", "actions": [action]}
    return {"code": code, "code_type": CODE_TYPES.get(outcome, "OTHER"), "actions": _actions(outcome, posting)}


def _actions(outcome: str, posting: Posting) -> list[dict[str, str]]:
    """Whose submission is reviewed has answered everything."""
    if ACTIONS[outcome].action != ASKED_TO_RETURN:
        return [{"action": "MANUALLY_REVIEW"}, *_added(posting)]
    return [{"action": "REQUEST_RETURN", "return_reason": ACTIONS[outcome].reason}]


def _added(posting: Posting) -> list[dict[str, str]]:
    group = posting.add_to_group
    return [{"action": "ADD_TO_PARTICIPANT_GROUP", "participant_group": group}] if group else []


def _choices(known: Mapping[str, Mapping[str, str]], name: str, texts: Sequence[str]) -> list[str]:
    choices = known.get(name)
    if choices is None:
        raise PlatformRefusedError(f"Prolific has no filter {name!r} now; write it as [[recruitment.filters]]")
    if missing := [text for text in texts if text not in choices]:
        near = ", ".join(list(choices)[:5])
        raise PlatformRefusedError(f"Prolific's filter {name!r} does not know {', '.join(missing)}; it has {near}, …")
    return [choices[text] for text in texts]


def _range(lower: int | None, upper: int | None) -> dict[str, int]:
    return {name: bound for name, bound in (("lower", lower), ("upper", upper)) if bound is not None}


def open_account(environment: Mapping[str, str], sandbox: bool) -> Platform:
    if sandbox:
        raise ConfigurationError("Prolific has no sandbox; without --confirm nothing is sent there")
    token = required(environment, TOKEN_VARIABLE)
    return Prolific(token, address(environment, PRODUCTION), environment.get(VARIABLE, ""))


PROLIFIC = Provider(
    provider_names.PROLIFIC,
    provider_names.TITLES[provider_names.PROLIFIC],
    PARAMETERS,
    identify,
    shares_code=True,
    departure=departure,
    signs_links=True,
    open_account=open_account,
)
