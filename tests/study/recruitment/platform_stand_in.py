"""A stand-in for Prolific's and Mechanical Turk's APIs: keeps to their documented requests, replies and refusals."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from study.recruitment.mturk import Signer

SIGNER = Signer("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
STATES = ["ACTIVE", "AWAITING REVIEW", "APPROVED", "RETURNED", "TIMED-OUT"]


class StandIn(ThreadingHTTPServer):
    """Remembers what was asked; refuses what the platforms would refuse.

    `submissions` are Prolific's, `assignments` Mechanical Turk's; the reply to whatever is in `losing` never arrives,
    though it is done.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, Any]] = []
        self.bonuses: dict[str, str] = {}  # of Mechanical Turk, by request token
        self.paid: list[tuple[str, str]] = []  # (submission or assignment, amount), as it happened
        self.set_up = ""
        self.losing: set[str] = set()
        self.submissions = [
            {"id": f"s{n}", "participant_id": f"p{n}", "status": state} for n, state in enumerate(STATES)
        ]
        self.assignments = [
            {"AssignmentId": f"A{n}", "WorkerId": f"W{n}", "AssignmentStatus": state}
            for n, state in enumerate(("Submitted", "Approved"))
        ]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


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
                rows = self.server.submissions
                first = 3 * (int(query["page"]) - 1)
                more = {"href": "https://next"} if first + 3 < len(rows) else {"href": None}
                return 200, {"results": rows[first : first + 3], "_links": {"next": more}}
            case "GET", path if found := re.fullmatch(r"/submissions/(\w+)/", path):
                mine = [float(amount) * 100 for who, amount in self.server.paid if who == found[1]]
                return 200, {"id": found[1], "bonus_payments": mine}
            case "POST", "/submissions/bonus-payments/":
                self.server.set_up = body["csv_bonuses"]
                return 201, {"id": "b1", "study": body["study_id"], "total_amount": 1.0}
            case "POST", "/bulk-bonus-payments/b1/pay/":
                self.server.paid.append(tuple(self.server.set_up.split(",")))
                return 202, {}
            case "POST", path if found := re.fullmatch(r"/(studies|submissions)/(\w+)/transition/", path):
                for row in self.server.submissions:
                    if row["id"] == found[2] and body["action"] == "APPROVE":
                        row["status"] = "APPROVED"
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
                n = int(request.get("NextToken", 0))
                more = {"NextToken": str(n + 1)} if n + 1 < len(self.server.assignments) else {}
                return 200, {"NumResults": 1, "Assignments": self.server.assignments[n : n + 1]} | more
            case "SendBonus" if request["UniqueRequestToken"] in self.server.bonuses:
                return 400, {"__type": "RequestError", "Message": "This bonus was sent with the same token."}
            case "SendBonus":
                self.server.bonuses[request["UniqueRequestToken"]] = request["BonusAmount"]
                self.server.paid.append((request["AssignmentId"], request["BonusAmount"]))
                return 200, {}
            case "ListBonusPayments":
                rows = [{"BonusAmount": amount} for who, amount in self.server.paid if who == request["AssignmentId"]]
                return 200, {"NumResults": len(rows), "BonusPayments": rows}
            case "ApproveAssignment":
                row = next(r for r in self.server.assignments if r["AssignmentId"] == request["AssignmentId"])
                row["AssignmentStatus"] = "Approved"
                return 200, {}
        return 400, {"__type": "UnknownOperationException"}

    def _reply(self, status: int, content: Any) -> None:
        asked = self.server.asked[-1][0]
        if any(part in asked for part in self.server.losing):
            self.close_connection = True
            return
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def standing_in() -> Iterator[StandIn]:
    server = StandIn()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
