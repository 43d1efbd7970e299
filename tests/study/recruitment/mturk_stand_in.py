"""Mechanical Turk's API, requests and replies checked against botocore's model of it, signatures with its signer."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

from study.recruitment.mturk import Signer
from tests.study.recruitment.stand_in import Mistake

SIGNER = Signer("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
_TARGET = "MTurkRequesterServiceV20170117."
_PAGE = 2  # rows


@cache
def model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("mturk", "service-2"), "mturk")


@dataclass
class MTurk:
    """An account. `refusing`: actions that it refuses, with its words."""

    signer: Signer = SIGNER
    hits: dict[str, dict[str, Any]] = field(default_factory=dict)
    types: dict[str, dict[str, Any]] = field(default_factory=dict)
    assignments: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)  # request token → what it made
    paid: list[tuple[str, int]] = field(default_factory=list)  # (assignment, cents), as it happened
    refusing: dict[str, str] = field(default_factory=dict)
    qualifications: dict[str, tuple[str, list[str]]] = field(default_factory=dict)  # id → name, workers

    def name(self, method: str, path: str, headers: Any) -> str:
        return headers.get("X-Amz-Target", "").removeprefix(_TARGET)

    def add(self, worker: str, status: str, hit: str = "H1") -> dict[str, Any]:
        """An assignment that a worker handed in."""
        n = len(self.assignments)
        self.assignments.append({"AssignmentId": f"A{n}", "WorkerId": worker, "AssignmentStatus": status, "HITId": hit})
        return self.assignments[-1]

    def do(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        action = self.name(method, path, headers)
        if not self._is_signed(method, path, headers, body):
            return 400, {"__type": "UnrecognizedClientException", "message": "The security token is invalid."}
        if action not in model().operation_names:
            raise Mistake(f"Mechanical Turk has no {action}")
        operation, request = model().operation_model(action), json.loads(body)
        if problems := ParamValidator().validate(request, operation.input_shape).generate_report():
            raise Mistake(problems)
        if words := self.refusing.get(action):
            return _refused(words)
        try:
            reply = getattr(self, f"_{action}")(request)
        except LookupError as error:
            return _refused(f"{error} does not exist", "AWS.MechanicalTurk.HITDoesNotExist")
        if isinstance(reply, tuple):
            return reply
        _check_reply(reply, operation.output_shape, action)
        return 200, reply

    def _is_signed(self, method: str, path: str, headers: Any, body: bytes) -> bool:
        signer = SigV4Auth(
            Credentials(self.signer.key_id, self.signer.secret, self.signer.session_token or None),
            "mturk-requester",
            "us-east-1",
        )
        authorization = headers.get("Authorization", "")
        names = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        sent = {name: headers[name] for name in names if name != "host"}
        request = AWSRequest(method, f"http://{headers['Host']}{urlsplit(path).path}", sent, body)
        request.context["timestamp"] = headers["X-Amz-Date"]
        signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        return authorization.endswith(f"Signature={signature}")

    def _CreateHITType(self, request: dict[str, Any]) -> Any:
        words = json.dumps(request, sort_keys=True)
        name = next((name for name, known in self.types.items() if known == words), f"T{len(self.types) + 1}")
        self.types[name] = words
        return {"HITTypeId": name}

    def _CreateHITWithHITType(self, request: dict[str, Any]) -> Any:
        token = request.pop("UniqueRequestToken")
        if token in self.tokens:
            words = f'The HIT with ID "{self.tokens[token]}" already exists.'
            return _refused(words, "AWS.MechanicalTurk.HITAlreadyExists")
        if request["HITTypeId"] not in self.types:
            raise LookupError(request["HITTypeId"])
        name = self.tokens[token] = f"H{len(self.hits) + 1}"
        until = datetime.now(UTC) + timedelta(seconds=request.pop("LifetimeInSeconds"))
        self.hits[name] = {"HITId": name, "HITStatus": "Assignable", "Expiration": until.timestamp()} | request
        return {"HIT": self.hits[name]}

    def _ListHITs(self, request: dict[str, Any]) -> Any:
        hits = [hit | {"NumberOfAssignmentsAvailable": self._free(hit)} for hit in self.hits.values()]
        return _page(hits, "HITs", request)

    def _free(self, hit: dict[str, Any]) -> int:
        return hit["MaxAssignments"] - sum(row["HITId"] == hit["HITId"] for row in self.assignments)

    def _UpdateExpirationForHIT(self, request: dict[str, Any]) -> Any:
        self.hits[request["HITId"]]["Expiration"] = request["ExpireAt"]
        return {}

    def _ListAssignmentsForHIT(self, request: dict[str, Any]) -> Any:
        rows = [row for row in self.assignments if row["HITId"] == request["HITId"]]
        return _page(rows, "Assignments", request)

    def _ApproveAssignment(self, request: dict[str, Any]) -> Any:
        row = self._assignment(request["AssignmentId"])
        if row["AssignmentStatus"] != "Submitted":
            return _refused("This operation can be called with a status of: Submitted")
        row["AssignmentStatus"] = "Approved"
        return {}

    def _SendBonus(self, request: dict[str, Any]) -> Any:
        self._assignment(request["AssignmentId"])
        if request["UniqueRequestToken"] in self.tokens:
            return _refused("A bonus was sent with the same token.", "AWS.MechanicalTurk.DuplicateRequest")
        self.tokens[request["UniqueRequestToken"]] = "bonus"
        self.paid.append((request["AssignmentId"], round(100 * float(request["BonusAmount"]))))
        return {}

    def _ListBonusPayments(self, request: dict[str, Any]) -> Any:
        mine = [cents for who, cents in self.paid if who == request["AssignmentId"]]
        return _page([{"BonusAmount": f"{cents / 100:.2f}"} for cents in mine], "BonusPayments", request)

    def _CreateQualificationType(self, request: dict[str, Any]) -> Any:
        if request["Name"] in [name for name, _ in self.qualifications.values()]:
            return _refused("You have already created a QualificationType with this name.")
        name = f"3{len(self.qualifications) + 1:029d}"
        self.qualifications[name] = (request["Name"], [])
        return {"QualificationType": {"QualificationTypeId": name, "Name": request["Name"]}}

    def _ListQualificationTypes(self, request: dict[str, Any]) -> Any:
        """A search by words, so others than the one of the very name are found, too."""
        word = request["Query"].split()[0]
        rows = [
            {"QualificationTypeId": i, "Name": name} for i, (name, _) in self.qualifications.items() if word in name
        ]
        return _page(rows, "QualificationTypes", request)

    def _ListWorkersWithQualificationType(self, request: dict[str, Any]) -> Any:
        workers = self.qualifications[request["QualificationTypeId"]][1]
        return _page([{"WorkerId": worker} for worker in workers], "Qualifications", request)

    def _AssociateQualificationWithWorker(self, request: dict[str, Any]) -> Any:
        workers = self.qualifications[request["QualificationTypeId"]][1]
        if request["SendNotification"]:
            raise Mistake("workers must not be written to")
        if request["WorkerId"] not in workers:
            workers.append(request["WorkerId"])
        return {}

    def _assignment(self, name: str) -> dict[str, Any]:
        for row in self.assignments:
            if row["AssignmentId"] == name:
                return row
        raise LookupError(name)


def _page(rows: list[Any], name: str, request: dict[str, Any]) -> dict[str, Any]:
    first = int(request.get("NextToken", 0))
    more = {"NextToken": str(first + _PAGE)} if first + _PAGE < len(rows) else {}
    return {"NumResults": len(rows[first : first + _PAGE]), name: rows[first : first + _PAGE]} | more


def _refused(words: str, code: str = "AWS.MechanicalTurk.InvalidParameterValue") -> tuple[int, Any]:
    return 400, {"__type": "RequestError", "Message": f"{words} ({code})", "TurkErrorCode": code}


def _check_reply(reply: Any, shape: Shape, where: str) -> None:
    """Each name is one of the model's: what the real platform does not send, the stand-in must not either."""
    if shape.type_name == "structure":
        if unknown := set(reply) - set(shape.members):
            raise Mistake(f"{where} has no {unknown}")
        for name, value in reply.items():
            _check_reply(value, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for value in reply:
            _check_reply(value, shape.member, where)
    elif reply not in (getattr(shape, "enum", None) or [reply]):
        raise Mistake(f"{where} cannot be {reply!r}")
