"""Prolific's API, each request and reply checked against Prolific's own OpenAPI document (prolific-operations.json).

Requests are checked against the newer document as well (prolific_newer.py).
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from openapi_schema_validator import OAS30Validator

from tests.study.recruitment import prolific_newer
from tests.study.recruitment.stand_in import Mistake

DOCUMENT = json.loads((Path(__file__).parent / "prolific-operations.json").read_text())
TOKEN = "secret"
STATUSES = (
    *("RESERVED", "ACTIVE", "TIMED-OUT", "AWAITING REVIEW", "APPROVED", "RETURNED", "REJECTED", "SCREENED OUT"),
    *("PARTIALLY APPROVED", "UNKNOWN"),
)
_PREFIX = "/api/v1"
_REPLIES = {"POST /studies/": 201, "POST /submissions/bonus-payments/": 201, "POST /bulk-bonus-payments/{id}/pay/": 202}
_REPLIES |= {"POST /messages/": 204, "POST /hooks/secrets/": 201, "POST /hooks/subscriptions/": 201}
_REPLIES |= {"POST /participant-groups/": 201, "POST /researchers/participants/": 201}
HOOK_SECRET, _CONFIRMING = "cGNqFPb6y0RT3XO9XVSessBDYIbHQ", "TXFOxZKeghHVftzzXTqC6gFpvckPUisu"
_NEWER = ("PARTIALLY APPROVED", "UNKNOWN", "HALF READ")  # words that the document's list of submissions does not have
_REWARD_FEE, _TAX = 1 / 3, 1.2


@dataclass
class Prolific:
    """A workspace. `refusing`: operations that it refuses, with its words; `pages`: submissions on a page."""

    studies: dict[str, dict[str, Any]] = field(default_factory=dict)
    submissions: list[dict[str, Any]] = field(default_factory=list)
    set_up: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    paid: list[tuple[str, int]] = field(default_factory=list)  # (submission, pence), as it happened
    messages: list[tuple[str, str]] = field(default_factory=list)
    refusing: dict[str, str] = field(default_factory=dict)
    workspaces: tuple[str, ...] = ("w1",)
    secrets: list[str] = field(default_factory=list)
    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)  # with their "people"
    pays_late: bool = False
    most_approvals: int = 10_000  # in all, before it refuses
    pages: int = 3

    def name(self, method: str, path: str, headers: Any) -> str:
        return f"{method} {urlsplit(path).path}"

    def add(self, person: str, status: str, n: int = 0) -> dict[str, Any]:
        """A submission of a person."""
        row = {"id": f"s{person}{n or ''}", "participant_id": person, "status": status, "has_siblings": False}
        self.submissions.append(row | {"started_at": "2026-11-01T10:00:00Z", "study_code": None})
        return self.submissions[-1]

    def do(self, method: str, path: str, headers: Any, body: bytes) -> tuple[Any, ...]:
        if headers["Authorization"] != f"Token {TOKEN}":
            return 401, _error(401, "Authentication credentials were not provided.")
        if not re.match(r"Discern/\d", headers["User-Agent"]):
            raise Mistake(f"the user agent is {headers['User-Agent']!r}")
        address = urlsplit(path)
        template, name = _operation(method, address.path)
        operation = DOCUMENT["paths"][_PREFIX + template][method.lower()]
        query = {key: values[0] for key, values in parse_qs(address.query).items()}
        _check_query(operation, query)
        content = json.loads(body) if body else None
        if (schema := operation.get("requestBody", {}).get("content")) is not None:
            _check(content, schema["application/json"]["schema"], "the request")
        prolific_newer.check(f"{method} {template}", query, content)
        if words := self.refusing.get(f"{method} {template}"):
            return 400, _error(400, words)
        return self._reply(f"{method} {template}", operation, name, query | (content or {}))

    def _reply(self, operation: str, document: Any, name: str, given: dict[str, Any]) -> tuple[Any, ...]:
        does: dict[str, Callable[[str, dict[str, Any]], Any]] = {
            "POST /studies/": self._create,
            "GET /studies/": lambda name, given: {"results": list(self.studies.values())},
            "GET /studies/{id}/": lambda name, given: self._seen(name),
            "PATCH /studies/{id}/": self._change,
            "POST /studies/{id}/transition/": self._transition,
            "POST /study-cost-calculator/": self._cost,
            "GET /submissions/": self._page,
            "GET /submissions/{id}/": self._one,
            "POST /submissions/bulk-approve/": self._approve,
            "POST /submissions/bonus-payments/": self._set_up,
            "POST /bulk-bonus-payments/{id}/pay/": self._pay,
            "POST /messages/": self._message,
            "GET /filters/": _filters,
            "GET /workspaces/": lambda name, given: {"results": [{"id": i, "title": i} for i in self.workspaces]},
            "GET /hooks/secrets/": lambda name, given: {"results": [{"value": secret} for secret in self.secrets]},
            "POST /hooks/secrets/": self._make_secret,
            "GET /hooks/subscriptions/": lambda name, given: {
                "results": [row for row in self.subscriptions if row["is_enabled"]]
            },
            "POST /hooks/subscriptions/": self._subscribe,
            "POST /hooks/subscriptions/{subscription_id}/": self._confirm,
            "GET /participant-groups/": lambda name, given: {
                "results": [_without_people(g) for g in self.groups.values()]
            },
            "POST /participant-groups/": self._make_group,
            "GET /participant-groups/{id}/participants/": self._members,
            "POST /participant-groups/{id}/participants/": self._join_group,
            "POST /researchers/participants/": lambda name, given: {"participant_id": f"tester{len(given['email'])}"},
            "POST /studies/{id}/test-study": self._test_study,
        }
        try:
            content = does[operation](name, given)
        except LookupError:
            return 404, _error(404, "Not found.")
        except ValueError as refusal:
            return 400, _error(400, str(refusal))
        status, headers = _REPLIES.get(operation, 200), {}
        if isinstance(content, tuple):
            content, headers = content
        told = document["responses"][str(status)].get("content")
        if told is not None:
            _check(_without_newer_words(content), told["application/json"]["schema"], "the reply")
        return (status, content, headers) if headers else (status, content)

    def _create(self, name: str, given: dict[str, Any]) -> Any:
        if unknown := set(given) - set(DOCUMENT["components"]["schemas"]["BaseStudy"]["properties"]):
            raise Mistake(f"a study has no field {unknown}")
        least = 2 + 2 * given["estimated_completion_time"] + 2 * given["estimated_completion_time"] ** 0.5
        if given["maximum_allowed_time"] < least:
            raise ValueError(f"maximum_allowed_time: {least} or more")
        if len({code["code"] for code in given["completion_codes"]}) < len(given["completion_codes"]):
            raise ValueError("completion_codes: each code must be unique")
        study = {"id": f"st{len(self.studies) + 1}", "status": "UNPUBLISHED", "places_taken": 0} | given
        self.studies[study["id"]] = study
        return study

    def _seen(self, name: str) -> Any:
        gone = ("RETURNED", "TIMED-OUT")
        taken = sum(row["status"] not in gone for row in self.submissions)
        return self.studies[name] | {"places_taken": taken}

    def _change(self, name: str, given: dict[str, Any]) -> Any:
        study = self.studies[name]
        if given["total_available_places"] < study["total_available_places"]:
            raise ValueError("total_available_places: only increasing is allowed")
        study |= given
        return study

    def _transition(self, name: str, given: dict[str, Any]) -> Any:
        study = self.studies[name]
        before, after = {
            "PUBLISH": (("UNPUBLISHED",), "ACTIVE"),
            "PAUSE": (("ACTIVE",), "PAUSED"),
            "START": (("PAUSED",), "ACTIVE"),
            "STOP": (("ACTIVE", "PAUSED"), "COMPLETED"),
        }[given["action"]]
        if study["status"] not in before:
            raise ValueError(f"a study that is {study['status']} cannot {given['action']}")
        study["status"] = after
        return study

    def _cost(self, name: str, given: dict[str, Any]) -> Any:
        return {"total_cost": given["reward"] * given["total_available_places"] * (1 + _REWARD_FEE * _TAX)}

    def _page(self, name: str, given: dict[str, Any]) -> Any:
        first = self.pages * (int(given["page"]) - 1)
        rows = self.submissions[first : first + self.pages]
        if not rows and first:
            raise LookupError("past the end")
        more = first + self.pages < len(self.submissions)
        return {"results": rows, "_links": {"next": {"href": "https://next" if more else None}}}

    def _one(self, name: str, given: dict[str, Any]) -> Any:
        row = self._submission(name)
        mine = [] if self.pays_late else [pence for who, pence in self.paid if who == name]
        return {**row, "study_id": "st1", "participant": row["participant_id"], "bonus_payments": mine}

    def _approve(self, name: str, given: dict[str, Any]) -> Any:
        if sum(row["status"] == "APPROVED" for row in self.submissions) >= self.most_approvals:
            raise ValueError("Your balance is too low.")
        for wanted in given["submission_ids"]:
            row = self._submission(wanted)
            if row["status"] == "AWAITING REVIEW":
                row["status"] = "APPROVED"
        return "The request to bulk approve has been made successfully."

    def _set_up(self, name: str, given: dict[str, Any]) -> Any:
        lines = [line.split(",") for line in given["csv_bonuses"].splitlines()]
        self.studies[given["study_id"]]  # raises LookupError
        for who, _ in lines:
            self._submission(who)
        bonus = f"b{len(self.set_up) + 1}"
        self.set_up[bonus] = [(who, round(100 * float(amount))) for who, amount in lines]
        total = sum(pence for _, pence in self.set_up[bonus])
        return {"id": bonus, "study": given["study_id"], "amount": total, "total_amount": total * 1.4}

    def _pay(self, name: str, given: dict[str, Any]) -> Any:
        self.paid += self.set_up[name]
        return "The bonuses are being paid."

    def _message(self, name: str, given: dict[str, Any]) -> Any:
        self.messages.append((given["recipient_id"], given["body"]))

    def _make_secret(self, name: str, given: dict[str, Any]) -> Any:
        self.secrets = [HOOK_SECRET]
        return {"id": "h1", "value": HOOK_SECRET, "workspace_id": given["workspace_id"]}

    def _subscribe(self, name: str, given: dict[str, Any]) -> Any:
        """It does nothing until it is confirmed with what is in the header."""
        if not self.secrets:
            raise ValueError("there is no secret for this workspace")
        if not given["target_url"].startswith("https://"):
            raise ValueError("target_url: must use https")
        made = given | {"id": f"sub{len(self.subscriptions) + 1}", "is_enabled": False}
        self.subscriptions.append(made)
        return made | {"results": [made]}, {"X-Hook-Secret": _CONFIRMING}

    def _confirm(self, name: str, given: dict[str, Any]) -> Any:
        made = next(row for row in self.subscriptions if row["id"] == name)
        if given["secret"] != _CONFIRMING:
            raise ValueError("secret: not the one of this subscription")
        made["is_enabled"] = True
        return made

    def _make_group(self, name: str, given: dict[str, Any]) -> Any:
        if given["workspace_id"] not in self.workspaces:
            raise LookupError(given["workspace_id"])
        made = {"id": f"g{len(self.groups) + 1}", "name": given["name"], "people": []}
        self.groups[made["id"]] = made
        return _without_people(made)

    def _members(self, name: str, given: dict[str, Any]) -> Any:
        return {"results": [{"participant_id": person} for person in self.groups[name]["people"]]}

    def _join_group(self, name: str, given: dict[str, Any]) -> Any:
        people = self.groups[name]["people"]
        people += [person for person in given["participant_ids"] if person not in people]
        return self._members(name, {})

    def _test_study(self, name: str, given: dict[str, Any]) -> Any:
        if self.studies[name]["status"] != "UNPUBLISHED":
            raise ValueError("the study must be a draft")
        return {"study_id": f"test{name}", "study_url": f"https://app.prolific.com/studies/test{name}"}

    def _submission(self, name: str) -> dict[str, Any]:
        for row in self.submissions:
            if row["id"] == name:
                return row
        raise LookupError(name)


def _without_people(group: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in group.items() if key != "people"}


def _filters(name: str, given: dict[str, Any]) -> Any:
    country = {"0": "United Kingdom", "1": "United States", "8": "Germany"}
    language = {"4": "Korean", "19": "English"}
    return {
        "results": [
            {"filter_id": "current-country-of-residence", "title": "x", "type": "select", "choices": country},
            {"filter_id": "fluent-languages", "title": "x", "type": "select", "choices": language},
            {"filter_id": "age", "title": "Age", "type": "range", "data_type": "integer"},
        ]
    }


def _operation(method: str, path: str) -> tuple[str, str]:
    """(the document's template of this path, what fills it in); a fixed path comes before one that is filled in."""
    for template in sorted(DOCUMENT["paths"], key=lambda text: "{" in text):
        short = template.removeprefix(_PREFIX)
        found = re.fullmatch(re.sub(r"\{\w+\}", r"([A-Za-z0-9]+)", short), path)
        if found and method.lower() in DOCUMENT["paths"][template]:
            return short, found[1] if found.groups() else ""
    raise Mistake(f"Prolific's document has no {method} {path}")


def _check_query(operation: dict[str, Any], query: dict[str, str]) -> None:
    known: set[str] = set()
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            alternatives = parameter["schema"].get("oneOf", [])  # an object, whose properties are the parameters
            known |= {name for one in alternatives for name in one["properties"]} or {parameter["name"]}
    if unknown := set(query) - known:
        raise Mistake(f"the document has no parameter {unknown}")


def _check(content: Any, schema: dict[str, Any], what: str) -> None:
    validator = OAS30Validator({**schema, "components": DOCUMENT["components"]})
    if problems := [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(content)]:
        raise Mistake(f"{what} is not as Prolific's document has it: {problems}")


def _without_newer_words(content: Any) -> Any:
    """The document lacks words that Prolific uses; they stand for APPROVED there."""
    text = json.dumps(content)
    for word in _NEWER:
        text = text.replace(f'"{word}"', '"APPROVED"')
    return json.loads(text)


def _error(status: int, words: str) -> Any:
    error = {"status": status, "error_code": 1, "title": "Error", "detail": words}
    _check({"error": error}, {"$ref": "#/components/schemas/Error"}, "the error")
    return {"error": error}
