"""A whole recruitment of 120 people on either platform's strict stand-in, where each kind of request fails in each way.

Every command is run until it ends well, as a researcher would; the platform's own rows are the oracle for who was paid.
"""

import json
from collections import Counter
from copy import deepcopy
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select

from study.database.audit import verify
from study.database.db import Database
from study.database.schema import Participant
from study.errors import StudyFullError
from tests.study.recruitment.accounts import ADDRESS, CREATE, PUBLISH, Account, Recruit, entries, takes_part
from tests.study.recruitment.prolific_stand_in import STATUSES
from tests.study.recruitment.test_workspace import GROUP, members
from tests.study.samples import document, seeing

PLACES = 110  # of 120 people who come
REASON = "in place of the reward"
HANDED_IN = {"prolific": "AWAITING REVIEW", "mturk": "Submitted"}
APPROVED = {"prolific": ("APPROVED", "PARTIALLY APPROVED"), "mturk": ("Approved",)}


def insist(recruit: Recruit, account: Account, *command: str) -> Result:
    """Without --confirm nothing changes there; with it, the command is repeated until nothing fails any more."""
    if "--confirm" in command:
        before = there(account)
        recruit(*(word for word in command if word != "--confirm"))
        assert there(account) == before
    extra: tuple[str, ...] = ()
    for _ in range(20):
        done = recruit(*command, *extra)
        if done.exit_code == 0 and not done.stderr:
            return done
        if "use --retry-uncertain" in done.output:
            extra = ("--retry-uncertain",) if "--retry-uncertain" not in extra else extra
    raise AssertionError(done.output)


def there(account: Account) -> Any:
    """Everything on the platform that is seen by people or costs money."""
    api = account.api
    if account.name == "prolific":
        return deepcopy((api.studies, [row["status"] for row in api.submissions], api.paid, api.messages))
    return deepcopy((api.hits, [row["AssignmentStatus"] for row in api.assignments], api.paid))


def word(account: Account, row: dict[str, Any]) -> str:
    return row["status" if account.name == "prolific" else "AssignmentStatus"]


def comes(account: Account, database: Database, n: int) -> tuple[str, bool] | None:
    """Person `n`: their participant_id and whether they finished; None: the study was full."""
    finishes = n % 7 != 0
    try:
        return takes_part(account, database, n, finishes), finishes
    except StudyFullError:
        return None


def submits(account: Account, n: int) -> dict[str, Any] | None:
    """What the platform knows of person `n`: each state that it has, most of them handed in, some of them nothing."""
    if account.name == "prolific":
        return account.api.add(f"p{n}", STATUSES[n // 3 % 10] if n % 3 == 0 else HANDED_IN["prolific"])
    if n % 10 == 9:
        return None  # Mechanical Turk tells of nobody who returned it
    hits = list(account.api.hits)
    return account.api.add(f"W{n}", ("Rejected", "Approved")[n // 20 % 2] if n % 20 == 5 else "Submitted", hits[n // 9])


@pytest.mark.slow
def test_of_120_people_nobody_who_finished_is_unpaid_or_paid_twice(
    opens, recruit: Recruit, account: Account, database: Database
) -> None:
    opens(document(seeing(images=2, k=60), provider=account.name, limit=PLACES))
    account.api.pages = 50
    account.server.is_unreliable = True
    insist(recruit, account, *CREATE[:4], "60", *CREATE[5:])
    assert not account.published()
    insist(recruit, account, *PUBLISH)
    people, rows = {}, {}
    for n in range(120):
        if n == 50:
            insist(recruit, account, "pause", "--confirm")
            insist(recruit, account, "resume", "--confirm")
            insist(recruit, account, "add-places", "66", *ADDRESS, "--confirm")
        people[n], rows[n] = comes(account, database, n), submits(account, n)
    first = {n: word(account, row) for n, row in rows.items() if row}
    full = [n for n, person in people.items() if person is None]
    assert full, "the last ones found no place"
    finished = {n: person[0] for n, person in people.items() if person and person[1]}
    insist(recruit, account, "release", "--confirm")
    insist(recruit, account, "approve", "--confirm")
    for n, row in rows.items():
        is_due = n in finished and first.get(n) == HANDED_IN[account.name]
        assert row is None or word(account, row) == (APPROVED[account.name][0] if is_due else first[n])
    owed = [n for n in finished if rows[n] is None or word(account, rows[n]) not in APPROVED[account.name]]
    told = recruit("approve").output
    assert all(f"Left for you: {finished[n]}" in told for n in owed)
    payable = [n for n in owed if rows[n] is not None]
    bonus = ("bonus", *(finished[n] for n in payable), "--cents", "250", "--reason", REASON, "--confirm")
    for _ in range(2):
        insist(recruit, account, *bonus)
    ids = {n: row.get("id") or row["AssignmentId"] for n, row in rows.items() if row}
    assert Counter(account.paid) == {(ids[n], 250): 1 for n in payable}
    agree(recruit, account, database, set(payable))
    insist(recruit, account, "keep-group", GROUP, "--confirm")
    came = {account.key(n) for n, person in people.items() if person and rows[n] is not None}
    assert set(members(account, GROUP)) == came
    assert set(account.server.troubles.values()) == {3}, account.server.troubles


def agree(recruit: Recruit, account: Account, database: Database, payable: set[int]) -> None:
    """The ledger, the platform and the database tell the same."""
    now = json.loads(insist(recruit, account, "status", "--json").stdout)
    found = account.api.submissions if account.name == "prolific" else account.api.assignments
    assert now["words"] == Counter(word(account, row) for row in found)
    approved = sum(word(account, row) in APPROVED[account.name] for row in found)
    assert (now["rewards"], now["bonuses"]) == (250 * approved, 250 * len(payable))
    mine = [entry for entry in entries(database) if entry["what"] == "approval"]
    assert len({entry["key"] for entry in mine}) == len({entry["participant"] for entry in mine}) == len(mine)
    with database.reading() as session:
        assert verify(session) > len(mine)
        finished = set(session.scalars(select(Participant.public_id).where(Participant.finished_at.is_not(None))))
    assert {entry["participant"] for entry in mine} <= finished
    assert now["here"]["finished"] == len(finished)
