"""People are approved and paid once, whatever is lost on the way, and nobody is forgotten."""

from typing import Any

import pytest
from sqlalchemy import update

from study.database.db import Database
from study.database.schema import Participant
from study.recruitment import mturk, prolific
from tests.study.recruitment.accounts import PAY, Recruit, offered, takes_part
from tests.study.samples import document, seeing

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


def test_an_earlier_bonus_of_the_same_amount_is_not_taken_for_the_uncertain_one(
    opened, recruit: Recruit, account, database: Database
) -> None:
    offered(recruit)
    public_id = takes_part(account, database)
    account.hands_in(1)
    assert recruit("bonus", public_id, "--cents", "50", "--reason", "first", "--confirm").exit_code == 0
    account.server.dropping = set(PAY.values())
    second = ("bonus", public_id, "--cents", "50", "--reason", "second", "--confirm")
    assert recruit(*second).exit_code == 1
    account.server.dropping = set()
    assert "it is not known whether an earlier try was paid" in recruit(*second).output
    assert [cents for _, cents in account.paid] == [50]
    assert recruit(*second, "--retry-uncertain").exit_code == 0
    assert [cents for _, cents in account.paid] == [50, 50]


@only("account", ["prolific"], indirect=True)
def test_where_the_reason_does_not_reach_the_person_it_is_told(opened, recruit: Recruit, account, database) -> None:
    offered(recruit)
    public_id = takes_part(account, database)
    account.hands_in(1)
    account.api.refusing["POST /messages/"] = "You cannot write to this participant."
    told = recruit("bonus", public_id, "--cents", "50", "--reason", "careful", "--confirm")
    assert told.exit_code == 0
    assert f"The reason did not reach {public_id}: write to them on the platform." in told.output
    assert account.paid == [("sp1", 50)]


@only("account", ["prolific"], indirect=True)
def test_approving_tells_how_far_it_came(opens, recruit: Recruit, account, database, monkeypatch) -> None:
    opens(document(seeing(images=2, k=60), provider="prolific"))
    offered(recruit)
    for n in range(4):
        takes_part(account, database, n)
        account.hands_in(n)
    monkeypatch.setattr(prolific, "_BULK", 3)
    account.api.most_approvals = 3
    told = recruit("approve", "--confirm")
    assert told.exit_code == 1
    assert "3 of 4 approved, then: " in told.output
    account.api.most_approvals = 99
    assert "1 approved." in recruit("approve", "--confirm").output


@only("account", ["prolific"], indirect=True)
def test_a_word_that_is_new_is_logged_and_shown(opened, recruit: Recruit, account, database, caplog) -> None:
    offered(recruit)
    takes_part(account, database)
    account.api.add("p1", "HALF READ")
    assert "1 HALF READ" in recruit("status").output
    assert "Prolific has a new word for a submission: 'HALF READ'" in caplog.text


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
