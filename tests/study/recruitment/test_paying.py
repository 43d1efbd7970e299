"""People are approved and paid once, whatever is lost on the way, and nobody is forgotten."""

import json
from typing import Any

import pytest
from sqlalchemy import update

from study.database.db import Database
from study.database.schema import Participant
from study.recruitment import mturk, prolific
from tests.study.recruitment import prolific_stand_in
from tests.study.recruitment.accounts import (
    CREATE,
    PAY,
    PUBLISH,
    Account,
    Recruit,
    offered,
    takes_part,
)

only = pytest.mark.parametrize


def test_people_who_finished_here_are_approved_once(opened, recruit: Recruit, account, database: Database) -> None:
    offered(recruit)
    takes_part(account, database)
    account.hands_in(1)
    dry = recruit("approve")
    assert "1 submissions to approve" in dry.output
    assert account.approved() == 0
    assert "1 approved." in recruit("approve", "--confirm").output
    assert "0 approved." in recruit("approve", "--confirm").output
    assert account.approved() == 1


def test_approving_goes_on_where_it_was_cut_off(opened, recruit: Recruit, account, database: Database) -> None:
    offered(recruit)
    for n in (1, 2):
        takes_part(account, database, n)
        account.hands_in(n)
    account.server.dropping = {"bulk-approve", "ApproveAssignment"}
    cut = recruit("approve", "--confirm")
    assert cut.exit_code == 1
    assert "0 of 2 approved, then: " in cut.output
    account.server.dropping = set()
    assert "2 approved." in recruit("approve", "--confirm").output
    assert account.approved() == 2


@only("account", ["prolific"], indirect=True)
@only(
    ("status", "finishes", "advice"),
    [
        ("ACTIVE", True, "has not handed in there"),
        ("TIMED-OUT", True, "pay them with `recruit bonus`"),
        ("RETURNED", True, "pay them with `recruit bonus`"),
        ("REJECTED", True, "was rejected there"),
        ("HALF READ", True, "word for their submission is new"),
        ("AWAITING REVIEW", False, "did not finish here"),
    ],
)
def test_nobody_is_forgotten_on_whom_here_and_there_disagree(
    opened, recruit: Recruit, account, database, status: str, finishes: bool, advice: str
) -> None:
    offered(recruit)
    public_id = takes_part(account, database, 1, finishes)
    account.api.add("p1", status)
    account.api.add("stranger", "AWAITING REVIEW")
    told = recruit("approve").output
    assert f"Left for you: {public_id} ({status}): " in told
    assert advice in told
    assert "1 handed in there without ever joining here" in told


def test_who_is_excluded_is_left_to_a_person(opened, recruit: Recruit, account, database) -> None:
    offered(recruit)
    takes_part(account, database)
    account.hands_in(1)
    with database.writing() as session:
        session.execute(update(Participant).values(excluded=True, exclusion_reason="x"))
        session.commit()
    told = recruit("approve").output
    assert "0 submissions to approve" in told
    assert "excluded here" in told


def test_a_bonus_is_paid_once_for_a_reason_in_any_state(opened, recruit: Recruit, account, database) -> None:
    offered(recruit)
    public_id = takes_part(account, database)
    row = account.hands_in(1)
    if account.name == "prolific":
        row["status"] = "TIMED-OUT"
    bonus = ("bonus", public_id, public_id, "--cents", "50", "--reason", "careful answers")
    dry = recruit(*bonus).output
    assert "1 bonuses of 0.50: " in dry
    assert f"{public_id}: {row.get('status', 'Submitted')}" in dry
    assert account.paid == []
    assert "1 paid." in recruit(*bonus, "--confirm").output
    assert "0 bonuses of 0.50, 1 were paid before" in recruit(*bonus, "--confirm").output
    assert recruit(*bonus[:3], "--cents", "99", "--reason", "careful answers", "--confirm").exit_code == 0
    assert [cents for _, cents in account.paid] == [50]
    assert recruit(*bonus[:3], "--cents", "50", "--reason", "another", "--confirm").exit_code == 0
    assert [cents for _, cents in account.paid] == [50, 50]
    if account.name == "prolific":
        assert [text for _, text in account.api.messages] == ["careful answers", "another"]


@only("is_told", [True, False], ids=["the platform tells", "the platform is late"])
def test_a_bonus_whose_reply_was_lost_is_never_paid_twice_unasked(
    opened, recruit: Recruit, account, database: Database, is_told: bool
) -> None:
    offered(recruit)
    public_id = takes_part(account, database)
    account.hands_in(1)
    bonus = ("bonus", public_id, "--cents", "50", "--reason", "careful", "--confirm")
    account.server.losing = set(PAY.values())
    assert recruit(*bonus).exit_code == 1
    account.server.losing = set()
    assert len(account.paid) == 1
    held = list(account.paid)
    if not is_told:
        account.paid.clear()
    another = recruit(*bonus[:2], "--cents", "70", *bonus[4:])
    assert another.exit_code == 1
    assert "repeat the command with --cents 50" in another.output
    again = recruit(*bonus)
    assert account.paid == (held if is_told else [])
    assert again.exit_code == (0 if is_told else 1)
    assert ("it is not known whether an earlier try was paid" in again.output) == (not is_told)


@only("account", ["prolific"], indirect=True)
def test_a_set_up_that_failed_paid_nobody_and_an_uncertain_payment_is_repeated_with_what_was_set_up(
    opened, recruit: Recruit, account, database: Database
) -> None:
    offered(recruit)
    public_id = takes_part(account, database)
    account.hands_in(1)
    bonus = ("bonus", public_id, "--cents", "50", "--reason", "careful", "--confirm")
    account.server.losing = {"POST /submissions/bonus-payments/"}
    assert recruit(*bonus).exit_code == 1
    account.server.losing, account.server.dropping = set(), {"/pay/"}
    assert recruit(*bonus).exit_code == 1
    assert account.paid == []
    account.server.dropping = set()
    assert recruit(*bonus).exit_code == 1
    assert recruit(*bonus, "--retry-uncertain").exit_code == 0
    assert account.paid == [("sp1", 50)]
    assert len(account.api.set_up) == 2, "the second set-up was paid, not a third"


def test_of_two_commands_at_once_one_pays(opened, recruit: Recruit, account, database, monkeypatch) -> None:
    """The second one runs to its end while the first one has prepared its bonus."""
    offered(recruit)
    public_id = takes_part(account, database)
    account.hands_in(1)
    bonus = ("bonus", public_id, "--cents", "50", "--reason", "careful", "--confirm")
    platform = prolific.Prolific if account.name == "prolific" else mturk.MTurk
    set_up = platform.set_up_bonus

    def interrupted(*arguments: Any) -> str | None:
        monkeypatch.setattr(platform, "set_up_bonus", set_up)
        assert recruit(*bonus).exit_code == 0
        return set_up(*arguments)

    monkeypatch.setattr(platform, "set_up_bonus", interrupted)
    recruit(*bonus)
    assert [cents for _, cents in account.paid] == [50]


@only("account", ["prolific"], indirect=True)
def test_a_hundred_and_twenty_people_with_every_status_lost_replies_and_a_pause(
    opened, recruit: Recruit, account, database
) -> None:
    """Each request's reply is lost once; in the end nobody who finished is unpaid, and nobody is paid twice."""
    account.api.pages = 50
    for command in (CREATE, PUBLISH, ("pause", "--confirm"), ("resume", "--confirm")):
        _with_a_lost_reply(recruit, account, command)
    here: dict[str, str] = {}
    for n in range(120):
        status = prolific_stand_in.STATUSES[n % 10]
        account.api.add(f"p{n}", "AWAITING REVIEW" if n % 3 else status)
        if n % 10 < 8:
            here[f"p{n}"] = takes_part(account, database, n, finishes=n % 7 != 0)
    account.server.too_soon["GET /submissions/"] = 2
    before = {row["participant_id"]: row["status"] for row in account.api.submissions}
    _with_a_lost_reply(recruit, account, ("approve", "--confirm"))
    finished = {f"p{n}" for n in range(120) if n % 10 < 8 and n % 7}
    for row in account.api.submissions:
        person = row["participant_id"]
        due = before[person] == "AWAITING REVIEW" and person in finished
        assert row["status"] == ("APPROVED" if due else before[person])
    told = recruit("approve").output
    owed = [person for person in finished if before[person] in ("TIMED-OUT", "RETURNED")]
    assert len(owed) > 5
    assert all(here[person] in told for person in owed)
    bonus = ("bonus", *(here[person] for person in owed), "--cents", "250", "--reason", "in place of the reward")
    _with_a_lost_reply(recruit, account, (*bonus, "--confirm"), "POST /submissions/bonus-payments/")
    account.server.losing = {"/pay/"}
    another = (*bonus[:2], "--cents", "10", "--reason", "a second one", "--confirm")
    assert recruit(*another).exit_code == 1
    account.server.losing = set()
    assert recruit(*another).exit_code == 0
    assert sorted(account.paid) == sorted([(f"s{person}", 250) for person in owed] + [(f"s{owed[0]}", 10)])
    now = json.loads(recruit("status", "--json").output)
    assert now["bonuses"] == 250 * len(owed) + 10
    assert now["words"] == {word: sum(r["status"] == word for r in account.api.submissions) for word in now["words"]}
    assert now["rewards"] == 250 * sum(
        r["status"] in ("APPROVED", "PARTIALLY APPROVED") for r in account.api.submissions
    )


def _with_a_lost_reply(recruit: Recruit, account: Account, command: tuple[str, ...], *losing: str) -> None:
    """The command fails where a reply to something that it changes is lost, and ends well when it is run again."""
    account.server.losing = set(losing) or {"POST /studies/", "bulk-approve"}
    recruit(*command)
    account.server.losing = set()
    done = recruit(*command)
    assert done.exit_code == 0 or "cannot START" in done.output or "cannot PAUSE" in done.output, done.output
