"""One platform's stand-in, and what tests of the commands do on either platform."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from click.testing import Result
from sqlalchemy import select, update

from study.database.db import Database
from study.database.schema import AuditEntry, Participant
from tests.study.recruitment.stand_in import StandIn
from tests.study.samples import NOW, enrol

ADDRESS = ("--address", "https://lab.example/")
CREATE = ("create", *ADDRESS, "--places", "40", "--reward", "250")
PUBLISH = ("publish", *ADDRESS, "--confirm")
PAY = {"prolific": "/pay/", "mturk": "SendBonus"}
Recruit = Callable[..., Result]


@dataclass
class Account:
    """One platform's stand-in, and the same questions to either."""

    name: str
    api: Any
    server: StandIn

    def hands_in(self, n: int) -> Any:
        """Person `n` handed in; the platform's row."""
        if self.name == "prolific":
            return self.api.add(f"p{n}", "AWAITING REVIEW")
        return self.api.add(f"W{n}", "Submitted")

    def key(self, n: int) -> str:
        return f"p{n}" if self.name == "prolific" else f"W{n}"

    @property
    def paid(self) -> list[tuple[str, int]]:
        return self.api.paid

    def approved(self) -> int:
        rows = self.api.submissions if self.name == "prolific" else self.api.assignments
        return sum("APPROVED" in (row.get("status"), row.get("AssignmentStatus", "").upper()) for row in rows)

    def published(self) -> bool:
        if self.name == "mturk":
            return bool(self.api.hits)
        return any(study["status"] != "UNPUBLISHED" for study in self.api.studies.values())


def takes_part(account: Account, database: Database, n: int = 1, finishes: bool = True) -> str:
    """The platform's person `n` takes part; their participant_id."""
    participant = enrol(database, n, key=account.key(n), provider=account.name)
    if finishes:
        with database.writing() as session:
            session.execute(
                update(Participant)
                .where(Participant.id == participant.id)
                .values(finished_at=NOW, completion_code="C1")
            )
            session.commit()
    return participant.public_id


def offered(recruit: Recruit) -> None:
    for command in (CREATE, PUBLISH):
        done = recruit(*command)
        assert done.exit_code == 0, done.output


def entries(database: Database, action: str = "recruit-done") -> list[dict]:
    with database.reading() as session:
        return list(session.scalars(select(AuditEntry.detail).where(AuditEntry.action == action)))
